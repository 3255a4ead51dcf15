package cookies_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dataprotection.example/protector/cookies"
	"dataprotection.example/testdata"
)

// lax is a cookie with the attributes that ASP.NET gives its own.
func lax(name, value string) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// set returns the Set-Cookie headers of a value.
func set(t testing.TB, c cookies.Chunks, cookie *http.Cookie) []string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := c.Set(w, cookie); err != nil {
		t.Fatal(err)
	}
	return w.Header()["Set-Cookie"]
}

// sent returns a request with the cookies that a browser would send.
func sent(lines ...string) *http.Request {
	var pairs []string
	for _, line := range lines {
		pair, _, _ := strings.Cut(line, ";")
		pairs = append(pairs, pair)
	}
	return asking(strings.Join(pairs, "; "))
}

// asking returns a request with a Cookie header.
func asking(header ...string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header["Cookie"] = header
	return r
}

func TestChunksAreCutWhereDotnetCutsThem(t *testing.T) {
	tests := []struct {
		length int
		sizes  []int // of the data in each cookie after the first; nil for one cookie
	}{
		{0, nil},
		{3997, nil},
		{3998, []int{3995, 3}},
		{2 * 3995, []int{3995, 3995}},
		{2*3995 + 1, []int{3995, 3995, 1}},
	}
	for _, test := range tests {
		value := strings.Repeat("a", test.length)
		lines := set(t, cookies.Chunks{}, lax(".AspNetCore.Cookies", value))
		var want []string
		if test.sizes == nil {
			want = []string{".AspNetCore.Cookies=" + value + "; path=/; samesite=lax; httponly"}
		} else {
			want = []string{fmt.Sprintf(".AspNetCore.Cookies=chunks-%d; path=/; samesite=lax; httponly", len(test.sizes))}
			for i, size := range test.sizes {
				want = append(want, fmt.Sprintf(".AspNetCore.CookiesC%d=%s; path=/; samesite=lax; httponly", i+1, strings.Repeat("a", size)))
			}
		}
		if !slices.Equal(lines, want) {
			t.Errorf("%d characters: %d cookies, the first %.80q", test.length, len(lines), lines[0])
		}
		if got, err := (cookies.Chunks{}).Get(sent(lines...), ".AspNetCore.Cookies"); test.length > 0 && (err != nil || got != value) {
			t.Errorf("%d characters came back as %d, %v", test.length, len(got), err)
		}
	}
}

// Every Set-Cookie header that ASP.NET was recorded to write for a ticket, made
// anew from the payload, and read.
func TestRecordedCookiesAreCutAndRead(t *testing.T) {
	all, err := testdata.Vectors()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, v := range all {
		var entry struct{ SetCookie []string }
		if err := json.Unmarshal(v.Raw, &entry); err != nil {
			t.Fatal(err)
		}
		if v.Kind != "authentication-cookie" || entry.SetCookie == nil {
			continue
		}
		seen++
		t.Run(v.Name, func(t *testing.T) {
			const name = ".AspNetCore.Cookies"
			cookie := lax(name, v.Payload)
			if _, rest, persistent := strings.Cut(entry.SetCookie[0], "expires="); persistent {
				date, _, _ := strings.Cut(rest, ";")
				if cookie.Expires, err = http.ParseTime(date); err != nil {
					t.Fatal(err)
				}
			}
			if lines := set(t, cookies.Chunks{}, cookie); !slices.Equal(lines, entry.SetCookie) {
				t.Errorf("set\n%.300q\nwant\n%.300q", lines, entry.SetCookie)
			}
			if got, err := (cookies.Chunks{}).Get(sent(entry.SetCookie...), name); err != nil || got != v.Payload {
				t.Errorf("got %.40q, %v", got, err)
			}
		})
	}
	if seen < 3 {
		t.Errorf("only %d recordings", seen)
	}
}

