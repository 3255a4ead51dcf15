package cookies_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"dataprotection.example/protector/cookies"
)

// Whatever a browser sends: no panic, a value no longer than what came, and
// no more cookies deleted than came.
func FuzzGet(f *testing.F) {
	for _, seed := range []string{
		"", "a=1", "a=chunks-2; aC1=x; aC2=y", "a=chunks-2147483647; aC1=x", "a=chunks-0", "A=\"q\"; a=%41%", "a=chunks-1; aC1=",
		"a=chunks-00000000000000000000001; ac1=x", ";;=;a", "a=chunks-1; aC1=chunks-1", "aC1=1; aC2=2",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := asking(header)
		c := cookies.Chunks{MaxSize: 100}
		value, err := c.Get(r, "a")
		switch {
		case err != nil && !errors.Is(err, http.ErrNoCookie) && !errors.Is(err, cookies.ErrTooLarge):
			t.Error(err)
		case (err == nil) != (value != "") || len(value) > min(100, len(header)):
			t.Errorf("%q, %v", value, err)
		}
		w := httptest.NewRecorder()
		if err := c.Delete(w, r, lax("a", "")); err != nil {
			t.Error(err)
		}
		if n := len(w.Header()["Set-Cookie"]); n > 1+strings.Count(header, "=") {
			t.Errorf("deletes %d cookies", n)
		}
	})
}

// What is set comes back, or is refused as a whole.
func FuzzSet(f *testing.F) {
	f.Add("a", "value", "/", "example.org", 60)
	f.Add("a", strings.Repeat("v", 5000), "", "", 4050)
	f.Add("a;", "v\r\n", "/;x", "\n", 0)
	f.Add("é", "%41", "/é", "d", 80)
	f.Fuzz(func(t *testing.T, name, value, path, domain string, size int) {
		if len(path)+len(domain)+len(name) > 200 {
			t.Skip("each of thousands of pieces has them")
		}
		c := cookies.Chunks{ChunkSize: size}
		w := httptest.NewRecorder()
		err := c.Set(w, &http.Cookie{Name: name, Value: value, Path: path, Domain: domain})
		lines := w.Header()["Set-Cookie"]
		if err != nil {
			if len(lines) != 0 {
				t.Errorf("%v, and %q", err, lines)
			}
			return
		}
		for _, line := range lines {
			if strings.ContainsAny(line, "\r\n\x00") || !strings.HasPrefix(line, name) {
				t.Fatalf("%q", line)
			}
		}
		got, err := c.Get(sent(lines...), name)
		if value == "" && errors.Is(err, http.ErrNoCookie) {
			return
		}
		if err != nil || got != value {
			t.Errorf("%q, %v", got, err)
		}
	})
}
