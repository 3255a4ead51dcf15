package cookies_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
	"dataprotection.example/testdata"
)

func TestSignInSetsWhatDotnetSets(t *testing.T) {
	const value = `CfDJ8[\w-]+`
	persistent := bob()
	persistent.Properties.SetPersistent(true)
	for name, test := range map[string]struct {
		opts   cookies.Options
		ticket *authticket.Ticket
		want   string
	}{
		"secure":      {cookies.Options{}, bob(), `\.AspNetCore\.Cookies=` + value + `; path=/; secure; samesite=lax; httponly`},
		"development": {cookies.Options{Insecure: true}, bob(), `\.AspNetCore\.Cookies=` + value + `; path=/; samesite=lax; httponly`},
		"persistent": {cookies.Options{}, persistent,
			`\.AspNetCore\.Cookies=` + value + `; expires=Sat, 05 Dec 2026 22:25:57 GMT; path=/; secure; samesite=lax; httponly`},
		"Identity":   {cookies.Options{Scheme: cookies.SchemeIdentity}, bob(), `\.AspNetCore\.Identity\.Application=` + value + `; path=/; secure; samesite=lax; httponly`},
		"odd scheme": {cookies.Options{Scheme: "My Scheme/é"}, bob(), `\.AspNetCore\.My%20Scheme%2F%C3%A9=` + value + `; path=/; secure; samesite=lax; httponly`},
		"all": {cookies.Options{CookieName: "who", Path: "/shop", Domain: "example.org", SameSite: http.SameSiteStrictMode}, bob(),
			`who=` + value + `; domain=example\.org; path=/shop; secure; samesite=strict; httponly`},
		"host":         {cookies.Options{HostPrefix: true}, bob(), `__Host-\.AspNetCore\.Cookies=` + value + `; path=/; secure; samesite=lax; httponly`},
		"no same site": {cookies.Options{SameSite: http.SameSiteDefaultMode}, bob(), `\.AspNetCore\.Cookies=` + value + `; path=/; secure; httponly`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, test.opts)
			h := s.signIn(test.ticket)
			if lines := setBy(h); len(lines) != 1 || !regexp.MustCompile("^"+test.want+"$").MatchString(lines[0]) {
				t.Errorf("%q", lines)
			}
			if h.Get("Cache-Control") != "no-cache,no-store" || h.Get("Pragma") != "no-cache" || h.Get("Expires") != "Thu, 01 Jan 1970 00:00:00 GMT" {
				t.Errorf("%q", h)
			}
			session, _ := s.visit(setBy(h))
			if session == nil || session.Ticket.Name() != "bob" || session.Renew || session.RequiresMigration {
				t.Errorf("%v, %v", session, s.errors)
			}
		})
	}
}

func TestSignInFillsTheTicketIn(t *testing.T) {
	s := newSite(t, cookies.Options{ExpireTimeSpan: time.Hour})
	given := bob()
	given.Scheme = "another"
	given.Properties.Items.Set("mine", "x")
	seen, _ := s.visit(setBy(s.signIn(given)))
	want := authticket.Dictionary{
		{Key: "mine", Value: "x"},
		{Key: ".issued", Value: "Sat, 21 Nov 2026 22:25:57 GMT"},
		{Key: ".expires", Value: "Sat, 21 Nov 2026 23:25:57 GMT"},
	}
	if seen.Ticket.Scheme != "Cookies" || !slices.Equal(seen.Ticket.Properties.Items, want) {
		t.Errorf("%q %q", seen.Ticket.Scheme, seen.Ticket.Properties.Items)
	}
	if given.Scheme != "another" || len(given.Properties.Items) != 1 {
		t.Error("the ticket that was given has changed")
	}

	given.Properties.SetIssued(start.Add(-time.Hour))
	given.Properties.SetExpires(start.Add(time.Minute))
	seen, err := s.Authenticate(sent(setBy(s.signIn(given))...)) // Middleware would renew it
	if err != nil {
		t.Fatal(err)
	}
	if got := date(t, seen.Ticket.Properties.Expires); !got.Equal(start.Add(time.Minute)) {
		t.Errorf("expires %v", got)
	}
}