func TestSetCookieText(t *testing.T) {
	cookie := &http.Cookie{
		Name: "n", Value: "a b/é+", Path: "/p", Domain: "example.org", MaxAge: 60, Secure: true, HttpOnly: true, Partitioned: true,
		Expires: time.Date(2026, 12, 5, 22, 25, 57, 999, time.FixedZone("", 3600)), SameSite: http.SameSiteNoneMode,
	}
	want := "n=a%20b%2F%C3%A9%2B; expires=Sat, 05 Dec 2026 21:25:57 GMT; max-age=60; domain=example.org; path=/p; secure; samesite=none; httponly; partitioned"
	lines := set(t, cookies.Chunks{}, cookie)
	if !slices.Equal(lines, []string{want}) {
		t.Errorf("%q", lines)
	}
	if got, err := (cookies.Chunks{}).Get(sent(lines...), "n"); err != nil || got != cookie.Value {
		t.Errorf("%q, %v", got, err)
	}
	if lines := set(t, cookies.Chunks{}, &http.Cookie{Name: "n", MaxAge: -1, SameSite: http.SameSiteStrictMode}); lines[0] != "n=; max-age=0; samesite=strict" {
		t.Errorf("%q", lines)
	}
}

func TestReadingCookies(t *testing.T) {
	tests := []struct {
		name   string
		header []string
		want   string // "" for none
	}{
		{"none", nil, ""},
		{"other", []string{"b=1; ab=2"}, ""},
		{"empty", []string{"a="}, ""},
		{"without =", []string{"a"}, ""},
		{"one", []string{"b=2; a=1"}, "1"},
		{"any case", []string{"A=1"}, "1"},
		{"not any letter", []string{"\u212a=1"}, ""},
		{"the last", []string{"a=1; A=2; b=4; a=3"}, "3"},
		{"the last header", []string{"a=1", "a=2"}, "2"},
		{"quotes", []string{`a="1"`}, `"1"`},
		{"=", []string{"a=b=c="}, "b=c="},
		{"blanks", []string{" \ta = 1 \t;"}, "1"},
		{"escapes", []string{"a=%41%zz%4"}, "A%zz%4"},
		{"pieces", []string{"a=chunks-2; aC1=1; aC2=22"}, "122"},
		{"pieces in any order and case", []string{"Ac2=22; aC1=1; A=chunks-2"}, "122"},
		{"escaped count and pieces", []string{"a=chunks%2D2; aC1=%31; aC2=2"}, "12"},
		{"leading zeros", []string{"a=chunks-002; aC1=1; aC2=2"}, "12"},
		{"more pieces than counted", []string{"a=chunks-1; aC1=1; aC2=2"}, "1"},
		{"no pieces counted", []string{"a=chunks-0; aC1=1"}, "chunks-0"},
		{"missing", []string{"a=chunks-2; aC1=1; aC3=3"}, "chunks-2"},
		{"empty piece", []string{"a=chunks-2; aC1=; aC2=2"}, "chunks-2"},
		{"signed", []string{"a=chunks-+1; aC1=1"}, "chunks-+1"},
		{"negative", []string{"a=chunks--1; aC1=1"}, "chunks--1"},
		{"blank", []string{"a=chunks- 1; aC1=1"}, "chunks- 1"},
		{"hexadecimal", []string{"a=chunks-0x1; aC1=1"}, "chunks-0x1"},
		{"other digits", []string{"a=chunks-%D9%A1; aC1=1"}, "chunks-\u0661"},
		{"another case", []string{"a=Chunks-1; aC1=1"}, "Chunks-1"},
		{"the largest number", []string{"a=chunks-2147483647; aC1=1"}, "chunks-2147483647"},
		{"a larger number", []string{"a=chunks-2147483648; aC1=1"}, "chunks-2147483648"},
		{"the largest of 64 bits", []string{"a=chunks-18446744073709551617; aC1=1"}, "chunks-18446744073709551617"},
		{"count in a piece", []string{"a=chunks-1; aC1=chunks-1"}, "chunks-1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			name := "a"
			if test.name == "not any letter" {
				name = "k"
			}
			got, err := (cookies.Chunks{}).Get(asking(test.header...), name)
			if got != test.want || (err != nil) != (test.want == "") || err != nil && !errors.Is(err, http.ErrNoCookie) {
				t.Errorf("%q, %v; want %q", got, err, test.want)
			}
		})
	}
}

// A count costs nothing unless the pieces came too.
func TestCountsAllocateNothing(t *testing.T) {
	measure := func(n string) float64 {
		r := asking("a=chunks-" + n + "; aC1=1; aC2=2")
		return testing.AllocsPerRun(20, func() { (cookies.Chunks{}).Get(r, "a") })
	}
	if small, large := measure("3"), measure("2147483647"); large > small {
		t.Errorf("%v allocations, and %v for a count of 3", large, small)
	}
}

