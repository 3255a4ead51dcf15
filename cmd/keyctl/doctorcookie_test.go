package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/protector/authticket"
	"dataprotection.example/testdata"
)

// recordedCookie makes c's ring that of a recorded cookie, and returns its value and
// the Set-Cookie headers that it came in.
func (c *console) recordedCookie(name string) (value string, headers []string) {
	c.t.Helper()
	all, err := testdata.Vectors()
	if err != nil {
		c.t.Fatal(err)
	}
	for _, v := range all {
		if v.Name != name {
			continue
		}
		var recorded struct{ SetCookie []string }
		if err := json.Unmarshal(v.Raw, &recorded); err != nil {
			c.t.Fatal(err)
		}
		if err := testdata.CopyRing(c.dir, v.Ring); err != nil {
			c.t.Fatal(err)
		}
		for _, name := range elementFiles(c.dir) { // written when the ring was, not now
			if err := os.Chtimes(filepath.Join(c.dir, name), time.Time{}, time.Unix(0, 0)); err != nil {
				c.t.Fatal(err)
			}
		}
		return v.Payload, recorded.SetCookie
	}
	c.t.Fatalf("no vector is called %s", name)
	return "", nil
}

// cookieHeader is what a browser sends after it has received headers.
func cookieHeader(headers []string) string {
	pairs := []string{"theme=dark"}
	for _, h := range headers {
		pair, _, _ := strings.Cut(h, ";")
		pairs = append(pairs, pair)
	}
	return "Cookie: " + strings.Join(append(pairs, "last=1"), "; ")
}

// signedOut runs doctor with a cookie pasted, which nothing of must be shown.
func (c *console) signedOut(status int, pasted string, args ...string) (codes string, r result) {
	c.t.Helper()
	r = c.must(status, pasted, append([]string{"doctor", "--unencrypted", "--payload", "-", "-o", "json"}, args...)...)
	var all []findingView
	if err := json.Unmarshal([]byte(r.stdout), &all); err != nil {
		c.t.Fatal(err)
	}
	var names []string
	for _, f := range all {
		if f.Message == "" || f.Fix == "" {
			c.t.Errorf("got %+v", f)
		}
		if strings.HasPrefix(string(f.Code), "payload-") || strings.HasPrefix(string(f.Code), "not-a-") {
			names = append(names, string(f.Code))
		}
	}
	for _, inside := range []string{"bob", "admin", "nameidentifier"} {
		if strings.Contains(r.stdout+r.stderr, inside) {
			c.t.Errorf("doctor shows %q:\n%s%s", inside, r.stdout, r.stderr)
		}
	}
	return strings.Join(names, " "), r
}

