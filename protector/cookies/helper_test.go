package cookies_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
	"dataprotection.example/testdata"
	"dataprotection.example/xmlrepo"
)

// start is when the tests' clocks begin.
var start = time.Date(2026, 11, 21, 22, 25, 57, 0, time.UTC)

// site is an application with cookie authentication and a clock.
type site struct {
	testing.TB
	*cookies.Auth
	now      time.Time
	provider *protector.Provider
	errors   []error // what Options.OnError heard
}

func newSite(t testing.TB, opts cookies.Options) *site {
	t.Helper()
	ephemeral, err := protector.NewEphemeral(t.Context(), protector.Options{ApplicationName: "app"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ephemeral.Close() })
	return newSiteOver(t, ephemeral.Provider, opts)
}

func newSiteOver(t testing.TB, provider *protector.Provider, opts cookies.Options) *site {
	t.Helper()
	s := &site{TB: t, now: start, provider: provider}
	opts.Now = func() time.Time { return s.now }
	opts.OnError = func(_ *http.Request, err error) { s.errors = append(s.errors, err) }
	var err error
	if s.Auth, err = cookies.NewAuth(provider, opts); err != nil {
		t.Fatal(err)
	}
	return s
}

// signIn returns the response of a sign-in with these cookies in the request.
func (s *site) signIn(t *authticket.Ticket, cookies ...string) http.Header {
	s.Helper()
	w := httptest.NewRecorder()
	if err := s.SignIn(w, sent(cookies...), t); err != nil {
		s.Fatal(err)
	}
	return w.Header()
}

// visit asks the middleware and returns who was seen and the response's headers.
func (s *site) visit(cookies []string) (*cookiesSession, http.Header) {
	s.Helper()
	w := httptest.NewRecorder()
	var seen *cookiesSession
	s.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = fromContext(r)
	})).ServeHTTP(w, sent(cookies...))
	return seen, w.Header()
}

type cookiesSession = cookies.Session

func fromContext(r *http.Request) *cookies.Session {
	session, _ := cookies.FromContext(r.Context())
	return session
}

// setBy returns the Set-Cookie headers.
func setBy(h http.Header) []string { return h["Set-Cookie"] }

func bob(claims ...authticket.Claim) *authticket.Ticket {
	return &authticket.Ticket{Identities: []authticket.Identity{{
		AuthenticationType: "password",
		Claims:             append(authticket.Claims{{Type: authticket.ClaimName, Value: "bob"}, {Type: authticket.ClaimNameIdentifier, Value: "42"}}, claims...),
	}}}
}

// large is a ticket of at least n bytes.
func large(n int) *authticket.Ticket {
	return bob(authticket.Claim{Type: "large", Value: strings.Repeat("é", n/2)})
}

// sealed returns a cookie of the site that holds a ticket as it is.
func (s *site) sealed(t *authticket.Ticket) string {
	s.Helper()
	value, err := authticket.CookieFormat(s.provider, cookies.SchemeCookies).Protect(s.Context(), t)
	if err != nil {
		s.Fatal(err)
	}
	return s.CookieName() + "=" + value
}

func date(t testing.TB, get func() (time.Time, error)) time.Time {
	t.Helper()
	d, err := get()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// openRecorded returns a provider over a copy of a recorded ring, at the time of
// its recording.
func openRecorded(t testing.TB, ring, app string) *protector.Provider {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ring")
	if err := testdata.CopyRing(path, ring); err != nil {
		t.Fatal(err)
	}
	return openDir(t, path, app, keyring.Options{
		DisableAutomaticKeyGeneration: true,
		Now:                           func() time.Time { return start.Add(96 * time.Hour) },
	})
}

func openDir(t testing.TB, path, app string, opts keyring.Options) *protector.Provider {
	t.Helper()
	return protector.New(openRing(t, path, opts), protector.Options{ApplicationName: app})
}

func openRing(t testing.TB, path string, opts keyring.Options) *keyring.Ring {
	t.Helper()
	dir, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	opts.GenerationDelay, opts.UnknownKeyWait = -1, time.Millisecond
	ring, err := keyring.Open(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ring.Close() })
	return ring
}
