package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// TestMain makes a node of the process where the farm has started it as one.
func TestMain(m *testing.M) {
	if config := os.Getenv(nodeVariable); config != "" {
		exit(serveNode(config, os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// site is a farm and somebody who visits it, without a browser.
type site struct {
	*testing.T
	*farm
	url    string
	client *http.Client
}

func newSite(t *testing.T, o farmOptions) *site {
	t.Helper()
	if o.Ring == "" {
		o.Ring = filepath.Join(t.TempDir(), "ring")
	}
	f, err := openFarm(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	server := httptest.NewServer(f.Handler())
	t.Cleanup(server.Close)
	jar, _ := cookiejar.New(nil) // never fails
	return &site{t, f, server.URL, &http.Client{Jar: jar}}
}

// read returns the status and the page of a GET, or of a POST with a form.
func (s *site) read(method, path string, form url.Values, header ...string) (int, string) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	response, err := s.client.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// user is who the page says is signed in, and which node says so.
func (s *site) user() (name, node string) {
	s.Helper()
	_, text := s.read(http.MethodGet, "/", nil)
	return first(text, `id="user">([^<]*)<`), first(text, `id="node">([^<]*)<`)
}

func first(text, pattern string) string {
	if found := regexp.MustCompile(pattern).FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

func TestSignedInOnEveryNode(t *testing.T) {
	s := newSite(t, farmOptions{WithoutDotnet: true})
	if name, _ := s.user(); name != "" {
		t.Fatalf("a stranger is %q", name)
	}
	s.read(http.MethodPost, "/signin", url.Values{"name": {"Anna <3"}, "large": {"1"}})
	asked := map[string]bool{}
	for range 3 {
		name, node := s.user()
		if name != "Anna &lt;3" {
			t.Errorf("%s says %q", node, name)
		}
		asked[node] = true
	}
	if len(asked) != 3 {
		t.Errorf("only %v answered", asked)
	}

	for _, m := range s.members[:2] {
		m.crash()
		if name, _ := s.user(); name == "" {
			t.Errorf("%s has died, and nobody is signed in", m.name)
		}
	}
	s.members[2].crash()
	if status, _ := s.read(http.MethodGet, "/", nil); status != http.StatusBadGateway {
		t.Errorf("status %d without a node", status)
	}
	for _, m := range s.members {
		if err := m.start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.read(http.MethodPost, "/signout", url.Values{})
	if name, node := s.user(); name != "" {
		t.Errorf("%s still says %q", node, name)
	}
}

// A revocation from outside, such as keyctl's, reaches every node by itself.
func TestRevokedFromATerminal(t *testing.T) {
	s := newSite(t, farmOptions{WithoutDotnet: true})
	s.read(http.MethodPost, "/signin", url.Values{"name": {"Anna"}})
	_, text := s.read(http.MethodGet, "/", nil)
	dir, err := xmlrepo.NewDir(s.opts.Ring, xmlrepo.DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := keyring.NewManager(dir, keyring.Options{})
	if err != nil {
		t.Fatal(err)
	}
	key, err := s.ring.Snapshot().DefaultKey()
	if err != nil || first(text, `id="sealed" data-key="([^"]*)"`) != key.ID.String() {
		t.Fatalf("the cookie is not under the default key %v, %v", key.ID, err)
	}
	if _, err := terminal.RevokeKey(t.Context(), key.ID, ""); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		_, text := s.read(http.MethodGet, "/", nil)
		if strings.Count(text, `data-user=""`) == 3 && first(text, `id="refused">(.*)</p>`) == "<b>Your cookie was refused.</b> Its key has been revoked." {
			break
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("still signed in:\n%s", text)
		}
	}
}

func TestNothingIsWrittenToAReadOnlyRing(t *testing.T) {
	ring := filepath.Join(t.TempDir(), "ring")
	if _, err := openFarm(t.Context(), farmOptions{Ring: ring, ReadOnly: true, WithoutDotnet: true}); err == nil {
		t.Fatal("a farm without keys opens")
	}
	if _, err := os.Stat(ring); err == nil {
		t.Error("the directory has been made")
	}
	s := newSite(t, farmOptions{Ring: ring, WithoutDotnet: true})
	s.read(http.MethodPost, "/signin", url.Values{"name": {"Anna"}})
	id := s.ring.Snapshot().Keys()[0].ID.String()

	reader := newSite(t, farmOptions{Ring: ring, ReadOnly: true, WithoutDotnet: true})
	reader.client = s.client // cookies are for hosts, not for ports
	if name, _ := reader.user(); name != "Anna" {
		t.Errorf("it says %q", name)
	}
	for path, form := range map[string]url.Values{"/rotate": {}, "/revoke": {"key": {id}}} {
		if status, _ := reader.read(http.MethodPost, path, form); status != http.StatusForbidden {
			t.Errorf("%s: status %d", path, status)
		}
	}
	if _, text := reader.read(http.MethodGet, "/", nil); strings.Contains(text, `action="/rotate"`) || strings.Contains(text, `action="/revoke"`) {
		t.Error("there are buttons for it")
	}
	if files, _ := os.ReadDir(ring); len(files) != 1 {
		t.Errorf("the ring holds %v", files)
	}
}

func TestForgedRequestsAreRefused(t *testing.T) {
	s := newSite(t, farmOptions{WithoutDotnet: true})
	for _, path := range []string{"/signin", "/signout", "/rotate", "/revoke", "/kill", "/start"} {
		if status, _ := s.read(http.MethodPost, path, url.Values{}, "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
			t.Errorf("%s from another site: status %d", path, status)
		}
		if status, _ := s.read(http.MethodGet, path, nil); status != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: status %d", path, status)
		}
		if status, _ := s.read(http.MethodPost, path, url.Values{}, "Host", "evil.example"); status != http.StatusMisdirectedRequest {
			t.Errorf("%s by another name: status %d", path, status)
		}
	}
	for _, address := range []string{"0.0.0.0:0", ":0", "example.org:80", "nonsense"} {
		if l, err := listenLoopback(address); err == nil {
			l.Close()
			t.Errorf("listens on %s", address)
		}
	}
}

// The nodes refuse them by themselves too, in either language alike.
func TestEveryNodeRefusesForgedRequests(t *testing.T) {
	_, missing := findDotnet()
	if missing != nil && os.Getenv("CI") == "true" {
		t.Error(missing)
	}
	s := newSite(t, farmOptions{})
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, m := range s.members {
		if err := m.start(t.Context()); err != nil {
			t.Fatal(err)
		}
		here := m.look().At.Host
		s.url = "http://" + here
		for _, test := range []struct {
			site, origin string
			status       int
		}{
			{"", "", http.StatusSeeOther}, // no browser
			{"same-origin", "http://" + here, http.StatusSeeOther},
			{"none", "", http.StatusSeeOther},
			{"same-origin", "http://evil.example", http.StatusSeeOther}, // behind a proxy that names the node otherwise
			{"cross-site", "http://" + here, http.StatusForbidden},
			{"cross-site", "", http.StatusForbidden},
			{"same-site", "", http.StatusForbidden},
			{"", "http://" + here, http.StatusSeeOther},
			{"", "https://" + here, http.StatusSeeOther},
			{"", "http://evil.example", http.StatusForbidden},
			{"", "http://evil.example/" + here, http.StatusForbidden},
			{"", "http://" + here + ".evil.example", http.StatusForbidden},
			{"", "http://127.0.0.1:1", http.StatusForbidden},
			{"", "null", http.StatusForbidden},
			{"", here, http.StatusForbidden},
		} {
			header := []string{}
			if test.site != "" {
				header = append(header, "Sec-Fetch-Site", test.site)
			}
			if test.origin != "" {
				header = append(header, "Origin", test.origin)
			}
			if status, _ := s.read(http.MethodPost, "/signout", url.Values{}, header...); status != test.status {
				t.Errorf("%s: Sec-Fetch-Site %q, Origin %q: status %d", m.name, test.site, test.origin, status)
			}
		}
	}
	if missing != nil {
		t.Skip("without the node in ASP.NET Core: ", missing)
	}
}

func TestNoProcessStays(t *testing.T) {
	s := newSite(t, farmOptions{WithoutDotnet: true})
	ends := []chan struct{}{}
	for _, m := range s.members {
		ends = append(ends, m.done)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for i, done := range ends {
		select {
		case <-done:
		default:
			t.Errorf("%s still runs", s.members[i].name)
		}
	}
	if err := s.members[0].start(t.Context()); err == nil {
		t.Error("a node starts in a farm that has closed")
	}
}
