package authticket_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"dataprotection.example/protector/authticket"
)

func properties(items ...authticket.Item) authticket.Properties {
	return authticket.Properties{Items: items}
}

func TestDatesMissingAndUnreadable(t *testing.T) {
	var none authticket.Properties
	if _, err := none.Expires(); !errors.Is(err, authticket.ErrNoDate) || errors.Is(err, authticket.ErrBadDate) {
		t.Errorf("missing: %v", err)
	}
	if _, err := none.Issued(); !errors.Is(err, authticket.ErrNoDate) {
		t.Errorf("missing: %v", err)
	}
	for _, text := range badDates {
		p := properties(authticket.Item{Key: ".issued", Value: text}, authticket.Item{Key: ".expires", Value: text})
		if got, err := p.Expires(); !errors.Is(err, authticket.ErrBadDate) || errors.Is(err, authticket.ErrNoDate) || !got.IsZero() {
			t.Errorf("%q expires %v, %v", text, got, err)
		}
		if got, err := p.Issued(); !errors.Is(err, authticket.ErrBadDate) {
			t.Errorf("%q issued %v, %v", text, got, err)
		}
	}
	for _, text := range goodDates {
		p := properties(authticket.Item{Key: ".expires", Value: text})
		if _, err := p.Expires(); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// goodDates and badDates are put to .NET as well.
var (
	goodDates = []string{
		"Sat, 21 Nov 2026 22:29:01 GMT", "sat, 21 nov 2026 22:29:01 GMT", "SAT, 21 NOV 2026 22:29:01 GMT",
		"Thu, 29 Feb 2024 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
	}
	badDates = []string{
		"", " ", "never", "Sun, 21 Nov 2026 22:29:01 GMT", "Sat, 21 Nov 2026 22:29:01 gmt", "Sat, 21 Nov 2026 22:29:01 Gmt",
		"Sat, 21 Nov 2026 22:29:01 UTC", "Sat, 21 Nov 2026 22:29:01", "Sat, 21 Nov 2026 22:29:01 GMT ", " Sat, 21 Nov 2026 22:29:01 GMT",
		"Sat,  21 Nov 2026 22:29:01 GMT", "Sat 21 Nov 2026 22:29:01 GMT", "Sun, 1 Nov 2026 22:29:01 GMT", "Sun,  1 Nov 2026 22:29:01 GMT",
		"Sun, 01 Nov 2026 22:29:01.5 GMT", "Sun, 01 Nov 2026 22:29:01,5 GMT", "Sat, 21 Nov 2026 22:29:60 GMT",
		"Sat, 21 Nov 2026 24:00:00 GMT", "Sat, 21 Nov 2026 2:29:01 GMT", "Sat, 21 Nov 26 22:29:01 GMT", "Sat, 01 Jan 0000 00:00:00 GMT",
		"Fri, 01 Jan 10000 00:00:00 GMT", "Thu, 31 Nov 2026 22:29:01 GMT", "Sun, 29 Feb 2026 22:29:01 GMT", "Saturday, 21 Nov 2026 22:29:01 GMT",
		"Sat, 21 November 2026 22:29:01 GMT", "2026-11-21T22:29:01Z", "Sat, 21 Nov 2026 22:29:01 GMT\x00", "Sat, 21 Nov -026 22:29:01 GMT",
		"Sat, 21 Nov 2026 22:29:01 +0000", "ſat, 21 Nov 2026 22:29:01 GMT", "Sat, 21 Nov 2026 22:29:+1 GMT", "Sat, 21 Nov 2026 22.29.01 GMT",
	}
)

func TestSettingDates(t *testing.T) {
	zone := time.FixedZone("", 2*60*60)
	for _, test := range []struct {
		set  time.Time
		text string
	}{
		{time.Date(2024, 1, 2, 4, 4, 5, 999_999_999, zone), "Tue, 02 Jan 2024 02:04:05 GMT"},
		{time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), "Thu, 01 Jan 2099 00:00:00 GMT"},
		{time.Time{}, "Mon, 01 Jan 0001 00:00:00 GMT"},
		{time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), "Mon, 01 Jan 0001 00:00:00 GMT"},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "Fri, 31 Dec 9999 23:59:59 GMT"},
		{time.Unix(math.MaxInt64/2, 0), "Fri, 31 Dec 9999 23:59:59 GMT"},
	} {
		p := properties(authticket.Item{Key: "a"}, authticket.Item{Key: ".expires", Value: "old"}, authticket.Item{Key: "b"})
		p.SetExpires(test.set)
		p.SetIssued(test.set)
		if p.Items[1] != (authticket.Item{Key: ".expires", Value: test.text}) || p.Items[3] != (authticket.Item{Key: ".issued", Value: test.text}) {
			t.Errorf("%v gives %v", test.set, p.Items)
		}
		expires, err := p.Expires()
		if err != nil || expires.Location() != time.UTC {
			t.Errorf("%v comes back as %v, %v", test.set, expires, err)
		}
	}
}

