package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
)

// TestLiveRewrap: a ring of ASP.NET Core under one certificate, encrypted to the
// next by keyctl, is the same ring to ASP.NET Core, with keys of both in it.
func TestLiveRewrap(t *testing.T) {
	peer := dotnettest.Start(t)
	c := newConsole(t, time.Now())
	folder := t.TempDir()
	password := filepath.Join(folder, "password")
	if err := os.WriteFile(password, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, b := filepath.Join(folder, "a.pfx"), filepath.Join(folder, "b.pfx")
	keyctl := func(stdin string, args ...string) result {
		t.Helper()
		c.now = time.Now()
		return c.must(exitDone, stdin, append(args, "--certificate-password-file", password)...)
	}
	keyctl("", "certificate", "new", a)
	keyctl("", "certificate", "new", b)
	under := func(first string, others ...string) dotnettest.RingOptions {
		o := dotnettest.RingOptions{App: "shop", ProtectWithPFX: &dotnettest.PFX{Path: first, Password: "correct horse"}}
		for _, path := range append(others, first) {
			o.UnprotectWithPFX = append(o.UnprotectWithPFX, dotnettest.PFX{Path: path, Password: "correct horse"})
		}
		return o
	}
	usable := func(r *dotnettest.Ring) (n int) {
		t.Helper()
		keys, err := r.Keys()
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if k.Usable {
				n++
			}
		}
		return n
	}

	// One key from before there was a certificate, one of .NET, one of keyctl.
	plain := peer.Open(c.dir, dotnettest.RingOptions{App: "shop"})
	payloads := [][]byte{}
	seal := func(r *dotnettest.Ring) {
		t.Helper()
		payload, err := r.Protector("cart").Protect([]byte("text"))
		if err != nil {
			t.Fatal(err)
		}
		payloads = append(payloads, payload)
	}
	opens := func(who string, r *dotnettest.Ring) {
		t.Helper()
		for i, payload := range payloads {
			if text, err := r.Protector("cart").Unprotect(payload); err != nil || string(text) != "text" {
				t.Errorf("%s: payload %d opens as %q, %v", who, i, text, err)
			}
		}
	}
	seal(plain)
	old := peer.Open(c.dir, under(a, b))
	if _, err := old.CreateKey(time.Now().Add(-time.Minute), time.Now().Add(90*day)); err != nil {
		t.Fatal(err)
	}
	seal(old)
	keyctl("", "create", "--certificate", a, "--activate", "now")
	if err := old.Reopen(); err != nil {
		t.Fatal(err)
	}
	seal(old)

	keyctl("", "rewrap", "--certificate", a, "--to", b, "--yes")
	opens("a node that has read the ring before", old)
	fresh := peer.Open(c.dir, under(b))
	opens("a node with the new certificate alone", fresh)
	if n := usable(fresh); n != 3 {
		t.Errorf("%d of 3 keys are usable under the new certificate", n)
	}
	lone := under(a)
	lone.DisableGeneration = true
	if n := usable(peer.Open(c.dir, lone)); n != 0 {
		t.Errorf("%d keys are usable under the old certificate alone", n)
	}
	if _, err := fresh.CreateKey(time.Now(), time.Now().Add(90*day)); err != nil {
		t.Fatal(err)
	}
	seal(fresh)
	for i, payload := range payloads {
		text := base64.RawURLEncoding.EncodeToString(payload)
		if got := keyctl(text, "unprotect", "--certificate", b, "--app", "shop", "--purpose", "cart"); got.stdout != "text" {
			t.Errorf("keyctl: payload %d opens as %q", i, got.stdout)
		}
	}
}
