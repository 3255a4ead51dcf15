package cookies_test

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
)

// farm is an ASP.NET application and a Go application over one ring.
type farm struct {
	*testing.T
	dir    string
	opts   dotnettest.WebOptions
	peer   *dotnettest.Peer
	web    *dotnettest.Web
	ring   *keyring.Ring
	server *httptest.Server
	auth   *cookies.Auth

	mu     sync.Mutex
	shift  time.Duration      // of the Go application's clock
	ticket *authticket.Ticket // of who asked to sign in
	seen   *cookies.Session   // who was seen last
	errors []error
}

// startFarm starts both; .NET makes the key. Web options and Go options have the
// same meaning and must say the same.
func startFarm(t *testing.T, peer *dotnettest.Peer, web dotnettest.WebOptions, opts cookies.Options) *farm {
	t.Helper()
	f := &farm{T: t, dir: t.TempDir(), peer: peer, opts: web}
	f.restartDotnet()
	if _, err := f.web.SignIn(http.DefaultClient, dotnettest.Ticket{Identities: []dotnettest.TicketIdentity{{AuthType: new(string)}}}); err == nil {
		t.Fatal(".NET signs in nobody")
	}
	if _, err := f.web.SignIn(http.DefaultClient, person("first")); err != nil {
		t.Fatal(err)
	}
	f.ring = openRing(t, f.dir, keyring.Options{DisableAutomaticKeyGeneration: true})
	opts.Now = func() time.Time {
		f.mu.Lock()
		defer f.mu.Unlock()
		return time.Now().Add(f.shift)
	}
	opts.OnError = func(_ *http.Request, err error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.errors = append(f.errors, err)
	}
	var err error
	if f.auth, err = cookies.NewAuth(protector.New(f.ring, protector.Options{ApplicationName: web.App}), opts); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", f.auth.Middleware(http.HandlerFunc(f.serve)))
	mux.Handle("/favicon.ico", http.NotFoundHandler()) // which a browser asks for when it likes, and would renew cookies
	f.server = httptest.NewServer(mux)
	t.Cleanup(f.server.Close)
	return f
}

// restartDotnet starts the ASP.NET application again: it reads the ring anew.
func (f *farm) restartDotnet() {
	f.Helper()
	if f.web != nil {
		if err := f.web.Stop(); err != nil {
			f.Fatal(err)
		}
	}
	var err error
	if f.web, err = f.peer.Web(f.dir, f.opts); err != nil {
		f.Fatal(err)
	}
}

// serve is the Go application.
func (f *farm) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.seen, _ = cookies.FromContext(r.Context())
	ticket := f.ticket
	f.mu.Unlock()
	if cache := r.URL.Query().Get("cache"); cache != "" {
		w.Header().Set("Cache-Control", cache)
	}
	var err error
	switch r.URL.Path {
	case "/signin":
		err = f.auth.SignIn(w, r, ticket)
	case "/signout":
		err = f.auth.SignOut(w, r)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// setClocks puts both clocks ahead of the machine's.
func (f *farm) setClocks(d time.Duration) {
	f.Helper()
	f.mu.Lock()
	f.shift = d
	f.mu.Unlock()
	if err := f.web.Shift(d); err != nil {
		f.Fatal(err)
	}
}

// browser is what keeps cookies for both applications.
type browser struct {
	*farm
	client *http.Client
}

func (f *farm) browser() *browser {
	f.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.Fatal(err)
	}
	return &browser{f, &http.Client{Jar: jar}}
}

