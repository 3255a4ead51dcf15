package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/internal/dotnettest"
)

// farm is one key directory that keyctl and ASP.NET Core share.
type farm struct {
	*console
	peer *dotnettest.Peer
	ring *dotnettest.Ring
}

func newFarm(t *testing.T) *farm {
	peer := dotnettest.Start(t)
	c := newConsole(t, time.Now())
	return &farm{c, peer, peer.Open(c.dir, dotnettest.RingOptions{App: "shop"})}
}

// listed is the part of a listing that .NET knows too.
type listed struct {
	ID, Creation, Activation, Expiration string
	Revoked                              bool
	Encryption, Validation               string
}

// keyctl lists the ring by keyctl.
func (f *farm) keyctl() []listed {
	f.t.Helper()
	var views []keyView
	if err := json.Unmarshal([]byte(f.must(exitDone, "", "list", "-o", "json").stdout), &views); err != nil {
		f.t.Fatal(err)
	}
	var all []listed
	for _, v := range views {
		all = append(all, listed{*v.ID, *v.CreationDate, *v.ActivationDate, *v.ExpirationDate,
			*v.Revoked, orElse(v.Encryption, ""), orElse(v.Validation, "")})
	}
	return all
}

// dotnet lists the ring by .NET, in the same order.
func (f *farm) dotnet() []listed {
	f.t.Helper()
	keys, err := f.ring.Keys()
	if err != nil {
		f.t.Fatal(err)
	}
	var all []listed
	for _, k := range keys {
		if k.KeyBits > 0 { // a managed descriptor, whose names keyctl translates
			k.Encryption = fmt.Sprintf("AES_%d_CBC", k.KeyBits)
		}
		all = append(all, listed{k.ID, dotnet.FormatDate(k.Creation), dotnet.FormatDate(k.Activation), dotnet.FormatDate(k.Expiration),
			k.Revoked, k.Encryption, k.Validation})
	}
	slices.SortFunc(all, func(a, b listed) int {
		ta, _ := dotnet.ParseDate(a.Creation)
		tb, _ := dotnet.ParseDate(b.Creation)
		if c := ta.Compare(tb); c != 0 {
			return c
		}
		return slices.Compare([]byte(a.ID), []byte(b.ID))
	})
	return all
}

// agree compares the two lists, and the default key at instants around every
// date of the ring.
func (f *farm) agree(after string) {
	f.t.Helper()
	got, want := f.keyctl(), f.dotnet()
	if !slices.Equal(got, want) {
		f.t.Fatalf("after %s keyctl lists\n%v\n.NET\n%v", after, got, want)
	}
	instants := []time.Time{f.now}
	for _, k := range want {
		for _, text := range []string{k.Activation, k.Expiration} {
			date, err := dotnet.ParseDate(text)
			if err != nil {
				f.t.Fatal(err)
			}
			for _, d := range []time.Duration{-5*time.Minute - 100, -5 * time.Minute, -100, 0} {
				instants = append(instants, dotnet.Truncate(date.Add(d)))
			}
		}
	}
	choices, err := f.ring.Resolve(instants...)
	if err != nil {
		f.t.Fatal(err)
	}
	for i, choice := range choices {
		r := f.run("", "default", "--at", instants[i].Format(time.RFC3339Nano), "-o", "json")
		var v defaultView
		if err := json.Unmarshal([]byte(r.stdout), &v); err != nil {
			f.t.Fatal(err, r.stderr)
		}
		if orElse(v.Default, "") != choice.Default || v.Generate != choice.Generate || (r.status == exitDone) != (choice.Default != "") {
			f.t.Errorf("after %s, at %v: keyctl %+v, .NET %+v", after, instants[i], v, choice)
		}
	}
}

