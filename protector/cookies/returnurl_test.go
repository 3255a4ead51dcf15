package cookies_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"dataprotection.example/protector/cookies"
)

func TestLocalURLs(t *testing.T) {
	for _, address := range []string{
		"/", "/a", "/a/b/", "/a?b=c", "/?next=https://example.org//x", "/a#//b", "/a%20b", "/%C3%A9", "/a:b@c", "/.hidden", "/a/../b", "/~x", "/a;b=c?d[]=%2F%2F",
	} {
		if !cookies.IsLocalURL(address) {
			t.Errorf("%q is refused", address)
		}
	}
	for _, address := range []string{
		"", " ", "a", "a/b", "?a", "#a", ".", "..", "./a", "~/a", "index.html",
		"https://evil.example", "HTTPS://evil.example", "http:evil.example", "http:/evil.example", "https:///evil.example", "ftp://evil.example",
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "mailto:a@b", "vbscript:x", "//javascript:alert(1)",
		"//evil.example", "///evil.example", "////evil.example", "//evil.example/%2f..", "//", "//@evil.example", "//evil.example:80/", "//user@evil.example",
		`\evil.example`, `\\evil.example`, `/\evil.example`, `/\/evil.example`, `\/evil.example`, `\/\/evil.example`, `/\\evil.example`, `/a\b`, `/a?b=\`,
		"/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "/\r\n/evil.example", "\t//evil.example", "\n//evil.example", " //evil.example", "/ /evil.example",
		"/\x00/evil.example", "/\x0b/evil.example", "/\x1f/evil.example", "/\x7f/evil.example", "\x00//evil.example", "\x01/a", "/a\r\nSet-Cookie: x=y",
		"/%2fevil.example", "/%2Fevil.example", "/%5cevil.example", "/%5C/evil.example", "/%09/evil.example", "/%0a/evil.example", "/%0d%0aX:y", "/%00", "/%7f",
		"/.//evil.example", "/..//evil.example", "/a/..//evil.example", "/./\\evil.example", "/%2e%2e//evil.example", "/a//b", "/a/%2f/b",
		"/%", "/%zz", "/%2", "/é", "/\u2028/evil.example", "/\u00a0/evil.example", "/\ufeff/evil.example", "\ufeff//evil.example",
		"/／evil.example", "／／evil.example", "/。evil.example", "/\xff", "/\xc0\xaf/evil.example", "\u00ad//evil.example", "/\u200b/evil.example",
		"<script>", "evil.example", "www.evil.example/", "localhost", "@evil.example", ":80", "[::1]", "https:evil.example", "https:\\evil.example", "http://///evil.example",
	} {
		if cookies.IsLocalURL(address) {
			t.Errorf("%q is accepted", address)
		}
	}
}

// What is accepted stays on the host, by net/url's reading.
func FuzzIsLocalURL(f *testing.F) {
	for _, seed := range []string{"/", "//e", `/\e`, "/a?b#c", "/%2f", "http://e", "/\t/e", "/..//e"} {
		f.Add(seed)
	}
	base, err := url.Parse("https://here.example/a/b")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if !cookies.IsLocalURL(address) {
			return
		}
		// What a browser does before it reads it.
		asBrowser := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimFunc(address, func(r rune) bool { return r <= ' ' }))
		to, err := base.Parse(asBrowser)
		if err != nil || to.Scheme != "https" || to.Host != "here.example" || strings.HasPrefix(to.Path, "//") {
			t.Errorf("%q leads to %v, %v", address, to, err)
		}
	})
}

func TestReturnURL(t *testing.T) {
	s := newSite(t, cookies.Options{})
	for query, want := range map[string]string{
		"":                           "/",
		"?ReturnUrl=%2Fa%3Fb%3Dc":    "/a?b=c",
		"?ReturnUrl=%2F%2Fevil":      "/",
		"?ReturnUrl=%2F%09%2Fevil":   "/",
		"?ReturnUrl=https://evil/":   "/",
		"?returnurl=%2Fa":            "/",
		"?ReturnUrl=%2F%2Fx&Other=1": "/",
	} {
		if got := s.ReturnURL(httptest.NewRequest("GET", "/Account/Login"+query, nil)); got != want {
			t.Errorf("%s: %q", query, got)
		}
	}
}

func TestChallenge(t *testing.T) {
	s := newSite(t, cookies.Options{})
	custom := newSite(t, cookies.Options{LoginPath: "/in?lang=de", AccessDeniedPath: "/no", ReturnURLParameter: "next page"})
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("the content")) })
	for _, test := range []struct {
		site   *site
		target string
		script bool
		status int
		want   string
	}{
		{s, "/a?b=c&d=%2F", false, 302, "/Account/Login?ReturnUrl=%2Fa%3Fb%3Dc%26d%3D%252F"},
		{s, "/%C3%A9", false, 302, "/Account/Login?ReturnUrl=%2F%25C3%25A9"},
		{s, "/%2F/evil", false, 302, "/Account/Login"},
		{s, "/a", true, 401, "/Account/Login?ReturnUrl=%2Fa"},
		{custom, "/a", false, 302, "/in?lang=de&next+page=%2Fa"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", test.target, nil)
		if test.script {
			r.Header.Set("X-Requested-With", "XMLHttpRequest")
		}
		test.site.Middleware(test.site.RequireSignIn(page)).ServeHTTP(w, r)
		if w.Code != test.status || w.Header().Get("Location") != test.want || strings.Contains(w.Body.String(), "the content") {
			t.Errorf("%s: %d to %q", test.target, w.Code, w.Header().Get("Location"))
		}
	}

	w := httptest.NewRecorder()
	s.Middleware(s.RequireSignIn(page)).ServeHTTP(w, sent(setBy(s.signIn(bob()))...))
	if w.Code != 200 || w.Body.String() != "the content" {
		t.Errorf("signed in: %d %q", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	custom.Forbid(w, httptest.NewRequest("GET", "/a", nil))
	if w.Code != 302 || w.Header().Get("Location") != "/no?next+page=%2Fa" {
		t.Errorf("forbidden: %d %q", w.Code, w.Header())
	}
}

// A cookie can be good and say of nobody that he has signed in: ASP.NET keeps an
// anonymous principal in one too.
func TestWhoHasNoAuthenticationTypeIsChallenged(t *testing.T) {
	s := newSite(t, cookies.Options{})
	ticket := bob()
	ticket.Identities[0].AuthenticationType = ""
	ticket.Properties.SetExpires(start.Add(time.Hour))
	line := s.sealed(ticket)
	if seen, _ := s.visit([]string{line}); seen == nil || seen.Ticket.Name() != "bob" {
		t.Fatalf("%v", s.errors)
	}
	w := httptest.NewRecorder()
	s.Middleware(s.RequireSignIn(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the handler was asked")
	}))).ServeHTTP(w, sent(line))
	if w.Code != http.StatusFound {
		t.Errorf("status %d", w.Code)
	}
}
