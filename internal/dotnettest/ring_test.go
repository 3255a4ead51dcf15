package dotnettest_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
)

func TestProtect(t *testing.T) {
	ring := dotnettest.Start(t).Open(t.TempDir(), dotnettest.RingOptions{App: "app"})
	protector := ring.Protector("a", "b")

	payload, err := protector.Protect([]byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if data, err := protector.Unprotect(payload); err != nil || string(data) != "hello" {
		t.Errorf("got %q, %v", data, err)
	}

	t.Run("another purpose", func(t *testing.T) {
		_, err := ring.Protector("a").Unprotect(payload)
		var thrown *dotnettest.Error
		if !errors.As(err, &thrown) || !thrown.Has("System.Security.Cryptography.CryptographicException") {
			t.Errorf("got %v", err)
		}
	})

	t.Run("many, one of them broken", func(t *testing.T) {
		outcomes, err := protector.UnprotectMany([][]byte{payload, payload[:30], payload})
		if err != nil {
			t.Fatal(err)
		}
		if outcomes[0].Err != nil || outcomes[1].Err == nil || outcomes[2].Err != nil || !bytes.Equal(outcomes[2].Data, []byte("hello")) {
			t.Errorf("got %+v", outcomes)
		}
	})

	t.Run("strings", func(t *testing.T) {
		text, err := protector.ProtectString("héllo")
		if err != nil || !strings.HasPrefix(text, "CfDJ8") {
			t.Fatalf("got %q, %v", text, err)
		}
		if data, err := protector.UnprotectString(text); err != nil || data != "héllo" {
			t.Errorf("got %q, %v", data, err)
		}
	})

	t.Run("time limited", func(t *testing.T) {
		for _, until := range []time.Time{{}, time.Date(2099, 1, 2, 3, 4, 5, 678900, time.UTC)} {
			payload, err := protector.ProtectUntil([]byte("hello"), until)
			if err != nil {
				t.Fatal(err)
			}
			if until.IsZero() {
				until = time.Date(9999, 12, 31, 23, 59, 59, 999999900, time.UTC)
			}
			data, expiration, err := protector.UnprotectTimeLimited(payload)
			if err != nil || string(data) != "hello" || !expiration.Equal(until) {
				t.Errorf("got %q, %v, %v, want %v", data, expiration, err, until)
			}
		}
		payload, err := protector.ProtectUntil(nil, time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := protector.UnprotectTimeLimited(payload); err == nil || !strings.Contains(err.Error(), "expired at") {
			t.Errorf("got %v", err)
		}
	})
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	ring := dotnettest.Start(t).Open(dir, dotnettest.RingOptions{Encryption: "AES_128_GCM"})
	activation := time.Date(2026, 5, 1, 2, 3, 4, 500, time.UTC)
	expiration := activation.AddDate(100, 0, 0)

	key, err := ring.CreateKey(activation, expiration)
	if err != nil {
		t.Fatal(err)
	}
	if !key.Activation.Equal(activation) || !key.Expiration.Equal(expiration) || !key.Usable || key.Encryption != "AES_128_GCM" {
		t.Errorf("got %+v", key)
	}
	payload, err := ring.Protector("p").Protect([]byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	choices, err := ring.Resolve(activation, activation.Add(-time.Hour), expiration)
	if err != nil {
		t.Fatal(err)
	}
	if choices[0].Default != key.ID || choices[1].Default != "" || !choices[2].Generate {
		t.Errorf("got %+v", choices)
	}

	if err := ring.RevokeKey(key.ID, "lost"); err != nil {
		t.Fatal(err)
	}
	if keys, err := ring.Keys(); err != nil || len(keys) != 1 || !keys[0].Revoked {
		t.Errorf("got %+v, %v", keys, err)
	}
	if err := ring.Reopen(); err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Protector("p").Unprotect(payload); err == nil || !strings.Contains(err.Error(), "has been revoked") {
		t.Errorf("got %v", err)
	}
	opened, err := ring.Protector("p").DangerousUnprotect(payload, true)
	if err != nil || string(opened.Data) != "hello" || !opened.WasRevoked || !opened.RequiresMigration {
		t.Errorf("got %+v, %v", opened, err)
	}
	if _, err := ring.Protector("p").DangerousUnprotect(payload, false); err == nil {
		t.Error("a revoked key was accepted")
	}

	if deleted, err := ring.DeleteKeys(key.ID); err != nil || !deleted {
		t.Errorf("got %v, %v", deleted, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "key-"+key.ID+".xml")); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
	if err := ring.RevokeAllKeys(time.Now(), "all of them"); err != nil {
		t.Fatal(err)
	}
	keys, err := ring.Keys()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if !key.Revoked {
			t.Errorf("got %+v", key)
		}
	}
}

func TestRingsThatFail(t *testing.T) {
	peer := dotnettest.Start(t)

	t.Run("broken file", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "x.xml"), []byte("<a>"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := peer.Open(dir, dotnettest.RingOptions{}).Keys()
		var thrown *dotnettest.Error
		if !errors.As(err, &thrown) || !thrown.Has("XmlException") {
			t.Errorf("got %v", err)
		}
	})

	t.Run("refused configuration", func(t *testing.T) {
		ring := peer.Open(t.TempDir(), dotnettest.RingOptions{LifetimeDays: 6})
		_, err := ring.Keys()
		var thrown *dotnettest.Error
		if !errors.As(err, &thrown) {
			t.Errorf("got %v", err)
		}
	})

	t.Run("managed algorithms", func(t *testing.T) {
		ring := peer.Open(t.TempDir(), dotnettest.RingOptions{
			Managed: &dotnettest.Managed{Encryption: "Aes", KeyBits: 192, Validation: "HMACSHA384"},
		})
		key, err := ring.CreateKey(time.Now(), time.Now().AddDate(1, 0, 0))
		if err != nil || key.Encryption != "Aes" || key.KeyBits != 192 || key.Validation != "HMACSHA384" || !key.Usable {
			t.Errorf("got %+v, %v", key, err)
		}
	})
}