// TestLiveRing: whatever keyctl or .NET does to a ring, they see the same one.
func TestLiveRing(t *testing.T) {
	f := newFarm(t)
	do := func(status int, args ...string) {
		t.Helper()
		f.now = time.Now()
		f.must(status, "", args...)
		f.agree(fmt.Sprint(args))
	}
	create := func() string {
		t.Helper()
		f.now = time.Now()
		return f.object(exitDone, "", "create")["id"].(string)
	}
	do(exitDone, "create")
	do(exitDone, "create", "--encryption", "AES_128_GCM", "--activate", "-30d", "--expire", "-1d")
	do(exitDone, "create", "--encryption", "AES_192_CBC", "--validation", "HMACSHA512", "--activate", "+1d12h", "--lifetime", "36h")

	made, err := f.ring.CreateKey(time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	f.agree("a key of .NET")
	do(exitDone, "revoke", made.ID, "--reason", "<b> & \"quotes\" é\ttab\nline")
	f.must(exitDone, "", "revoke", made.ID)

	id := create()
	if err := f.ring.RevokeKey(id, "by .NET"); err != nil {
		t.Fatal(err)
	}
	f.agree("a revocation by .NET")
	if got := f.object(exitDone, "", "show", id); got["state"] != "revoked" || got["revocationReason"] != "by .NET" {
		t.Errorf("keyctl shows %v", got)
	}
	if got := f.object(exitDone, "", "revoke", id); len(got["already"].([]any)) != 1 || len(got["names"].([]any)) != 0 {
		t.Errorf("keyctl revokes again: %v", got)
	}

	do(exitDone, "delete", "--expired-before", "now", "--yes")
	do(exitDone, "revoke", "--all", "--before", "-1m", "--yes")
	do(exitDone, "revoke", "--all", "--yes")
	create()
	if err := f.ring.RevokeAllKeys(time.Now(), "all, by .NET"); err != nil {
		t.Fatal(err)
	}
	f.agree("a mass revocation by .NET")
	do(exitDone, "delete", "--expired-before", "9999-01-01T00:00:00Z", "--include-unexpired", "--yes")
	if left := f.dotnet(); len(left) != 0 {
		t.Errorf(".NET still sees %v", left)
	}
}

// TestLivePayloads: what keyctl protects .NET opens, and the other way round.
func TestLivePayloads(t *testing.T) {
	f := newFarm(t)
	texts := []string{"", "text", "two\nlines\n", "\x00\x01\xfe\xff"}
	for _, algorithm := range []string{"AES_256_CBC", "AES_128_GCM"} {
		f.now = time.Now()
		f.must(exitDone, "", "create", "--activate", "now", "--encryption", algorithm)
		if err := f.ring.Reopen(); err != nil {
			t.Fatal(err)
		}
		theirs := f.ring.Protector("cart", "", "v1")
		ours := []string{"--app", "shop", "--purpose", "cart", "--purpose", "", "--purpose", "v1"}
		for _, text := range texts {
			f.now = time.Now()
			sealed := f.object(exitDone, text, append([]string{"protect"}, ours...)...)
			payload, err := base64.RawURLEncoding.DecodeString(sealed["payload"].(string))
			if err != nil {
				t.Fatal(err)
			}
			if data, err := theirs.Unprotect(payload); err != nil || string(data) != text {
				t.Errorf("%s: .NET opens %q as %q, %v", algorithm, text, data, err)
			}
			if payload, err = theirs.Protect([]byte(text)); err != nil {
				t.Fatal(err)
			}
			encoded := base64.RawURLEncoding.EncodeToString(payload)
			if got := f.must(exitDone, encoded+"\n", append([]string{"unprotect"}, ours...)...); got.stdout != text {
				t.Errorf("%s: keyctl opens %q as %q", algorithm, text, got.stdout)
			}
			seen := f.object(exitDone, encoded, "inspect")
			if seen["isDefault"] != true || seen["id"] != sealed["id"] || seen["encryption"] != algorithm || seen["bytes"] != float64(len(payload)) {
				t.Errorf("%s: keyctl sees %v", algorithm, seen)
			}
		}
		until := dotnet.Truncate(f.now.Add(time.Hour))
		sealed := f.must(exitDone, "text", append([]string{"protect", "--until", until.Format(time.RFC3339Nano)}, ours...)...)
		payload, err := base64.RawURLEncoding.DecodeString(sealed.stdout[:len(sealed.stdout)-1])
		if err != nil {
			t.Fatal(err)
		}
		if data, expires, err := theirs.UnprotectTimeLimited(payload); err != nil || string(data) != "text" || !expires.Equal(until) {
			t.Errorf("%s: .NET opens a time-limited payload as %q until %v, %v", algorithm, data, expires, err)
		}
		if payload, err = theirs.ProtectUntil([]byte("text"), until); err != nil {
			t.Fatal(err)
		}
		got := f.object(exitDone, base64.RawURLEncoding.EncodeToString(payload), append([]string{"unprotect", "--time-limited"}, ours...)...)
		if got["plaintext"] != "dGV4dA==" || got["expires"] != dotnet.FormatDate(until) {
			t.Errorf("%s: keyctl opens a time-limited payload as %v", algorithm, got)
		}
	}
}
