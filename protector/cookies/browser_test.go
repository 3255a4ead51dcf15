package cookies_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/browsertest"
	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
	"dataprotection.example/protector/cookies"
)

// TestInABrowser lets Chromium keep the cookies between an application in ASP.NET
// Core and one in Go: names, sizes, attributes and deletion are its decision. Both
// are at 127.0.0.1, and cookies know nothing of ports.
func TestInABrowser(t *testing.T) {
	browser := browsertest.Start(t)
	peer := dotnettest.Start(t)
	for _, scheme := range []string{cookies.SchemeCookies, cookies.SchemeIdentity, "My Scheme/é", "日本 %20;=+"} {
		t.Run(scheme, func(t *testing.T) {
			web := dotnettest.WebOptions{RingOptions: dotnettest.RingOptions{App: "app"}, Scheme: scheme, ExpireSeconds: 3600}
			f := startFarm(t, peer, web, cookies.Options{Scheme: scheme, Insecure: true, ExpireTimeSpan: time.Hour})
			for _, size := range []int{100, 20000} {
				t.Run(fmt.Sprint(size, " bytes"), func(t *testing.T) {
					f.T = t
					w := &window{f, browser.Visitor(t)}
					w.goesInAtGo(size)
					w.goesInAtDotnet(size)
				})
			}
		})
	}
	t.Run("keys change", func(t *testing.T) {
		web := dotnettest.WebOptions{RingOptions: dotnettest.RingOptions{App: "app"}}
		f := startFarm(t, peer, web, cookies.Options{Insecure: true})
		(&window{f, browser.Visitor(t)}).seesKeysChange()
	})
	t.Run("Secure", func(t *testing.T) { takesSecureCookies(t, browser.Visitor(t)) })
}

// window is a browser's window in front of both applications.
type window struct {
	*farm
	visitor *browsertest.Visitor
}

// goesInAtGo signs in on Go, slides on either, and signs out on .NET.
func (w *window) goesInAtGo(size int) {
	w.Helper()
	w.setClocks(0)
	w.signInAtGo(size)
	issued := w.kept()
	if n := len(issued); size < 4000 && n != 1 || size > 4000 && n < 7 {
		w.Errorf("%d bytes are in %d cookies", size, n)
	}
	w.mustAgree()
	w.setClocks(31 * time.Minute)
	w.mustRenew(w.web.URL+"/", issued)
	w.setClocks(63 * time.Minute) // it would have ended
	w.mustRenew(w.server.URL+"/", w.kept())
	w.setClocks(92 * time.Minute) // it would have ended again
	w.mustAgree()
	w.visitor.Go(w.web.URL + "/signout")
	w.mustBeOut()
}

// goesInAtDotnet signs in on .NET and signs out on Go.
func (w *window) goesInAtDotnet(size int) {
	w.Helper()
	w.setClocks(0)
	query := url.Values{"name": {"Zoë"}, "role": {"admin", "auditor"}, "size": {fmt.Sprint(size)}, "persistent": {"1"}}
	w.visitor.Go(w.web.URL + "/signin?" + query.Encode())
	if seen := w.mustAgree(); seen.Ticket.Name() != "Zoë" || !seen.Ticket.HasRole("auditor") {
		w.Errorf("it is %q, with %q", seen.Ticket.Name(), seen.Ticket.Roles())
	}
	w.visitor.Go(w.server.URL + "/signout")
	w.mustBeOut()
}

// seesKeysChange: a cookie outlives a rotation, moves to the new key on Go, and
// does not outlive a revocation.
func (w *window) seesKeysChange() {
	w.Helper()
	w.signInAtGo(20000)
	old := w.mustAgree().KeyID
	k, err := w.ring.Manager().CreateKey(w.Context(), keyring.NewKeyOptions{Activation: time.Now()})
	if err != nil {
		w.Fatal(err)
	}
	w.restartDotnet() // it reads its ring once a day
	before := w.kept()
	if w.mustAgree().KeyID != old {
		w.Error("the first answer after the rotation is already under the new key")
	}
	w.mustDiffer(before, w.kept())
	if got := w.mustAgree().KeyID; got != k.ID {
		w.Errorf("the cookie is under %v, want %v", got, k.ID)
	}

	if _, err := w.ring.Manager().RevokeKey(w.Context(), k.ID, ""); err != nil {
		w.Fatal(err)
	}
	if seen := w.atGo(); seen != nil {
		w.Errorf("Go sees %v under a revoked key", seen)
	}
	w.restartDotnet()
	if ticket := w.atDotnet(); ticket != nil {
		w.Error(".NET sees somebody under a revoked key")
	}
	w.visitor.Go(w.web.URL + "/signin?name=again") // with a key that .NET makes
	if seen := w.mustAgree(); seen.Ticket.Name() != "again" || seen.KeyID == k.ID {
		w.Errorf("it is %q under %v", seen.Ticket.Name(), seen.KeyID)
	}
}