// Dates that nobody can read are no dates: .NET would take the ticket for eternal.
func TestSignInReplacesUnreadableDates(t *testing.T) {
	s := newSite(t, cookies.Options{ExpireTimeSpan: time.Hour})
	given := bob()
	given.Properties.Items.Set(authticket.KeyExpires, "tomorrow")
	given.Properties.Items.Set(authticket.KeyIssued, "Sat, 21 Nov 2026 22:25:57 UTC")
	given.Properties.Items.Set("mine", "x")
	seen, _ := s.visit(setBy(s.signIn(given)))
	if seen == nil {
		t.Fatal(s.errors)
	}
	want := authticket.Dictionary{
		{Key: ".expires", Value: "Sat, 21 Nov 2026 23:25:57 GMT"},
		{Key: ".issued", Value: "Sat, 21 Nov 2026 22:25:57 GMT"},
		{Key: "mine", Value: "x"},
	}
	if !slices.Equal(seen.Ticket.Properties.Items, want) {
		t.Errorf("%q", seen.Ticket.Properties.Items)
	}
}

// A cookie that has ended is one, however long ago: none ends before 1970.
func TestPersistentTicketsThatEndLongAgo(t *testing.T) {
	s := newSite(t, cookies.Options{})
	for _, year := range []int{1500, 1969, 1970, 1971} {
		ticket := bob()
		ticket.Properties.SetPersistent(true)
		ticket.Properties.SetExpires(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
		want := time.Date(max(year, 1970), 1, 1, 0, 0, 0, 0, time.UTC).Format(http.TimeFormat)
		lines := setBy(s.signIn(ticket))
		if len(lines) != 1 || !strings.Contains(lines[0], "; expires="+want+"; ") {
			t.Errorf("%d: %q", year, lines)
		}
		if _, err := s.Authenticate(sent(lines...)); !errors.Is(err, cookies.ErrExpired) {
			t.Errorf("%d: %v", year, err)
		}
	}
}

func TestNobodyCannotSignIn(t *testing.T) {
	s := newSite(t, cookies.Options{})
	w := httptest.NewRecorder()
	if err := s.SignIn(w, sent(), &authticket.Ticket{Identities: []authticket.Identity{{}}}); !errors.Is(err, cookies.ErrNotAuthenticated) || len(w.Header()) != 0 {
		t.Errorf("%v, %q", err, w.Header())
	}
	if err := s.SignIn(w, sent(), large(60000)); !errors.Is(err, cookies.ErrTooLarge) || len(w.Header()) != 0 {
		t.Errorf("%v, %q", err, w.Header())
	}
}

func TestSignOutDeletesEveryPiece(t *testing.T) {
	s := newSite(t, cookies.Options{Domain: "example.org"})
	lines := setBy(s.signIn(large(20000)))
	if len(lines) < 7 {
		t.Fatalf("%d cookies", len(lines))
	}
	w := httptest.NewRecorder()
	if err := s.SignOut(w, sent(lines...)); err != nil {
		t.Fatal(err)
	}
	gone := setBy(w.Header())
	if len(gone) != len(lines) || w.Header().Get("Cache-Control") != "no-cache,no-store" {
		t.Errorf("%d of %d deleted, %q", len(gone), len(lines), w.Header())
	}
	for i, line := range lines {
		name, _, _ := strings.Cut(line, "=")
		_, attributes, _ := strings.Cut(line, "; ")
		if want := name + "=; expires=Thu, 01 Jan 1970 00:00:00 GMT; " + attributes; gone[i] != want {
			t.Errorf("%q\nwant %q", gone[i], want)
		}
	}
}

func TestSigningInAndOutInOneResponse(t *testing.T) {
	s := newSite(t, cookies.Options{})
	w := httptest.NewRecorder()
	r := sent()
	if err := errors.Join(s.SignIn(w, r, large(9000)), s.SignOut(w, r)); err != nil {
		t.Fatal(err)
	}
	if lines := setBy(w.Header()); len(lines) != 1 || !strings.Contains(lines[0], "=; expires=") {
		t.Errorf("%.80q", lines)
	}
}

func TestRecordedCookiesSignIn(t *testing.T) {
	all, err := testdata.Vectors()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, v := range all {
		if v.Kind != "authentication-cookie" {
			continue
		}
		seen++
		t.Run(v.Name, func(t *testing.T) {
			s := newSiteOver(t, openRecorded(t, v.Ring, v.Purposes[0]), cookies.Options{Scheme: v.Purposes[2], AcceptNoExpiry: true})
			lines := set(t, cookies.Chunks{}, lax(s.CookieName(), v.Payload))
			session, _ := s.visit(lines)
			if session == nil {
				t.Fatal(s.errors)
			}
			if got, err := session.Ticket.MarshalBinary(); session.KeyID != v.KeyID || err != nil || !bytes.Equal(got, v.Plaintext) {
				t.Errorf("key %v, ticket %v", session.KeyID, session.Ticket)
			}
			// Under another scheme it is no cookie at all.
			other := newSiteOver(t, s.provider, cookies.Options{Scheme: "Other", CookieName: s.CookieName(), AcceptNoExpiry: true})
			if session, _ := other.visit(lines); session != nil {
				t.Error("another scheme reads it")
			}
		})
	}
	if seen < 4 {
		t.Errorf("only %d recordings", seen)
	}
}

func TestOptionsThatBrowsersWouldRefuse(t *testing.T) {
	s := newSite(t, cookies.Options{})
	for name, opts := range map[string]cookies.Options{
		"host with domain":   {HostPrefix: true, Domain: "example.org"},
		"host with path":     {HostPrefix: true, Path: "/shop"},
		"host insecure":      {HostPrefix: true, Insecure: true},
		"host by name":       {CookieName: "__host-x", Insecure: true},
		"secure by name":     {CookieName: "__Secure-x", Insecure: true},
		"none insecure":      {SameSite: http.SameSiteNoneMode, Insecure: true},
		"name":               {CookieName: "a b"},
		"path":               {Path: "shop"},
		"path with more":     {Path: "/; domain=evil.example"},
		"domain with more":   {Domain: "a; secure"},
		"scheme":             {Scheme: "\xff"},
		"no time":            {ExpireTimeSpan: -time.Hour},
		"login elsewhere":    {LoginPath: "https://evil.example/"},
		"denied elsewhere":   {AccessDeniedPath: "//evil.example/"},
		"no room for chunks": {CookieName: strings.Repeat("n", 4050)},
	} {
		if _, err := cookies.NewAuth(s.provider, opts); err == nil || !strings.HasPrefix(err.Error(), "cookies: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An Auth serves many at the same time, each their own.
func TestManyVisitors(t *testing.T) {
	store := newMemoryStore()
	for name, opts := range map[string]cookies.Options{"cookie": {}, "store": {Store: store}} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, opts)
			s.now = start.Add(-8 * 24 * time.Hour)
			var all [][]string
			for i := range 20 {
				ticket := large(i * 1000)
				ticket.Identities[0].Claims[0].Value = strings.Repeat("n", i+1)
				all = append(all, setBy(s.signIn(ticket)))
			}
			s.now = start // each visit slides
			var wg sync.WaitGroup
			for i, lines := range all {
				for range 3 {
					wg.Go(func() {
						seen, h := s.visit(lines)
						if seen == nil || seen.Ticket.Name() != strings.Repeat("n", i+1) || opts.Store == nil && len(setBy(h)) != len(lines) { // in a store the first visit slides for all
							t.Errorf("visitor %d: %v, %d cookies", i, seen, len(setBy(h)))
						}
					})
				}
			}
			wg.Wait()
		})
	}
}
