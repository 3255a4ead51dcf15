package cookies_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
)

// rich is a ticket with all that a ticket can have.
func rich() *authticket.Ticket {
	t := bob(authticket.Claim{
		Type: "département", Value: "été ∑ 😀", ValueType: "vt", Issuer: "issuer", OriginalIssuer: "before",
		Properties: authticket.Dictionary{{Key: "k", Value: "v"}, {Key: "empty", Value: ""}},
	}, authticket.Claim{Type: authticket.ClaimRole, Value: "admin"}, authticket.Claim{Type: authticket.ClaimRole, Value: "auditor"})
	t.Identities[0].Bootstrap = "bootstrap"
	t.Identities[0].Actor = &authticket.Identity{AuthenticationType: "act", Claims: authticket.Claims{{Type: "a", Value: "b"}}}
	t.Identities = append(t.Identities, authticket.Identity{
		AuthenticationType: "second", NameClaimType: authticket.JWTName, RoleClaimType: authticket.JWTRole,
		Claims: authticket.Claims{{Type: authticket.JWTName, Value: "Robert"}},
	})
	t.Properties.SetPersistent(true)
	t.Properties.Items.Set("mine", "x")
	if err := t.Properties.SetTokens(authticket.Token{Name: "access_token", Value: "AT"}); err != nil {
		panic(err)
	}
	return t
}

// Signed in on one is signed in on the other, for every kind of name.
func TestLiveSignIn(t *testing.T) {
	peer := dotnettest.Start(t)
	for _, scheme := range []string{cookies.SchemeCookies, cookies.SchemeIdentity, "My Scheme/é", "日本 %20;=+"} {
		t.Run(scheme, func(t *testing.T) {
			web := dotnettest.WebOptions{RingOptions: dotnettest.RingOptions{App: "app " + scheme}, Scheme: scheme}
			f := startFarm(t, peer, web, cookies.Options{Scheme: scheme, Insecure: true})
			for name, ticket := range map[string]*authticket.Ticket{"rich": rich(), "20 kB": large(20000)} {
				t.Run(name, func(t *testing.T) {
					f.T = t
					// In on Go, seen on .NET, out on .NET.
					b := f.browser()
					_, header := b.atGo("/signin", ticket)
					if name == "20 kB" && b.cookies() < 7 {
						t.Errorf("%d cookies", b.cookies())
					}
					b.mustBeSame()
					theirs, _ := b.atDotnet()
					if _, err := f.web.SignOut(b.client); err != nil {
						t.Fatal(err)
					}
					if seen, _ := b.atGo("/", nil); seen != nil || b.cookies() != 0 {
						t.Errorf("after the sign-out: %v, %d cookies", seen, b.cookies())
					}

					// The same ticket in on .NET, seen on Go, out on Go.
					again := f.browser()
					given := clone(t, *theirs)
					same := again.signInAtDotnet(given)
					again.mustBeSame()
					if a, b := blank(setBy(header)), blank(setBy(same)); !slices.Equal(a, b) {
						t.Errorf("Go sets  %q\n.NET sets %q", a, b)
					}
					for _, name := range []string{"Cache-Control", "Pragma", "Expires"} {
						if header.Get(name) != same.Get(name) {
							t.Errorf("%s: %q, .NET has %q", name, header.Get(name), same.Get(name))
						}
					}
					again.atGo("/signout", nil)
					if seen, _ := again.atDotnet(); seen != nil || again.cookies() != 0 {
						t.Errorf("after the sign-out: %v, %d cookies", seen, again.cookies())
					}
				})
			}
		})
	}
}

// payload finds what cookies hold; sealing the same again gives other characters,
// as many.
var payload = regexp.MustCompile(`=[\w-]{50,}`)

// blank replaces every character of payloads.
func blank(lines []string) []string {
	var all []string
	for _, line := range lines {
		all = append(all, payload.ReplaceAllStringFunc(line, func(s string) string { return "=" + strings.Repeat("x", len(s)-1) }))
	}
	return all
}