// atGo asks the Go application, and returns whom it saw and the headers.
func (b *browser) atGo(path string, ticket *authticket.Ticket) (*cookies.Session, http.Header) {
	b.Helper()
	b.mu.Lock()
	b.ticket, b.seen, b.errors = ticket, nil, nil
	b.mu.Unlock()
	response, err := b.client.Get(b.server.URL + path)
	if err != nil {
		b.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s", path, response.Status)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seen, response.Header
}

// atDotnet asks ASP.NET who it is.
func (b *browser) atDotnet() (*dotnettest.Ticket, http.Header) {
	b.Helper()
	ticket, failure, header, err := b.web.WhoAmI(b.client)
	if err != nil {
		b.Fatal(err)
	}
	if failure != "" {
		b.Logf(".NET: %s", failure)
	}
	return ticket, header
}

func (b *browser) signInAtDotnet(t dotnettest.Ticket) http.Header {
	b.Helper()
	header, err := b.web.SignIn(b.client, t)
	if err != nil {
		b.Fatal(err)
	}
	return header
}

// cookies returns how many cookies the browser has.
func (b *browser) cookies() int {
	u, err := url.Parse(b.server.URL)
	if err != nil {
		b.Fatal(err)
	}
	return len(b.client.Jar.Cookies(u))
}

// mustBeSame compares what Go and .NET see in one cookie.
func (b *browser) mustBeSame() {
	b.Helper()
	theirs, _ := b.atDotnet()
	ours, _ := b.atGo("/", nil)
	if ours == nil || theirs == nil {
		b.Fatalf("Go sees %v, .NET %v; %v", ours, theirs, b.errors)
	}
	wantSame(b, *ours.Ticket, *theirs)
}

// wantSame compares two tickets claim by claim.
func wantSame(t testing.TB, got authticket.Ticket, want dotnettest.Ticket) {
	t.Helper()
	if got.Scheme != want.Scheme || len(got.Identities) != len(want.Identities) {
		t.Fatalf("scheme %q and %d identities, want %q and %d", got.Scheme, len(got.Identities), want.Scheme, len(want.Identities))
	}
	wantPairs(t, "properties", got.Properties.Items, want.Props)
	for i := range got.Identities {
		wantSameIdentity(t, &got.Identities[i], &want.Identities[i])
	}
}

func wantSameIdentity(t testing.TB, got *authticket.Identity, want *dotnettest.TicketIdentity) {
	t.Helper()
	if want.AuthType == nil || got.AuthenticationType != *want.AuthType || got.NameClaimType != want.NameType || got.RoleClaimType != want.RoleType {
		t.Errorf("identity %q %q %q, want %+v", got.AuthenticationType, got.NameClaimType, got.RoleClaimType, want)
	}
	if (want.Bootstrap == nil) != (got.Bootstrap == "") || want.Bootstrap != nil && *want.Bootstrap != got.Bootstrap {
		t.Errorf("bootstrap %q", got.Bootstrap)
	}
	if len(got.Claims) != len(want.Claims) {
		t.Fatalf("%d claims, want %d", len(got.Claims), len(want.Claims))
	}
	for i, c := range got.Claims {
		w := want.Claims[i]
		if c.Type != w.Type || c.Value != w.Value || c.ValueType != w.ValueType || c.Issuer != w.Issuer || c.OriginalIssuer != w.OriginalIssuer {
			t.Errorf("claim %d: %+v, want %+v", i, c, w)
		}
		wantPairs(t, "claim's properties", c.Properties, w.Props)
	}
	if (got.Actor == nil) != (want.Actor == nil) {
		t.Errorf("actor %v, want %v", got.Actor, want.Actor)
	} else if got.Actor != nil {
		wantSameIdentity(t, got.Actor, want.Actor)
	}
}

func wantPairs(t testing.TB, what string, got authticket.Dictionary, want [][2]string) {
	t.Helper()
	if !slices.EqualFunc(got, want, func(i authticket.Item, p [2]string) bool { return i.Key == p[0] && i.Value == p[1] }) {
		t.Errorf("%s %q, want %q", what, got, want)
	}
}

// person is a ticket with one identity.
func person(name string, claims ...dotnettest.TicketClaim) dotnettest.Ticket {
	authType := "password"
	id := dotnettest.TicketIdentity{AuthType: &authType, NameType: authticket.ClaimName, RoleType: authticket.ClaimRole}
	for _, c := range append([]dotnettest.TicketClaim{{Type: authticket.ClaimName, Value: name}}, claims...) {
		c.ValueType, c.Issuer, c.OriginalIssuer = authticket.ValueString, authticket.LocalIssuer, authticket.LocalIssuer
		id.Claims = append(id.Claims, c)
	}
	return dotnettest.Ticket{Identities: []dotnettest.TicketIdentity{id}}
}

// clone copies by way of JSON.
func clone(t testing.TB, d dotnettest.Ticket) (out dotnettest.Ticket) {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