func TestFlagsAndRedirect(t *testing.T) {
	var p authticket.Properties
	if _, ok := p.AllowRefresh(); ok || p.Persistent() || p.RedirectURI() != "" {
		t.Error("an empty ticket says something")
	}
	p.SetPersistent(true)
	p.SetPersistent(true)
	p.SetRedirectURI("/x")
	p.SetAllowRefresh(false)
	if allow, ok := p.AllowRefresh(); allow || !ok || !p.Persistent() || p.RedirectURI() != "/x" || len(p.Items) != 3 {
		t.Errorf("%v", p.Items)
	}
	p.SetAllowRefresh(true)
	if allow, ok := p.AllowRefresh(); !allow || !ok {
		t.Errorf("%v", p.Items)
	}
	p.SetPersistent(false)
	p.SetRedirectURI("")
	if len(p.Items) != 1 || p.Items[0] != (authticket.Item{Key: ".refresh", Value: "True"}) {
		t.Errorf("%v", p.Items)
	}
}

func TestTokens(t *testing.T) {
	p := properties(authticket.Item{Key: "first"})
	a, b, c := authticket.Token{Name: "access token", Value: "A"}, authticket.Token{Name: "b", Value: "B"}, authticket.Token{Name: "é", Value: "C"}
	if err := p.SetTokens(a, b); err != nil {
		t.Fatal(err)
	}
	want := []authticket.Item{
		{Key: "first"}, {Key: ".Token.access token", Value: "A"}, {Key: ".Token.b", Value: "B"}, {Key: ".TokenNames", Value: "access token;b"},
	}
	for i, item := range p.Items {
		if item != want[i] {
			t.Errorf("item %d is %q: %q", i, item.Key, item.Value)
		}
	}
	if got, ok := p.Token("b"); got != "B" || !ok {
		t.Errorf("token b is %q, %v", got, ok)
	}
	if p.UpdateToken("c", "x") || !p.UpdateToken("b", "B2") {
		t.Error("updated a token that is not there, or not the one that is")
	}
	if tokens := p.Tokens(); len(tokens) != 2 || tokens[0] != a || tokens[1].Value != "B2" {
		t.Errorf("%d tokens", len(tokens))
	}

	for _, bad := range [][]authticket.Token{{c, {Name: "a;b"}}, {c, {}}, {a, b, a}} {
		if err := p.SetTokens(bad...); !errors.Is(err, authticket.ErrUnencodable) {
			t.Errorf("set %v: %v", bad, err)
		}
	}
	if len(p.Tokens()) != 2 {
		t.Error("a failed SetTokens changes something")
	}

	if err := p.SetTokens(c); err != nil {
		t.Fatal(err)
	}
	if tokens := p.Tokens(); len(tokens) != 1 || tokens[0] != c || len(p.Items) != 3 {
		t.Errorf("replaced by %v in %v", tokens, p.Items)
	}
	if err := p.SetTokens(); err != nil || p.Tokens() != nil || len(p.Items) != 1 {
		t.Errorf("removed: %v, %v", p.Items, err)
	}
}

func TestDictionary(t *testing.T) {
	var d authticket.Dictionary
	d.Delete("a")
	d.Set("a", "1")
	d.Set("b", "2")
	d.Set("A", "3")
	d.Set("a", "4")
	if len(d) != 3 || d[0] != (authticket.Item{Key: "a", Value: "4"}) {
		t.Errorf("%v", d)
	}
	if v, ok := d.Get("A"); v != "3" || !ok {
		t.Errorf("A is %q, %v", v, ok)
	}
	d.Delete("a")
	if _, ok := d.Get("a"); ok || len(d) != 2 || d[0].Key != "b" {
		t.Errorf("%v", d)
	}
}
