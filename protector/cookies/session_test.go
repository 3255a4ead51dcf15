package cookies_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
)

// ASP.NET renews when less is left than has passed.
func TestSliding(t *testing.T) {
	const lifetime = 10 * time.Hour
	noRefresh, persistent := bob(), bob()
	noRefresh.Properties.SetAllowRefresh(false)
	persistent.Properties.SetPersistent(true)
	for name, test := range map[string]struct {
		opts   cookies.Options
		ticket *authticket.Ticket
		after  time.Duration
		renew  bool
	}{
		"at once":         {ticket: bob()},
		"at half":         {ticket: bob(), after: lifetime / 2},
		"after half":      {ticket: bob(), after: lifetime/2 + time.Nanosecond, renew: true},
		"persistent":      {ticket: persistent, after: lifetime/2 + time.Second, renew: true},
		"at the end":      {ticket: bob(), after: lifetime, renew: true},
		"switched off":    {ticket: bob(), after: lifetime - 1, opts: cookies.Options{DisableSlidingExpiration: true}},
		"refresh refused": {ticket: noRefresh, after: lifetime - 1},
	} {
		t.Run(name, func(t *testing.T) {
			test.opts.ExpireTimeSpan = lifetime
			s := newSite(t, test.opts)
			test.ticket.Properties.Items.Set("unknown", "kept")
			lines := setBy(s.signIn(test.ticket))
			s.now = start.Add(test.after)
			seen, h := s.visit(lines)
			if seen == nil {
				t.Fatal(s.errors)
			}
			if !test.renew {
				if len(h) != 0 || seen.Renew {
					t.Errorf("%q", h)
				}
				return
			}
			if h.Get("Cache-Control") != "no-cache,no-store" || len(setBy(h)) != 1 {
				t.Fatalf("%q", h)
			}
			again, _ := s.visit(setBy(h))
			p := again.Ticket.Properties
			end := s.now.Truncate(time.Second).Add(lifetime)
			if !date(t, p.Issued).Equal(s.now.Truncate(time.Second)) || !date(t, p.Expires).Equal(end) {
				t.Errorf("%v", p)
			}
			if v, _ := p.Items.Get("unknown"); v != "kept" || again.Ticket.Name() != "bob" {
				t.Errorf("%v", again.Ticket)
			}
			if has := strings.Contains(setBy(h)[0], "expires="+end.Format(http.TimeFormat)); has != p.Persistent() {
				t.Errorf("%q", setBy(h))
			}
		})
	}
}

func TestRefusedSessions(t *testing.T) {
	none, bad, past := bob(), bob(), bob()
	bad.Properties.Items.Set(authticket.KeyExpires, "tomorrow")
	past.Properties.SetExpires(start.Add(-time.Second))
	s := newSite(t, cookies.Options{})
	chunked := setBy(s.signIn(large(9000)))
	for name, test := range map[string]struct {
		cookies []string
		want    error
	}{
		"none":             {nil, http.ErrNoCookie},
		"empty":            {[]string{s.CookieName() + "="}, http.ErrNoCookie},
		"forged":           {[]string{s.CookieName() + "=CfDJ8AAAA"}, protector.ErrInvalidPayload},
		"no ticket":        {[]string{s.CookieName() + "=" + protect(t, s, "x")}, authticket.ErrMalformed},
		"without end":      {[]string{s.sealed(none)}, authticket.ErrNoDate},
		"end unreadable":   {[]string{s.sealed(bad)}, authticket.ErrBadDate},
		"expired":          {[]string{s.sealed(past)}, cookies.ErrExpired},
		"piece missing":    {chunked[:len(chunked)-1], cookies.ErrIncomplete},
		"pieces alone":     {chunked[1:], http.ErrNoCookie},
		"pieces exchanged": {[]string{chunked[0], swap(chunked[1], "C1=", "C2="), swap(chunked[2], "C2=", "C1="), chunked[3], chunked[4]}, protector.ErrInvalidPayload},
		"too many pieces":  {[]string{s.CookieName() + "=chunks-2147483647", chunked[1]}, cookies.ErrIncomplete},
		"too large":        {[]string{s.CookieName() + "=" + strings.Repeat("A", cookies.DefaultMaxSize+1)}, cookies.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := s.Authenticate(sent(test.cookies...)); !errors.Is(err, test.want) {
				t.Errorf("%v", err)
			}
			s.errors = nil
			seen, h := s.visit(test.cookies)
			if seen != nil || len(h) != 0 {
				t.Errorf("%v, %q", seen, h)
			}
			if silent := errors.Is(test.want, http.ErrNoCookie); silent != (len(s.errors) == 0) {
				t.Errorf("reported %v", s.errors)
			}
		})
	}

	lenient := newSiteOver(t, s.provider, cookies.Options{AcceptNoExpiry: true})
	for _, ticket := range []*authticket.Ticket{none, bad} {
		if seen, h := lenient.visit([]string{s.sealed(ticket)}); seen == nil || len(h) != 0 {
			t.Errorf("%v, %q", lenient.errors, h)
		}
	}
	if seen, _ := lenient.visit([]string{s.sealed(past)}); seen != nil {
		t.Error("expired, and accepted")
	}
}