// TestWhyAUserIsSignedOut: cookies of a real ASP.NET Core, pasted in all the ways
// that a person has them at hand.
func TestWhyAUserIsSignedOut(t *testing.T) {
	for name, until := range map[string]string{
		"cookie /signin?n=1&persist=1": "2026-12-05T22:29:01Z",
		"cookie chunked":               "",
	} {
		c := newConsole(t, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
		value, headers := c.recordedCookie(name)
		header := cookieHeader(headers)
		for how, pasted := range map[string]string{
			"the value":            value + "\n",
			"Set-Cookie headers":   "Set-Cookie: " + strings.Join(headers, "\r\nSet-Cookie: "),
			"a Cookie header":      header,
			"the same, bare":       strings.TrimPrefix(header, "Cookie: "),
			"lines of name=value":  strings.ReplaceAll(strings.TrimPrefix(header, "Cookie: "), "; ", "\n"),
			"a header of curl's":   "cookie:" + strings.TrimPrefix(header, "Cookie: "),
			"with a cookie beside": header + "; .AspNetCore.Antiforgery.x=CfDJ8AAAA",
		} {
			codes, r := c.signedOut(exitDone, pasted, "--scheme", "Cookies", "--app", "app")
			if codes != "" || !strings.Contains(r.stderr, "the cookie opens, until "+until) {
				t.Errorf("%s, %s: %q, %s", name, how, codes, r.stderr)
			}
			if codes, _ := c.signedOut(exitUnmet, pasted, "--scheme", "Cookies", "--app", "App/"); codes != "payload-application" {
				t.Errorf("%s, %s, another application: %q", name, how, codes)
			}
		}
	}
}

func TestWhyAUserIsSignedOutForEachReason(t *testing.T) {
	c := newConsole(t, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	value, headers := c.recordedCookie("cookie /signin?n=1&persist=1")
	header := cookieHeader(headers)
	check := func(want, says string, pasted string, args ...string) {
		t.Helper()
		if codes, r := c.signedOut(exitUnmet, pasted, args...); codes != want || !strings.Contains(r.stdout, says) {
			t.Errorf("%v: got %q, want %q that says %q:\n%s", args, codes, want, says, r.stdout)
		}
	}
	check("payload-scheme", `for the authentication scheme \"Cookies\", and not for \"cookies\"`, header, "--scheme", "cookies", "--app", "app")
	check("payload-scheme payload-application", "", header, "--scheme", "Identity.Application", "--app", "App")
	check("payload-purposes", `\"Cookies\" or another usual one with the application name \"shop\"`, header, "--scheme", "Cookies", "--app", "shop")

	// Without a scheme nobody can tell, but the key is well.
	if codes, r := c.signedOut(exitDone, header); codes != "" || !strings.Contains(r.stderr, "which is well; whether it opens depends") {
		t.Errorf("got %q, %s", codes, r.stderr)
	}
	// What is protected for the cookie's purposes and is no ticket.
	purposes := authticket.CookiePurposes("Cookies")
	args := []string{"protect", "--app", "app"}
	for _, p := range purposes {
		args = append(args, "--purpose", p)
	}
	check("not-a-ticket", "signs nobody in", c.must(exitDone, "some text", args...).stdout, "--scheme", "Cookies", "--app", "app")

	c.now = time.Date(2026, 12, 5, 22, 29, 1, 0, time.UTC)
	check("payload-expired", "the payload expired on 2026-12-05T22:29:01Z", header, "--scheme", "Cookies", "--app", "app")
	check("payload-application payload-expired", "", value, "--scheme", "Cookies", "--app", "APP")
	c.must(exitDone, "", "revoke", "2e4fc2d7-f66a-442e-8fb1-46107e80ed4c")
	check("payload-key-revoked", "", header, "--scheme", "Cookies", "--app", "app")
	c.dir = filepath.Join(t.TempDir(), "other")
	c.must(exitDone, "", "create")
	check("payload-key-absent", "", header, "--scheme", "Cookies", "--app", "app")
}

// TestDoctorAndPiecesOfACookie: a piece that a browser or a proxy has lost is a
// reason too.
func TestDoctorAndPiecesOfACookie(t *testing.T) {
	c := newConsole(t, noon)
	_, headers := c.recordedCookie("cookie chunked")
	header := cookieHeader(headers[:len(headers)-1])
	codes, r := c.signedOut(exitUnmet, header, "--scheme", "Cookies")
	if codes != string(keyring.CodeNotAPayload) || !strings.Contains(r.stdout, "the cookie .AspNetCore.Cookies is in 3 pieces, and not all of them are on standard input") {
		t.Errorf("got %q, %s", codes, r.stdout)
	}
	file := filepath.Join(t.TempDir(), "headers.txt")
	if err := os.WriteFile(file, []byte("chunks-3\nCfDJ8AAAA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f := c.diagnosed(exitUnmet, "--payload", file)[keyring.CodeNotAPayload]; f.Message != "this is no payload: the cookie is in 3 pieces, and 1 in "+file {
		t.Errorf("got %+v", f)
	}
}

// TestDoctorAndOneOfManyCookies: which one is meant must be clear.
func TestDoctorAndOneOfManyCookies(t *testing.T) {
	c := newConsole(t, noon)
	value, _ := c.recordedCookie("cookie /signin?n=1&persist=1")
	header := "Cookie: shop=" + value + "; .AspNetCore.Antiforgery.x=CfDJ8AAAA"
	r := c.must(exitFailed, header, "doctor", "--payload", "-", "--scheme", "Cookies")
	if !strings.Contains(r.stderr, "the cookie .AspNetCore.Cookies is not on standard input") ||
		!strings.Contains(r.stderr, "name it with --cookie, if the application does; there are shop, .AspNetCore.Antiforgery.x") || strings.Contains(r.stderr, value[:20]) {
		t.Errorf("got %s", r.stderr)
	}
	if codes, r := c.signedOut(exitUnmet, header, "--cookie", "shop", "--scheme", "Cookies", "--app", "App"); codes != "payload-application payload-expired" {
		t.Errorf("got %q, %s", codes, r.stderr)
	}
	c.must(exitFailed, header, "doctor", "--payload", "-", "--cookie", "other")
}

func TestDoctorCookieUsage(t *testing.T) {
	c := newConsole(t, noon)
	c.must(exitDone, "", "create")
	for _, args := range [][]string{
		{"--scheme", "Cookies"},
		{"--cookie", "x"},
		{"--payload", "-", "--scheme", ""},
		{"--payload", "-", "--cookie", ""},
		{"--payload", "-", "--scheme", "a\xff"},
		{"--payload", "-", "--scheme", "Cookies", "--purpose", "p"},
		{"--payload", "CfDJ8AAAA"},
		{"--payload", "Cookie: .AspNetCore.Cookies=CfDJ8AAAA"},
	} {
		if r := c.must(exitUsage, "", append([]string{"doctor"}, args...)...); strings.Contains(r.stderr, "CfDJ8AAAA") {
			t.Errorf("%q: the payload is repeated: %s", args, r.stderr)
		}
	}
}