// Attributes are .NET's, letter for letter, where each of them is set.
func TestLiveAttributes(t *testing.T) {
	peer := dotnettest.Start(t)
	web := dotnettest.WebOptions{Scheme: "s", CookieName: "who", Domain: "example.org", Secure: "Always"}
	f := startFarm(t, peer, web, cookies.Options{Scheme: "s", CookieName: "who", Domain: "example.org"})
	for name, size := range map[string]int{"one": 100, "chunks": 20000} {
		t.Run(name, func(t *testing.T) {
			f.T = t
			ticket := large(size)
			ticket.Properties.SetPersistent(true)
			ticket.Properties.SetIssued(time.Now())
			ticket.Properties.SetExpires(time.Now().Add(time.Hour))
			spelled := person("bob")
			spelled.Props = [][2]string{}
			for _, item := range ticket.Properties.Items {
				spelled.Props = append(spelled.Props, [2]string{item.Key, item.Value})
			}
			spelled.Identities[0].Claims = nil
			for _, c := range ticket.Identities[0].Claims {
				spelled.Identities[0].Claims = append(spelled.Identities[0].Claims, dotnettest.TicketClaim{
					Type: c.Type, Value: c.Value, ValueType: authticket.ValueString, Issuer: authticket.LocalIssuer, OriginalIssuer: authticket.LocalIssuer,
				})
			}
			theirs, err := f.web.SignIn(http.DefaultClient, spelled)
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			if err := f.auth.SignIn(w, sent(), ticket); err != nil {
				t.Fatal(err)
			}
			if a, b := blank(setBy(w.Header())), blank(setBy(theirs)); !slices.Equal(a, b) {
				t.Errorf("Go sets  %q\n.NET sets %q", a, b)
			}

			// And so are the deletions, of a browser that has them all.
			request, err := http.NewRequest("GET", f.web.URL+"/signout", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header = sent(setBy(theirs)...).Header
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			w = httptest.NewRecorder()
			if err := f.auth.SignOut(w, request); err != nil {
				t.Fatal(err)
			}
			if a, b := setBy(w.Header()), setBy(response.Header); !slices.Equal(a, b) {
				t.Errorf("Go deletes  %q\n.NET deletes %q", a, b)
			}
		})
	}
}

// Each renews what the other has issued, for as long as it was.
func TestLiveSliding(t *testing.T) {
	const lifetime = time.Hour
	peer := dotnettest.Start(t)
	f := startFarm(t, peer, dotnettest.WebOptions{RingOptions: dotnettest.RingOptions{App: "app"}, ExpireSeconds: lifetime.Seconds()}, cookies.Options{ExpireTimeSpan: lifetime, Insecure: true})
	for _, size := range []int{100, 20000} {
		ticket := large(size)
		ticket.Properties.SetPersistent(true)
		f.setClocks(0)
		b := f.browser()
		b.atGo("/signin", ticket)

		f.setClocks(29 * time.Minute) // nobody renews yet
		if _, h := b.atGo("/", nil); len(setBy(h)) != 0 {
			t.Errorf("Go renews early: %q", setBy(h))
		}
		if _, h := b.atDotnet(); len(setBy(h)) != 0 {
			t.Errorf(".NET renews early: %q", setBy(h))
		}
		f.setClocks(31 * time.Minute)
		_, byDotnet := b.atDotnet()
		f.setClocks(63 * time.Minute) // past the first end
		_, byGo := b.atGo("/", nil)
		if a, b := undated(setBy(byGo)), undated(setBy(byDotnet)); len(a) == 0 || !slices.Equal(a, b) {
			t.Errorf("Go renews   %q\n.NET renews %q", a, b)
		}
		f.setClocks(92 * time.Minute) // past the second
		b.mustBeSame()
		f.setClocks(200 * time.Minute)
		if theirs, _ := b.atDotnet(); theirs != nil {
			t.Error("expired, and .NET reads it")
		}
		if ours, _ := b.atGo("/", nil); ours != nil || !errors.Is(errors.Join(f.errors...), cookies.ErrExpired) {
			t.Errorf("expired: %v, %v", ours, f.errors)
		}
	}
}

// A page that wants to be cached is not, on either, where its response renews the
// cookie; without a cookie it is.
func TestLiveRenewedCookiesAreNotCached(t *testing.T) {
	peer := dotnettest.Start(t)
	f := startFarm(t, peer, dotnettest.WebOptions{RingOptions: dotnettest.RingOptions{App: "app"}, ExpireSeconds: 3600}, cookies.Options{ExpireTimeSpan: time.Hour, Insecure: true})
	b := f.browser()
	b.atGo("/signin", bob())
	for _, test := range []struct {
		after time.Duration
		want  string
	}{{time.Minute, "public, max-age=3600"}, {31 * time.Minute, "no-cache,no-store"}} {
		f.setClocks(test.after)
		for name, server := range map[string]string{"Go": f.server.URL, ".NET": f.web.URL} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server+"/whoami?cache=public,+max-age%3D3600", nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, cookie := range b.client.Jar.Cookies(r.URL) {
				r.AddCookie(cookie)
			}
			response, err := http.DefaultTransport.RoundTrip(r) // and keeps the cookie that came
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if got := strings.Join(response.Header["Cache-Control"], "|"); got != test.want || (len(setBy(response.Header)) > 0) != (test.after > 30*time.Minute) {
				t.Errorf("%s after %v: %q, %q", name, test.after, got, setBy(response.Header))
			}
		}
	}
}