func swap(s, old, with string) string { return strings.Replace(s, old, with, 1) }

func protect(t *testing.T, s *site, text string) string {
	t.Helper()
	purposes := authticket.CookiePurposes(cookies.SchemeCookies)
	value, err := s.provider.CreateProtector(purposes[0], purposes[1:]...).ProtectString(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// After a rotation the cookie is protected anew, for as long as it was; after a
// revocation it is refused.
func TestRotationAndRevocation(t *testing.T) {
	path := t.TempDir()
	var passed atomic.Int64 // seconds; the ring looks at the clock by itself
	now := func() time.Time { return start.Add(time.Duration(passed.Load()) * time.Second) }
	ring := openRing(t, path, keyring.Options{Now: now})
	s := newSiteOver(t, protector.New(ring, protector.Options{}), cookies.Options{})
	lines := setBy(s.signIn(large(9000)))
	before, h := s.visit(lines)
	if before == nil || len(h) != 0 {
		t.Fatalf("%v, %q", s.errors, h)
	}

	admin := ring.Manager()
	passed.Add(1)
	if _, err := admin.CreateKey(t.Context(), keyring.NewKeyOptions{Activation: now(), Expiration: now().AddDate(1, 0, 0)}); err != nil {
		t.Fatal(err)
	}
	passed.Add(1)
	if err := ring.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.now = start.Add(time.Hour)
	seen, h := s.visit(lines)
	if seen == nil || !seen.RequiresMigration || seen.Renew || len(setBy(h)) != len(lines) {
		t.Fatalf("%v, %v, %d cookies", seen, s.errors, len(setBy(h)))
	}
	again, h := s.visit(setBy(h))
	if again == nil || again.KeyID == before.KeyID || again.RequiresMigration || len(h) != 0 {
		t.Fatalf("%v, %q", again, h)
	}
	if got := date(t, again.Ticket.Properties.Issued); !got.Equal(start) {
		t.Errorf("migration made it issued at %v", got)
	}

	if _, err := admin.RevokeKey(t.Context(), before.KeyID, "stolen"); err != nil {
		t.Fatal(err)
	}
	if err := ring.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if seen, h := s.visit(lines); seen != nil || len(h) != 0 || !errors.Is(errors.Join(s.errors...), keyring.ErrKeyRevoked) {
		t.Errorf("%v, %q, %v", seen, h, s.errors)
	}
}

func TestSessionsPrintNoValues(t *testing.T) {
	s := newSite(t, cookies.Options{Store: newMemoryStore()})
	session, _ := s.visit(setBy(s.signIn(bob(authticket.Claim{Type: "secret", Value: "hunter2"}))))
	if session == nil {
		t.Fatal(s.errors)
	}
	printed, err := json.Marshal(session)
	if err != nil {
		t.Fatal(err)
	}
	all := string(printed) + fmt.Sprintf("%v %+v %#v %s %x %q", session, *session, session, session, session, session)
	for _, secret := range []string{"hunter2", "bob", "key-1"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is in %s", secret, all)
		}
	}
}