// signInAtGo signs in as bob with so many bytes.
func (w *window) signInAtGo(size int) {
	w.Helper()
	ticket := large(size)
	ticket.Properties.SetPersistent(true)
	w.mu.Lock()
	w.ticket = ticket
	w.mu.Unlock()
	w.visitor.Go(w.server.URL + "/signin")
}

// atGo visits the application in Go and returns whom that saw.
func (w *window) atGo() *cookies.Session {
	w.Helper()
	w.visitor.Go(w.server.URL + "/")
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// atDotnet visits the application in ASP.NET Core and returns whom that saw.
func (w *window) atDotnet() *dotnettest.Ticket {
	w.Helper()
	w.visitor.Go(w.web.URL + "/whoami")
	var answer struct{ Ticket *dotnettest.Ticket }
	if err := json.Unmarshal([]byte(w.visitor.Text("body")), &answer); err != nil {
		w.Fatal(err)
	}
	return answer.Ticket
}

// mustAgree wants the same ticket on both, claim by claim.
func (w *window) mustAgree() *cookies.Session {
	w.Helper()
	theirs, ours := w.atDotnet(), w.atGo()
	if theirs == nil || ours == nil {
		w.Fatalf("Go sees %v, .NET %v; %v", ours, theirs, w.errors)
	}
	if name := w.nameAtDotnet(); name != ours.Ticket.Name() {
		w.Errorf("the page of .NET is for %q, not for %q", name, ours.Ticket.Name())
	}
	wantSame(w.T, *ours.Ticket, *theirs)
	return ours
}

func (w *window) nameAtDotnet() string {
	w.Helper()
	w.visitor.Go(w.web.URL + "/")
	return w.visitor.Text("#who")
}

// mustBeOut wants nobody signed in, and nothing kept.
func (w *window) mustBeOut() {
	w.Helper()
	if kept := w.kept(); len(kept) != 0 {
		w.Errorf("after the sign-out the browser keeps %q", slices.Sorted(maps.Keys(kept)))
	}
	if ours, theirs := w.atGo(), w.atDotnet(); ours != nil || theirs != nil {
		w.Errorf("after the sign-out Go sees %v, .NET %v", ours, theirs)
	}
}

// mustRenew wants a visit to replace every cookie that carries the ticket.
func (w *window) mustRenew(address string, before map[string]string) {
	w.Helper()
	w.visitor.Go(address)
	w.mustDiffer(before, w.kept())
}

func (w *window) mustDiffer(before, after map[string]string) {
	w.Helper()
	if len(after) != len(before) {
		w.Errorf("there were %d cookies, and are %d", len(before), len(after))
	}
	for name, value := range after {
		if value == before[name] && !strings.HasPrefix(value, "chunks-") {
			w.Errorf("the cookie %s has stayed", name)
		}
	}
}

// kept is what the browser keeps for both, and would send.
func (w *window) kept() map[string]string {
	w.Helper()
	all := map[string]string{}
	for name, c := range w.visitor.Cookies(w.web.URL) {
		all[name] = c.Value
		if !c.HTTPOnly || c.Secure || c.Path != "/" || c.SameSite != "Lax" {
			w.Errorf("the cookie %s has become %+v", name, c)
		}
	}
	return all
}

// takesSecureCookies: without Options.Insecure, development over plain HTTP works
// at a loopback address, which Chromium trusts.
func takesSecureCookies(t *testing.T, v *browsertest.Visitor) {
	s := newSite(t, cookies.Options{})
	server := httptest.NewServer(s.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/signin" {
			if err := s.SignIn(w, r, bob()); err != nil {
				t.Error(err)
			}
		}
		if seen := fromContext(r); seen != nil {
			fmt.Fprint(w, seen.Ticket.Name())
		}
	})))
	defer server.Close()
	v.Go(server.URL + "/signin")
	v.Go(server.URL)
	if got := v.Text("body"); got != "bob" || !v.Cookies(server.URL)[s.CookieName()].Secure {
		t.Errorf("it is %q, with %v", got, v.Cookies(server.URL))
	}
}
