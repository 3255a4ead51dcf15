package keyring_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// With RequireEncryptedKeys a clear-text key is there and of no use, whoever
// wrote it.
func TestRequireEncryptedKeys(t *testing.T) {
	store := xmlrepo.NewMemory()
	plain := create(t, newManager(t, store, keyring.Options{Now: at(noon)}), keyring.NewKeyOptions{})
	null := create(t, newManager(t, store, keyring.Options{Now: at(noon), Encryptor: keyring.NullXMLEncryptor{}}), keyring.NewKeyOptions{})
	opts := encrypting()
	opts.RequireEncryptedKeys = true
	m := newManager(t, store, opts)
	sealed := create(t, m, keyring.NewKeyOptions{})
	keys, err := m.Keys(t.Context())
	if err != nil || len(keys) != 3 {
		t.Fatal(keys, err)
	}
	for _, k := range keys {
		_, err := k.Encryptor()
		switch k.ID {
		case sealed.ID:
			if err != nil {
				t.Error(err)
			}
		case plain.ID, null.ID:
			if !errors.Is(err, keyring.ErrUnencryptedKey) || !errors.Is(err, keyring.ErrKeyUnreadable) || k.EncryptedAtRest || k.Algorithms != plain.Algorithms {
				t.Errorf("%+v, %v", k, err)
			}
		}
	}
	refused := 0
	for _, f := range m.Examine(t.Context()) {
		if f.Code == keyring.CodeRefusedKey && f.Level == keyring.LevelError {
			refused++
		}
	}
	if refused != 2 {
		t.Errorf("found %+v", m.Examine(t.Context()))
	}

	// The same in an open ring, refresh after refresh.
	r := open(t, store, opts)
	for range 3 {
		if k, ok := r.Snapshot().Key(plain.ID); !ok {
			t.Error("the key is not listed")
		} else if _, err := k.Encryptor(); !errors.Is(err, keyring.ErrUnencryptedKey) {
			t.Errorf("got %v", err)
		}
		if k, ok := r.Snapshot().Key(sealed.ID); !ok {
			t.Error("the key is not listed")
		} else if _, err := k.Encryptor(); err != nil {
			t.Error(err)
		}
		create(t, r.Manager(), keyring.NewKeyOptions{})
	}
}

// A clear-text key that somebody slips in becomes the preferred one for .NET;
// here the key before it goes on protecting, and none is made.
func TestSlippedInKey(t *testing.T) {
	store := xmlrepo.NewMemory()
	opts := encrypting()
	opts.RequireEncryptedKeys = true
	good := create(t, newManager(t, store, opts), keyring.NewKeyOptions{})
	later := keyring.Options{Now: at(noon.Add(window)), AllowUnencryptedKeys: true}
	create(t, newManager(t, store, later), keyring.NewKeyOptions{})
	opts.Now = later.Now
	r := open(t, store, opts)
	k, err := r.Snapshot().DefaultKey()
	if err != nil || k.ID != good.ID || !r.Snapshot().Fallback() || len(r.Snapshot().Keys()) != 2 {
		t.Errorf("default key %v, %v", k.ID, err)
	}
}

func TestRequireEncryptedKeysMakesNone(t *testing.T) {
	store := xmlrepo.NewMemory()
	for name, opts := range map[string]keyring.Options{
		"no encryptor":   {RequireEncryptedKeys: true},
		"null encryptor": {RequireEncryptedKeys: true, Encryptor: keyring.NullXMLEncryptor{}},
	} {
		if _, err := newManager(t, store, opts).CreateKey(t.Context(), keyring.NewKeyOptions{}); !errors.Is(err, keyring.ErrEncryptorRequired) {
			t.Errorf("%s: %v", name, err)
		}
		if r, err := keyring.Open(t.Context(), store, opts); !errors.Is(err, keyring.ErrEncryptorRequired) {
			t.Errorf("%s: opened %v, %v", name, r, err)
		}
	}
	if len(elements(t, store)) != 0 {
		t.Error("a key was stored")
	}
	if _, err := keyring.NewManager(store, keyring.Options{RequireEncryptedKeys: true, AllowUnencryptedKeys: true}); err == nil {
		t.Error("options that contradict each other")
	}
}

// A ring in clear text warns once, unless that is meant.
func TestUnencryptedRingWarnsOnce(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		var log bytes.Buffer
		opts := keyring.Options{
			AllowUnencryptedKeys: allowed, GenerationDelay: -1,
			Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		}
		r := open(t, xmlrepo.NewMemory(), opts)
		for range 3 {
			create(t, r.Manager(), keyring.NewKeyOptions{})
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		want := 1
		if allowed {
			want = 0
		}
		if got := strings.Count(log.String(), string(keyring.CodeUnencryptedKeys)); got != want || strings.Count(log.String(), "\n") != want {
			t.Errorf("allowed: %v: the log is %s", allowed, log.String())
		}
	}
	// An encrypted ring, and one whose clear-text keys are revoked, do not.
	store := xmlrepo.NewMemory()
	m := newManager(t, store, encrypting())
	create(t, m, keyring.NewKeyOptions{})
	if found := m.Examine(t.Context()); len(found) != 0 {
		t.Errorf("found %+v", found)
	}
	old := create(t, newManager(t, store, keyring.Options{Now: at(noon), AllowUnencryptedKeys: true}), keyring.NewKeyOptions{})
	if found := m.Examine(t.Context()); len(found) != 1 || found[0].Code != keyring.CodeUnencryptedKeys || found[0].Level != keyring.LevelInfo {
		t.Errorf("found %+v", found)
	}
	if _, err := m.RevokeKey(t.Context(), old.ID, ""); err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Examine(t.Context()) {
		if f.Code == keyring.CodeUnencryptedKeys {
			t.Errorf("found %+v", f)
		}
	}
}
