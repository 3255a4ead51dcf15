package keyring_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dataprotection.example/keyring"
)

// A node without an encryptor goes on reading an encrypted ring, and never adds a
// key in clear text: not as a successor, and not when nobody has looked at the
// failures until the encrypted keys have expired.
func TestARingNeverDowngrades(t *testing.T) {
	for _, test := range []struct {
		name string
		also func(*testing.T, *farmStore)
		made int
		opts keyring.Options
	}{
		{name: "an encrypted key"},
		{name: "a clear-text key slipped in and was revoked", made: 1, also: func(t *testing.T, store *farmStore) {
			k := create(t, newManager(t, store, keyring.Options{AllowUnencryptedKeys: true}), keyring.NewKeyOptions{})
			if _, err := store.elsewhere(t).RevokeKey(t.Context(), k.ID, ""); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "where that is meant", opts: keyring.Options{AllowUnencryptedKeys: true}, made: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newFarmStore()
				sealed := encrypting()
				sealed.Now = nil
				create(t, newManager(t, store, sealed), keyring.NewKeyOptions{})
				time.Sleep(89 * day)
				if test.also != nil {
					test.also(t, store)
				}
				opts := test.opts
				opts.Decryptors = sealed.Decryptors
				r := open(t, store, opts)
				time.Sleep(2 * day)
				made := 0
				for _, k := range store.keys(t) {
					if !k.EncryptedAtRest {
						made++
					}
				}
				if made != test.made {
					t.Errorf("%d keys in clear text, want %d", made, test.made)
				}
				if h := r.Health(); !test.opts.AllowUnencryptedKeys && (!errors.Is(h.Err, keyring.ErrEncryptorRequired) || !found(h, keyring.CodeKeyNotMade)) {
					t.Errorf("health %+v", h)
				}
			})
		})
	}
}

func found(h keyring.Health, code keyring.Code) bool {
	return slices.ContainsFunc(h.Findings, func(f keyring.Finding) bool { return f.Code == code })
}
