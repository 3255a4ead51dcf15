package cookies

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/protector/authticket"
)

// Why nobody is signed in. Test with errors.Is. Where no cookie came it is
// [http.ErrNoCookie]; a cookie whose value is no good has the errors of
// [authticket.Format.Unprotect]; a ticket that does not say when it expires
// those of [authticket.Properties.Expires]; and [ErrTooLarge].
var (
	// ErrExpired: the sign-in's time has passed.
	ErrExpired = errors.New("cookies: the sign-in has expired")
	// ErrIncomplete: pieces of the cookie did not come along. Something on the
	// way drops cookies, or the browser has too many of them.
	ErrIncomplete = errors.New("cookies: pieces of the cookie are missing")
	// ErrNoSession: the store does not have the ticket (any more), or the
	// cookie is one from before there was a store.
	ErrNoSession = errors.New("cookies: the session is not in the store")
	// ErrRejected: Options.Validate has rejected the ticket for good.
	ErrRejected = errors.New("cookies: the sign-in is no longer valid")
)

// Session is somebody who is signed in.
type Session struct {
	Ticket *authticket.Ticket
	KeyID  uuid.UUID // the key that the cookie is protected under

	// RequiresMigration: the cookie ought to be protected anew, under the key
	// that protects now.
	RequiresMigration bool

	// Renew: the sign-in is to be renewed, because more than half of its time
	// has passed or because Options.Validate says so (ShouldRenew).
	Renew bool

	now time.Time // when it was authenticated
	key string    // in the store, if there is one
}

// Format implements fmt.Formatter: every verb prints the ticket, which prints
// none of its values, and the id of the key.
func (s Session) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "Session{%v, key %s, requires migration %v, renew %v}", s.Ticket, s.KeyID, s.RequiresMigration, s.Renew)
}

// Authenticate returns who is signed in, or why nobody is. It sets no cookie, but
// it asks Options.Store and Options.Validate, and removes from the store a session
// that has expired: a handler behind [Auth.Middleware], which has called it, asks
// [FromContext].
func (a *Auth) Authenticate(r *http.Request) (*Session, error) {
	s, err := a.read(r)
	if err != nil {
		return nil, err
	}
	s.now = a.opts.Now()
	p := s.Ticket.Properties
	expires, err := p.Expires()
	switch {
	case err != nil && !a.opts.AcceptNoExpiry:
		return nil, fmt.Errorf("cookies: a ticket without an end is refused: %w", err)
	case err == nil && expires.Before(s.now):
		err := fmt.Errorf("%w at %s", ErrExpired, expires.Format(time.RFC3339))
		return nil, errors.Join(err, a.remove(r.Context(), s.key))
	}
	if issued, err := p.Issued(); err == nil && !expires.IsZero() {
		s.Renew = a.slides(p) && expires.Sub(s.now) < s.now.Sub(issued)
	}
	if a.opts.Validate != nil {
		if err := a.opts.Validate(r, s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// slides reports whether renewing moves the end.
func (a *Auth) slides(p authticket.Properties) bool {
	allow, ok := p.AllowRefresh()
	return !a.opts.DisableSlidingExpiration && (allow || !ok)
}

// read returns the session of a cookie, whatever its dates.
func (a *Auth) read(r *http.Request) (*Session, error) {
	s, err := a.open(r)
	if err != nil || a.opts.Store == nil {
		return s, err
	}
	switch s.Ticket, err = a.opts.Store.Retrieve(r.Context(), s.key); {
	case err != nil:
		return nil, fmt.Errorf("cookies: store: %w", err)
	case s.Ticket == nil:
		return nil, ErrNoSession
	}
	return s, nil
}

// open returns the session of a cookie. With a store it has the key, and the
// reference in place of the ticket.
func (a *Auth) open(r *http.Request) (*Session, error) {
	value, err := a.chunks.Get(r, a.cookie.Name)
	if err != nil {
		return nil, err
	}
	if n := countOf(value); n > 0 {
		return nil, fmt.Errorf("%w: there ought to be %d", ErrIncomplete, n)
	}
	u, err := a.format.UnprotectDetails(r.Context(), value)
	if err != nil {
		return nil, err
	}
	s := &Session{Ticket: u.Ticket, KeyID: u.KeyID, RequiresMigration: u.RequiresMigration}
	if a.opts.Store == nil {
		return s, nil
	}
	if s.key = referred(u.Ticket); s.key == "" {
		return nil, ErrNoSession
	}
	return s, nil
}

// remove removes a session from the store, if it is in one.
func (a *Auth) remove(ctx context.Context, key string) error {
	if a.opts.Store == nil || key == "" {
		return nil
	}
	if err := a.opts.Store.Remove(ctx, key); err != nil {
		return fmt.Errorf("cookies: store: %w", err)
	}
	return nil
}
