package cookies

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"dataprotection.example/protector/authticket"
)

// ErrNotAuthenticated: a ticket to sign in with has no identity with an
// authentication type. Behind it nobody would be signed in.
var ErrNotAuthenticated = errors.New("cookies: no identity of the ticket has an AuthenticationType")

// SignIn signs somebody in (HttpContext.SignInAsync): it sets the cookie, and
// headers that keep the response out of caches, which the handler must leave as
// they are. Call it before the response's body. t stays as it is; what the cookie
// holds is under the scheme of a, issued now and expires after
// Options.ExpireTimeSpan unless t says so. A persistent ticket makes a cookie that
// outlives the browser.
//
// With a store, whoever was signed in before is removed from it: a new sign-in
// always has a new key, which ASP.NET does not do.
func (a *Auth) SignIn(w http.ResponseWriter, r *http.Request, t *authticket.Ticket) error {
	if !t.Authenticated() {
		return ErrNotAuthenticated
	}
	t = t.Clone()
	t.Scheme = a.opts.Scheme
	issued, err := t.Properties.Issued()
	if err != nil {
		issued = a.opts.Now()
	}
	t.Properties.SetIssued(issued)
	if _, err := t.Properties.Expires(); err != nil {
		t.Properties.SetExpires(issued.Add(a.opts.ExpireTimeSpan))
	}
	if a.opts.Store == nil {
		return a.send(w, r, t, t)
	}

	// A browser that goes away now must not leave a sign-in half done.
	ctx := context.WithoutCancel(r.Context())
	before, _ := a.open(r.WithContext(ctx)) // an error: nobody was
	key, err := a.opts.Store.Store(r.Context(), t)
	if err != nil {
		return fmt.Errorf("cookies: store: %w", err)
	}
	if key == "" {
		return errors.New("cookies: the store has given no key")
	}
	if err := a.send(w, r, reference(a.opts.Scheme, key), t); err != nil {
		return errors.Join(err, a.remove(ctx, key))
	}
	if before != nil && before.key != key {
		a.report(r, a.remove(ctx, before.key))
	}
	return nil
}

// Reissue sends the cookie of a session again: with new dates if s.Renew, and in
// any case under the key that protects now. It changes the dates of s.Ticket.
// Middleware does this where it is due.
func (a *Auth) Reissue(w http.ResponseWriter, r *http.Request, s *Session) error {
	t := s.Ticket
	if s.Renew {
		a.postpone(&t.Properties)
	}
	if a.opts.Store == nil {
		return a.send(w, r, t, t)
	}
	if s.Renew {
		if err := a.opts.Store.Renew(r.Context(), s.key, t); err != nil {
			return fmt.Errorf("cookies: store: %w", err)
		}
	}
	return a.send(w, r, reference(a.opts.Scheme, s.key), t)
}

// postpone moves the dates of a ticket that has both: as long as before, from
// now on. Where the end may not move, the beginning does all the same, as with
// ASP.NET's security stamps.
func (a *Auth) postpone(p *authticket.Properties) {
	issued, err := p.Issued()
	expires, err2 := p.Expires()
	if err != nil || err2 != nil {
		return
	}
	now := a.opts.Now()
	p.SetIssued(now)
	if a.slides(*p) {
		p.SetExpires(now.Add(expires.Sub(issued)))
	}
}

// send sets the cookie that holds a ticket, with the attributes that belong to
// the ticket of a session.
func (a *Auth) send(w http.ResponseWriter, r *http.Request, held, t *authticket.Ticket) error {
	value, err := a.format.Protect(r.Context(), held) // which does not heed it
	if err != nil {
		return err
	}
	cookie := a.cookie
	cookie.Value = value
	if t.Properties.Persistent() {
		if expires, err := t.Properties.Expires(); err == nil {
			cookie.Expires = clamp(expires)
		}
	}
	if err := a.chunks.Set(w, &cookie); err != nil {
		return err
	}
	noStore(w.Header())
	return nil
}

// clamp returns a date that a cookie may have.
func clamp(t time.Time) time.Time {
	if t.Before(epoch()) {
		return epoch()
	}
	return t
}

// SignOut signs out who is signed in (HttpContext.SignOutAsync): it deletes the
// cookie and its pieces, and the session in the store. An error of the store
// does not keep the cookie.
//
// Without a store, a copy of the cookie is still good until it expires.
func (a *Auth) SignOut(w http.ResponseWriter, r *http.Request) error {
	err := a.chunks.Delete(w, r, &a.cookie)
	noStore(w.Header())
	if a.opts.Store != nil {
		// The session goes, whether or not the browser waits for the answer.
		ctx := context.WithoutCancel(r.Context())
		if s, _ := a.open(r.WithContext(ctx)); s != nil {
			err = errors.Join(err, a.remove(ctx, s.key))
		}
	}
	return err
}

// noStore keeps a response that sets the cookie out of every cache.
func noStore(h http.Header) {
	h.Set("Cache-Control", "no-cache,no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", epoch().UTC().Format(http.TimeFormat))
}

func (a *Auth) report(r *http.Request, err error) {
	if err != nil && a.opts.OnError != nil {
		a.opts.OnError(r, err)
	}
}