func TestSizesAreBounded(t *testing.T) {
	c := cookies.Chunks{MaxSize: 5000}
	if err := c.Set(httptest.NewRecorder(), lax("a", strings.Repeat("x", 5001))); !errors.Is(err, cookies.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	lines := set(t, c, lax("a", strings.Repeat("x", 5000)))
	if got, err := c.Get(sent(lines...), "a"); err != nil || len(got) != 5000 {
		t.Errorf("%d, %v", len(got), err)
	}
	c.MaxSize--
	if got, err := c.Get(sent(lines...), "a"); !errors.Is(err, cookies.ErrTooLarge) || got != "" {
		t.Errorf("%d, %v", len(got), err)
	}
	if _, err := (cookies.Chunks{}).Get(asking("a="+strings.Repeat("x", cookies.DefaultMaxSize+1)), "a"); !errors.Is(err, cookies.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

func TestCookiesThatCannotBe(t *testing.T) {
	for name, cookie := range map[string]*http.Cookie{
		"no name":       lax("", "v"),
		"blank":         lax("a b", "v"),
		"semicolon":     lax("a;b", "v"),
		"equals":        lax("a=b", "v"),
		"line":          lax("a\r\nSet-Cookie: b", "v"),
		"not ASCII":     lax("é", "v"),
		"NUL":           lax("a\x00", "v"),
		"path":          {Name: "a", Path: "/; domain=evil.example"},
		"path's line":   {Name: "a", Path: "/\r\nX: y"},
		"domain":        {Name: "a", Domain: "a;b"},
		"no room":       {Name: "a", Path: "/" + strings.Repeat("p", 4050), Value: "v"},
		"expires late":  {Name: "a", Expires: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"expires early": {Name: "a", Expires: time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		w := httptest.NewRecorder()
		if err := (cookies.Chunks{}).Set(w, cookie); err == nil || len(w.Header()) != 0 {
			t.Errorf("%s: %v, set %q", name, err, w.Header())
		}
	}
}

func TestDelete(t *testing.T) {
	const gone = "=; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/; samesite=lax; httponly"
	for header, want := range map[string][]string{
		"":                                   {"a" + gone},
		"a=1; aC1=2":                         {"a" + gone},
		"a=chunks-2; aC1=1; aC2=2":           {"a" + gone, "aC1" + gone, "aC2" + gone},
		"a=chunks-3; aC1=1; aC3=2":           {"a" + gone, "aC1" + gone},
		"a=chunks-2147483647; aC1=1":         {"a" + gone, "aC1" + gone},
		"a=chunks-99999999999999999999; aC1": {"a" + gone},
	} {
		w := httptest.NewRecorder()
		w.Header()["Set-Cookie"] = []string{
			"a=just set; path=/", "aC1=piece; path=/; secure", // taken back
			"ab=another; path=/", "aCx=another; path=/", "a=elsewhere; path=/x", "a=there; domain=d; path=/", // left
		}
		if err := (cookies.Chunks{}).Delete(w, asking(header), lax("a", "ignored")); err != nil {
			t.Fatal(err)
		}
		if lines := w.Header()["Set-Cookie"]; len(lines) < 5 || !slices.Equal(lines[4:], want) {
			t.Errorf("%q: %q", header, lines)
		}
	}
	if err := (cookies.Chunks{}).Delete(httptest.NewRecorder(), asking(), lax("a b", "")); err == nil {
		t.Error("no error")
	}
}

func TestSettingTwiceLeavesTheSecond(t *testing.T) {
	w := httptest.NewRecorder()
	for _, value := range []string{strings.Repeat("x", 9000), "y"} {
		if err := (cookies.Chunks{}).Set(w, lax("a", value)); err != nil {
			t.Fatal(err)
		}
	}
	if lines := w.Header()["Set-Cookie"]; len(lines) != 1 || !strings.HasPrefix(lines[0], "a=y;") {
		t.Errorf("%.60q", lines)
	}
}

func TestWhatIsSetComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := cookies.Chunks{ChunkSize: rapid.IntRange(100, 300).Draw(t, "chunk size")}
		value := rapid.StringN(1, 3000, 3000).Draw(t, "value")
		w := httptest.NewRecorder()
		if err := c.Set(w, lax("name", value)); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Get(sent(w.Header()["Set-Cookie"]...), "name"); err != nil || got != value {
			t.Errorf("%q, %v", got, err)
		}
	})
}
