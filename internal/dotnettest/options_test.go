package dotnettest_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"dataprotection.example/internal/dotnettest"
)

func TestCertificates(t *testing.T) {
	certificate, err := filepath.Abs("../../testdata/vectors/certs/rsa2048.pfx")
	if err != nil {
		t.Fatal(err)
	}
	pfx := dotnettest.PFX{Path: certificate}
	peer, dir := dotnettest.Start(t), t.TempDir()

	payload, err := peer.Open(dir, dotnettest.RingOptions{ProtectWithPFX: &pfx}).Protector("p").Protect([]byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	with := peer.Open(dir, dotnettest.RingOptions{UnprotectWithPFX: []dotnettest.PFX{pfx}, DisableGeneration: true})
	if data, err := with.Protector("p").Unprotect(payload); err != nil || string(data) != "hello" {
		t.Errorf("got %q, %v", data, err)
	}

	without := peer.Open(dir, dotnettest.RingOptions{DisableGeneration: true})
	keys, err := without.Keys()
	if err != nil || len(keys) != 1 || keys[0].Usable || len(keys[0].Error) == 0 {
		t.Errorf("got %+v, %v", keys, err)
	}

	_, err = peer.Open(dir, dotnettest.RingOptions{ProtectWithPFX: &dotnettest.PFX{Path: dir}}).Keys()
	var thrown *dotnettest.Error
	if !errors.As(err, &thrown) {
		t.Errorf("a folder for a certificate: got %v", err)
	}
}

func TestOptions(t *testing.T) {
	peer := dotnettest.Start(t)

	t.Run("no generation", func(t *testing.T) {
		_, err := peer.Open(t.TempDir(), dotnettest.RingOptions{DisableGeneration: true}).Protector("p").Protect(nil)
		if err == nil || !strings.Contains(err.Error(), "valid default protection key") {
			t.Errorf("got %v", err)
		}
	})

	t.Run("lifetime and null encryptor", func(t *testing.T) {
		ring := peer.Open(t.TempDir(), dotnettest.RingOptions{LifetimeDays: 8, NullEncryptor: true})
		if _, err := ring.Protector("p").Protect(nil); err != nil {
			t.Fatal(err)
		}
		keys, err := ring.Keys()
		if err != nil || len(keys) != 1 {
			t.Fatalf("got %+v, %v", keys, err)
		}
		if got := keys[0].Expiration.Sub(keys[0].Activation).Hours(); got != 8*24 {
			t.Errorf("a key lives for %v hours", got)
		}
	})

	t.Run("the application name is a purpose", func(t *testing.T) {
		dir := t.TempDir()
		payload, err := peer.Open(dir, dotnettest.RingOptions{App: "app"}).Protector("p").Protect([]byte("hello"))
		if err != nil {
			t.Fatal(err)
		}
		if data, err := peer.Open(dir, dotnettest.RingOptions{}).Protector("app", "p").Unprotect(payload); err != nil || string(data) != "hello" {
			t.Errorf("got %q, %v", data, err)
		}
	})
}