var cookieDate = regexp.MustCompile(`expires=[^;]+`)

func undated(lines []string) []string {
	lines = blank(lines)
	for i := range lines {
		lines[i] = cookieDate.ReplaceAllString(lines[i], "expires=")
	}
	return lines
}

func TestLiveRotationAndRevocation(t *testing.T) {
	peer := dotnettest.Start(t)
	f := startFarm(t, peer, dotnettest.WebOptions{RingOptions: dotnettest.RingOptions{App: "app"}}, cookies.Options{Insecure: true})
	early, late := f.browser(), f.browser()
	early.signInAtDotnet(person("early"))
	late.signInAtDotnet(person("late"))
	before, _ := late.atGo("/", nil)

	if _, err := f.ring.Manager().CreateKey(t.Context(), keyring.NewKeyOptions{}); err != nil {
		t.Fatal(err)
	}
	refresh(t, f.ring)
	f.restartDotnet()
	if seen, _ := early.atDotnet(); seen == nil { // under the old key, which still opens
		t.Error("after the rotation .NET does not read the cookie of before")
	}
	if _, h := late.atGo("/", nil); len(setBy(h)) != 1 {
		t.Errorf("Go does not protect it anew: %q", h)
	}
	late.mustBeSame()
	after, _ := late.atGo("/", nil)
	if after.KeyID == before.KeyID {
		t.Error("the new cookie is under the old key")
	}

	if _, err := f.ring.Manager().RevokeKey(t.Context(), before.KeyID, "stolen"); err != nil {
		t.Fatal(err)
	}
	refresh(t, f.ring)
	f.restartDotnet()
	if seen, _ := early.atDotnet(); seen != nil {
		t.Error(".NET reads a cookie under the revoked key")
	}
	if seen, _ := early.atGo("/", nil); seen != nil || !errors.Is(errors.Join(f.errors...), keyring.ErrKeyRevoked) {
		t.Errorf("Go reads a cookie under the revoked key: %v, %v", seen, f.errors)
	}
	late.mustBeSame()
}

func refresh(t *testing.T, ring *keyring.Ring) {
	t.Helper()
	if err := ring.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}
