package protector_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

func details(t *testing.T, f func(context.Context, []byte) (protector.Unprotected, error), payload []byte) protector.Unprotected {
	t.Helper()
	u, err := f(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func keyOf(t *testing.T, payload []byte) uuid.UUID {
	t.Helper()
	id, _, err := protector.ParsePayload(payload)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestMigration(t *testing.T) {
	ring := openRing(t, xmlrepo.NewMemory(), keyring.Options{})
	p := protector.New(ring, protector.Options{}).CreateProtector("p")
	old := protect(t, p, "old")
	if u := details(t, p.UnprotectDetails, old); u.RequiresMigration || u.WasRevoked || string(u.Plaintext) != "old" {
		t.Errorf("under the default key: %+v", u)
	}

	newer := createKey(t, ring)
	fresh := protect(t, p, "fresh")
	if keyOf(t, fresh) != newer.ID {
		t.Fatal("the new key does not protect")
	}
	for what, f := range map[string]func(context.Context, []byte) (protector.Unprotected, error){"safe": p.UnprotectDetails, "dangerous": p.DangerousUnprotect} {
		if u := details(t, f, old); !u.RequiresMigration || u.WasRevoked {
			t.Errorf("%s, under the former key: %+v", what, u)
		}
		if u := details(t, f, fresh); u.RequiresMigration || u.WasRevoked {
			t.Errorf("%s, under the new key: %+v", what, u)
		}
	}
}

func TestRevokedKeys(t *testing.T) {
	ring := openRing(t, xmlrepo.NewMemory(), keyring.Options{})
	p := protector.New(ring, protector.Options{}).CreateProtector("p")
	payload := protect(t, p, "x")
	limited, err := p.TimeLimited().Protect(t.Context(), []byte("x"), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Manager().RevokeKey(t.Context(), keyOf(t, payload), "lost"); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, p, payload, keyring.ErrKeyRevoked)
	var typed *protector.Error
	if _, err := p.Unprotect(t.Context(), payload); !errors.As(err, &typed) || typed.KeyID != keyOf(t, payload) {
		t.Errorf("the error does not name the key: %v", err)
	}
	if u := details(t, p.DangerousUnprotect, payload); !u.RequiresMigration || !u.WasRevoked || string(u.Plaintext) != "x" {
		t.Errorf("dangerous: %+v", u)
	}
	if _, err := p.TimeLimited().UnprotectDetails(t.Context(), limited); !errors.Is(err, keyring.ErrKeyRevoked) {
		t.Errorf("time-limited: %v", err)
	}
	if u := details(t, p.TimeLimited().DangerousUnprotect, limited); !u.RequiresMigration || !u.WasRevoked || string(u.Plaintext) != "x" {
		t.Errorf("time-limited, dangerous: %+v", u)
	}
	// Accepting revoked keys is accepting nothing else.
	payload[len(payload)-1] ^= 1
	if _, err := p.DangerousUnprotect(t.Context(), payload); err != protector.ErrInvalidPayload {
		t.Errorf("forged: %v", err)
	}
}

// A ring in which no key may protect still opens payloads, and it would be no use
// to ask for their migration.
func TestNoDefaultKey(t *testing.T) {
	store := xmlrepo.NewMemory()
	manager, err := keyring.NewManager(store, keyring.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := manager.CreateKey(t.Context(), keyring.NewKeyOptions{}); err != nil {
		t.Fatal(err)
	}
	ring := openRing(t, store, keyring.Options{DisableAutomaticKeyGeneration: true})
	p := protector.New(ring, protector.Options{}).CreateProtector("p")
	payload := protect(t, p, "x")
	if _, err := ring.Manager().RevokeKey(t.Context(), keyOf(t, payload), ""); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Protect(t.Context(), nil); !errors.Is(err, keyring.ErrNoDefaultKey) || got != nil {
		t.Errorf("Protect: %x, %v", got, err)
	}
	if got, err := p.ProtectString(t.Context(), ""); !errors.Is(err, keyring.ErrNoDefaultKey) || got != "" {
		t.Errorf("ProtectString: %q, %v", got, err)
	}
	wantRefused(t, p, payload, keyring.ErrKeyRevoked)
	if u := details(t, p.DangerousUnprotect, payload); u.RequiresMigration || !u.WasRevoked {
		t.Errorf("%+v", u)
	}
	// A later key ends it.
	k := createKey(t, ring)
	if got := keyOf(t, protect(t, p, "y")); got != k.ID {
		t.Errorf("protected under %v, want %v", got, k.ID)
	}
	if u := details(t, p.DangerousUnprotect, payload); !u.RequiresMigration || !u.WasRevoked {
		t.Errorf("with a new key: %+v", u)
	}
}
