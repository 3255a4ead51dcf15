package cookies_test

import (
	"io"
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

// watched is a body that knows how much of it has been read.
type watched struct {
	io.Reader
	read int
}

func (b *watched) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read += n
	return n, err
}

func (b *watched) Close() error { return nil }

// The form is read where the query says nothing, and no more of it than a form
// needs: whoever asks may be anybody.
func TestReturnURLInAForm(t *testing.T) {
	const form, upload = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	huge := strings.Repeat("&x=0123456789abcdef", 1<<20/16)
	part := "--b\r\nContent-Disposition: form-data; name=\"ReturnUrl\"\r\n\r\n/a\r\n--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nbob\r\n--b--\r\n"
	s := newSite(t, cookies.Options{})
	for name, test := range map[string]struct {
		method, query, contentType, body string
		want                             string
		atMost                           int // bytes read
	}{
		"form":             {"POST", "", form, "ReturnUrl=%2Fa&name=bob", "/a", 1 << 10},
		"form, charset":    {"POST", "", form + "; charset=utf-8", "ReturnUrl=%2Fa&name=bob", "/a", 1 << 10},
		"form elsewhere":   {"POST", "", form, "ReturnUrl=%2F%2Fevil.example&name=bob", "/", 1 << 10},
		"query and form":   {"POST", "?ReturnUrl=/b", form, "ReturnUrl=%2Fa&name=bob", "/b", 0},
		"query elsewhere":  {"POST", "?ReturnUrl=//evil.example", form, "ReturnUrl=%2Fa&name=bob", "/", 0},
		"large form":       {"POST", "", form, "ReturnUrl=%2Fa" + huge, "/", 1<<20 + 1},
		"upload":           {"POST", "", upload, part, "/", 0},
		"upload and query": {"POST", "?ReturnUrl=/b", upload, part, "/b", 0},
		"JSON":             {"POST", "", "application/json", `{"ReturnUrl":"/a"}`, "/", 0},
		"no type":          {"POST", "", "", "ReturnUrl=%2Fa", "/", 0},
		"broken form":      {"POST", "", form, "ReturnUrl=%2Fa&%zz", "/a", 1 << 10},
		"GET with a body":  {"GET", "", form, "ReturnUrl=%2Fa", "/", 0},
	} {
		body := &watched{Reader: strings.NewReader(test.body)}
		r := httptest.NewRequest(test.method, "/Account/Login"+test.query, body)
		r.Header.Set("Content-Type", test.contentType)
		if got := s.ReturnURL(r); got != test.want || body.read > test.atMost {
			t.Errorf("%s: %q, %d bytes read", name, got, body.read)
		}
		if strings.Contains(test.body, "bob") && r.FormValue("name") != "bob" {
			t.Errorf("%s: the handler finds %q in the form", name, r.Form)
		}
	}

	// What a handler has read already counts, whatever it came in.
	for contentType, body := range map[string]string{form: "ReturnUrl=%2Fa", upload: part} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		r.FormValue("name")
		if got := s.ReturnURL(r); got != "/a" {
			t.Errorf("%s: %q", contentType, got)
		}
	}
	if got := s.ReturnURL(&http.Request{Method: "POST", URL: &url.URL{}, Header: http.Header{"Content-Type": {form}}}); got != "/" {
		t.Errorf("no body: %q", got)
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
