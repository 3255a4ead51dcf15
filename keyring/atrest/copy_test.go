package atrest_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// A ring in every form that is known is copied under another certificate, from
// there to clear text and back, and never twice.
func TestCopy(t *testing.T) {
	old, fresh := recorded(t, "rsa2048"), recorded(t, "other3072")
	from, to := newDir(t, filepath.Join(t.TempDir(), "ring")), newDir(t, filepath.Join(t.TempDir(), "copy"))
	n := motley(t, from, old)
	before := keysOf(t, from, keyring.Options{Decryptors: decryptors(t, old)})
	m := newManager(t, from, keyring.Options{Decryptors: decryptors(t, old)})
	o := keyring.CopyOptions{Encryptor: encryptor(t, fresh), Decryptors: decryptors(t, fresh)}
	stored := contents(t, from)
	for turn := range 2 {
		r, err := m.CopyTo(t.Context(), to, o)
		if err != nil || len(r.Copied)+len(r.Already) != len(stored) || (turn == 0) != (r.Already == nil) || (turn == 1) != (r.Copied == nil) || r.Verified != len(stored) {
			t.Fatalf("%+v, %v", r, err)
		}
		encrypted := 0
		for _, e := range append(r.Copied, r.Already...) {
			if e.Plain {
				t.Errorf("%+v", e)
			}
			if e.Reencrypted {
				encrypted++
			}
		}
		if want := []int{n, 0}[turn]; encrypted != want {
			t.Errorf("%d keys encrypted, want %d", encrypted, want)
		}
	}
	after := keysOf(t, to, keyring.Options{Decryptors: decryptors(t, fresh), RequireEncryptedKeys: true})
	if len(after) != n || len(contents(t, to)) != len(stored) {
		t.Errorf("%d keys in %d elements", len(after), len(contents(t, to)))
	}
	for id, k := range before {
		same(t, k, after[id])
		if now := after[id]; !now.ExpirationDate.Equal(k.ExpirationDate) || now.Algorithms != k.Algorithms || now.Revoked != k.Revoked {
			t.Errorf("key %v is now %+v", id, now)
		}
	}
	for name, xml := range contents(t, to) {
		if isKey := strings.HasPrefix(xml, "<key ") && name != "broken"; isKey == (xml == stored[name]) {
			t.Errorf("%q has become %s", name, xml)
		}
	}
	// The other way nothing is missing, whoever opens what.
	back := newManager(t, to, keyring.Options{Decryptors: decryptors(t, fresh)})
	if r, err := back.CopyTo(t.Context(), from, keyring.CopyOptions{Decryptors: decryptors(t, old)}); err != nil || r.Copied != nil {
		t.Errorf("%+v, %v", r, err)
	}
	// Without the certificate they cannot be compared, and so not copied.
	_, err := back.CopyTo(t.Context(), from, keyring.CopyOptions{})
	fails(t, err, "that of the target cannot be opened", "CN=godp-rsa2048")
	if !errors.Is(err, keyring.ErrDecryptionKeyMissing) {
		t.Errorf("got %v", err)
	}
	// To a store that has none of them they are copied all the same, unopened.
	r, err := newManager(t, to, keyring.Options{}).CopyTo(t.Context(), xmlrepo.NewMemory(), keyring.CopyOptions{})
	if err != nil || r.Verified != len(stored) {
		t.Errorf("%+v, %v", r, err)
	}
}

// What is not encrypted as it should be is not stored.
func TestCopyTestsTheResult(t *testing.T) {
	old, fresh := recorded(t, "rsa2048"), recorded(t, "other3072")
	for name, o := range map[string]keyring.CopyOptions{
		"the wrong private key": {Encryptor: encryptor(t, old), Decryptors: decryptors(t, fresh)},
		"another content":       {Encryptor: forger{encryptor(t, fresh)}, Decryptors: decryptors(t, fresh)},
		"nothing encrypted":     {Encryptor: keyring.NullXMLEncryptor{}, Decryptors: decryptors(t, fresh)},
	} {
		from, to := xmlrepo.NewMemory(), xmlrepo.NewMemory()
		create(t, newManager(t, from, keyring.Options{}))
		r, err := newManager(t, from, keyring.Options{}).CopyTo(t.Context(), to, o)
		if err == nil || r.Copied != nil || len(contents(t, to)) > 0 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}
