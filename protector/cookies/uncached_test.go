package cookies_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dataprotection.example/protector/cookies"
)

// cacheable is a handler that wants its response in caches, as one for static
// files does.
func cacheable(write http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		w.Header().Set("Expires", "Fri, 01 Jan 2100 00:00:00 GMT")
		write(w, r)
	})
}

// recovering answers for handlers that panic.
func recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// A response with a cookie of ours is kept out of caches, however a handler
// writes it.
func TestRenewedCookiesAreNotCached(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file.txt")
	if err := os.WriteFile(file, []byte("body"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		write  http.HandlerFunc
		status int
		body   string
	}{
		"status":          {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, 404, ""},
		"body":            {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "body") }, 200, "body"},
		"status and body": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); io.WriteString(w, "body") }, 404, "body"},
		"nothing":         {func(http.ResponseWriter, *http.Request) {}, 200, ""},
		"file":            {func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) }, 200, "body"},
		"copy":            {func(w http.ResponseWriter, _ *http.Request) { io.Copy(w, io.LimitReader(strings.NewReader("body"), 4)) }, 200, "body"},
		"flush":           {func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush(); io.WriteString(w, "body") }, 200, "body"},
		"flush, asking":   {func(w http.ResponseWriter, _ *http.Request) { must(http.NewResponseController(w).Flush()) }, 200, ""},
		"deadline": {func(w http.ResponseWriter, _ *http.Request) {
			must(http.NewResponseController(w).SetWriteDeadline(time.Time{}))
		}, 200, ""},
		"another value": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("Cache-Control", "immutable")
			w.WriteHeader(200)
		}, 200, ""},
		"changes too late": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200)
			w.Header().Set("Cache-Control", "public")
		}, 200, ""},
		"panic": {func(http.ResponseWriter, *http.Request) { panic("handler") }, 500, ""},
		"interim": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("Cache-Control", "public")
			w.WriteHeader(http.StatusAccepted)
		}, 202, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, cookies.Options{})
			lines := setBy(s.signIn(bob()))
			s.now = start.AddDate(0, 0, 8)
			server := httptest.NewServer(recovering(s.Middleware(cacheable(test.write))))
			defer server.Close()
			status, body, h := get(t, server.URL, lines, func(interim int, h http.Header) { wantUncached(t, fmt.Sprint("interim ", interim), h) })
			if status != test.status || body != test.body {
				t.Errorf("%d %q", status, body)
			}
			wantUncached(t, "response", h)
		})
	}
}

// must is for handlers, whose panics tests see.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// get asks with cookies, and tells of interim responses.
func get(t *testing.T, url string, lines []string, interim func(status int, h http.Header)) (status int, body string, h http.Header) {
	t.Helper()
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(status int, h textproto.MIMEHeader) error {
		interim(status, http.Header(h))
		return nil
	}})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	must(err)
	r.Header = sent(lines...).Header
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header
}

func wantUncached(t *testing.T, what string, h http.Header) {
	t.Helper()
	if len(setBy(h)) != 1 || strings.Join(h["Cache-Control"], "|") != "no-cache,no-store" || h.Get("Pragma") != "no-cache" || h.Get("Expires") != "Thu, 01 Jan 1970 00:00:00 GMT" {
		t.Errorf("%s: %q", what, h)
	}
}

// It is every reason for a cookie that counts, and without a cookie nothing is
// touched.
func TestOnlyResponsesWithACookieAreKeptOutOfCaches(t *testing.T) {
	for name, test := range map[string]struct {
		age      time.Duration
		validate func(*http.Request, *cookies.Session) error
		cookie   bool
	}{
		"young":    {age: time.Hour},
		"renewed":  {age: 8 * 24 * time.Hour, cookie: true},
		"migrated": {validate: func(_ *http.Request, s *cookies.Session) error { s.RequiresMigration = true; return nil }, cookie: true},
		"rejected": {validate: func(*http.Request, *cookies.Session) error { return cookies.ErrRejected }, cookie: true},
		"refused":  {validate: func(*http.Request, *cookies.Session) error { return context.Canceled }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, cookies.Options{Validate: test.validate})
			lines := setBy(s.signIn(bob()))
			s.now = start.Add(test.age)
			w := httptest.NewRecorder()
			var given http.ResponseWriter
			s.Middleware(cacheable(func(w http.ResponseWriter, _ *http.Request) { given = w })).ServeHTTP(w, sent(lines...))
			if test.cookie {
				wantUncached(t, "response", w.Header())
			} else if given != w || len(setBy(w.Header())) != 0 || w.Header().Get("Cache-Control") != "public, max-age=3600" || w.Header().Get("Pragma") != "" {
				t.Errorf("%T, %q", given, w.Header())
			}
		})
	}
}

// A connection that a handler takes over is its own, renewed cookie or not.
func TestHijackedWhileRenewing(t *testing.T) {
	s := newSite(t, cookies.Options{})
	lines := setBy(s.signIn(bob()))
	s.now = start.AddDate(0, 0, 8)
	server := httptest.NewServer(s.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := w.(http.Hijacker).Hijack()
		must(err)
		defer conn.Close()
		fmt.Fprint(buffered, "HTTP/1.1 418 \r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
		must(buffered.Flush())
	})))
	defer server.Close()
	if status, body, h := get(t, server.URL, lines, nil); status != 418 || body != "ok" || len(setBy(h)) != 0 {
		t.Errorf("%d %q %q", status, body, h)
	}

	// A writer that cannot do a thing says so.
	s.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, _, err := w.(http.Hijacker).Hijack(); err == nil {
			t.Error("hijacked what cannot be")
		}
		if err := http.NewResponseController(w).Flush(); err == nil {
			t.Error("flushed what cannot be")
		}
	})).ServeHTTP(struct{ http.ResponseWriter }{httptest.NewRecorder()}, sent(lines...))
}
