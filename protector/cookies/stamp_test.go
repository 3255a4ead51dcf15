package cookies_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
)

func TestSecurityStamp(t *testing.T) {
	stamp, failure, asked := "one", error(nil), 0
	s := newSite(t, cookies.Options{
		Validate: cookies.SecurityStamp(30*time.Minute, func(_ context.Context, id string) (string, error) {
			asked++
			if id != "42" {
				t.Errorf("asked about %q", id)
			}
			return stamp, failure
		}),
	})
	lines := setBy(s.signIn(bob(authticket.Claim{Type: cookies.ClaimSecurityStamp, Value: "one"})))
	visit := func() (*cookies.Session, http.Header) { return s.visit(lines) }

	s.now = start.Add(30 * time.Minute)
	if seen, h := visit(); seen == nil || asked != 0 || len(h) != 0 {
		t.Fatalf("within the interval: %v, asked %d times", s.errors, asked)
	}
	s.now = start.Add(31 * time.Minute)
	seen, h := visit()
	if seen == nil || asked != 1 || len(setBy(h)) != 1 {
		t.Fatalf("%v, asked %d times, %q", s.errors, asked, h)
	}
	lines = setBy(h)
	if seen, _ := visit(); seen == nil || asked != 1 {
		t.Errorf("asked again at once")
	}

	s.now = s.now.Add(31 * time.Minute)
	failure = errors.New("no connection")
	if seen, h := visit(); seen != nil || len(h) != 0 {
		t.Errorf("the database is down: %v, %q", seen, h)
	}
	failure, stamp = nil, "two"
	if seen, h := visit(); seen != nil || len(setBy(h)) != 1 || !errors.Is(s.errors[len(s.errors)-1], cookies.ErrRejected) {
		t.Errorf("the stamp has changed: %v, %q", seen, h)
	}
	for name, ticket := range map[string]*authticket.Ticket{
		"no stamp": bob(),
		"nobody":   {Identities: []authticket.Identity{{AuthenticationType: "x"}}},
	} {
		ticket.Properties.SetIssued(start)
		if _, err := s.Authenticate(sent(setBy(s.signIn(ticket))...)); !errors.Is(err, cookies.ErrRejected) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where sessions do not slide, a stamp that is still good moves no end.
func TestSecurityStampWithoutSliding(t *testing.T) {
	s := newSite(t, cookies.Options{
		DisableSlidingExpiration: true,
		Validate:                 cookies.SecurityStamp(0, func(context.Context, string) (string, error) { return "one", nil }),
	})
	lines := setBy(s.signIn(bob(authticket.Claim{Type: cookies.ClaimSecurityStamp, Value: "one"})))
	s.now = start.Add(time.Hour)
	_, h := s.visit(lines)
	seen, _ := s.visit(setBy(h))
	if seen == nil {
		t.Fatal(s.errors)
	}
	p := seen.Ticket.Properties
	if !date(t, p.Issued).Equal(s.now) || !date(t, p.Expires).Equal(start.AddDate(0, 0, 14)) {
		t.Errorf("%v", p)
	}
}

// A user who has no stamp is not who has a ticket without one.
func TestUsersWithoutASecurityStamp(t *testing.T) {
	s := newSite(t, cookies.Options{
		Validate: cookies.SecurityStamp(0, func(context.Context, string) (string, error) { return "", nil }),
	})
	for name, ticket := range map[string]*authticket.Ticket{
		"no stamp":       bob(),
		"an empty stamp": bob(authticket.Claim{Type: cookies.ClaimSecurityStamp}),
	} {
		s.now = start
		lines := setBy(s.signIn(ticket))
		s.now = start.Add(time.Second)
		if _, err := s.Authenticate(sent(lines...)); !errors.Is(err, cookies.ErrRejected) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What an application with Identity does by itself: its cookie, and its check.
func TestIdentityOptions(t *testing.T) {
	stamp, asked := "one", 0
	s := newSite(t, cookies.IdentityOptions(func(_ context.Context, id string) (string, error) {
		asked++
		if id != "42" {
			return "", cookies.ErrRejected
		}
		return stamp, nil
	}))
	if s.CookieName() != ".AspNetCore.Identity.Application" {
		t.Errorf("%s", s.CookieName())
	}
	lines := setBy(s.signIn(bob(authticket.Claim{Type: cookies.ClaimSecurityStamp, Value: "one"})))
	gone := setBy(s.signIn(&authticket.Ticket{Identities: []authticket.Identity{{
		AuthenticationType: "x", Claims: authticket.Claims{{Type: authticket.ClaimNameIdentifier, Value: "41"}},
	}}}))
	s.now = start.Add(30 * time.Minute)
	if seen, _ := s.visit(lines); seen == nil || asked != 0 {
		t.Errorf("within half an hour: %v, asked %d times", s.errors, asked)
	}
	s.now = start.Add(30*time.Minute + time.Second)
	if seen, h := s.visit(lines); seen == nil || asked != 1 || len(setBy(h)) != 1 {
		t.Errorf("after half an hour: %v, asked %d times", s.errors, asked)
	}
	stamp = "two"
	for name, lines := range map[string][]string{"another password": lines, "a user who is gone": gone} {
		if seen, h := s.visit(lines); seen != nil || len(setBy(h)) != 1 {
			t.Errorf("%s: %v, %q", name, seen, h)
		}
	}
}

// With nobody to ask nobody is signed in, from the first request on.
func TestIdentityOptionsWithNobodyToAsk(t *testing.T) {
	s := newSite(t, cookies.IdentityOptions(nil))
	if seen, h := s.visit(setBy(s.signIn(bob()))); seen != nil || len(h) != 0 || len(s.errors) != 1 {
		t.Errorf("%v, %q, %v", seen, h, s.errors)
	}
}
