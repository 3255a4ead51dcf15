package atrest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/xmlrepo"
)

// contents returns what a store holds, by name.
func contents(t testing.TB, repo xmlrepo.Repository) map[string]string {
	t.Helper()
	all, err := repo.Elements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]string{}
	for _, e := range all {
		byName[e.Name] = string(e.XML)
	}
	return byName
}

func store(t testing.TB, repo xmlrepo.Repository, name string, xml []byte) {
	t.Helper()
	if err := repo.Store(t.Context(), xmlrepo.Element{Name: name, XML: xml}); err != nil {
		t.Fatal(err)
	}
}

// plainKey is a key whose secret is written in clear text in this way.
func plainKey(secret string) []byte {
	id := uuid.NewString()
	return []byte(strings.Replace(string(keyAround(secret)), "88e46286-a6d3-4539-aab5-3c9ca6d06b58", id, 1))
}

const (
	value = "<value>" + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==" + "</value>"
	mark  = ` requiresEncryption="true" xmlns="http://schemas.asp.net/2015/03/dataProtection"`
)

// motley fills a store with keys in every form that is known, and returns how
// many there are.
func motley(t testing.TB, repo xmlrepo.Repository, old atrest.KeyPair) int {
	t.Helper()
	create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, old)}))
	pkcs1, err := atrest.NewCertificateEncryptor(old.Certificate(), atrest.CertificateEncryptorOptions{PKCS1v15: true})
	if err != nil {
		t.Fatal(err)
	}
	create(t, newManager(t, repo, keyring.Options{Encryptor: pkcs1}))
	create(t, newManager(t, repo, keyring.Options{AllowUnencryptedKeys: true}))
	create(t, newManager(t, repo, keyring.Options{Encryptor: keyring.NullXMLEncryptor{}}))
	revoked := create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, old)}))
	if _, err := newManager(t, repo, keyring.Options{}).RevokeKey(t.Context(), revoked.ID, "test"); err != nil {
		t.Fatal(err)
	}
	store(t, repo, "unmarked", plainKey("<masterKey>"+value+"</masterKey>"))
	marked := string(plainKey("<masterKey p9:requiresEncryption='1'><!-- x -->" + value + "</masterKey>"))
	store(t, repo, "marked", []byte(strings.Replace(marked, "<key ", "<key xmlns:p9='http://schemas.asp.net/2015/03/dataProtection' ", 1)))
	// The whole descriptor encrypted.
	whole, err := encryptor(t, old).EncryptXML(t.Context(), []byte(`<descriptor><encryption algorithm="AES_128_GCM" /><masterKey>`+value+`</masterKey></descriptor>`))
	if err != nil {
		t.Fatal(err)
	}
	around := string(plainKey(""))
	before, rest, _ := strings.Cut(around, "<descriptor><encryption")
	_, after, _ := strings.Cut(rest, "</descriptor>")
	store(t, repo, "whole", []byte(before+fmt.Sprintf(`<encryptedSecret decryptorType="%s" xmlns="http://schemas.asp.net/2015/03/dataProtection">%s</encryptedSecret>`, whole.DecryptorType, whole.XML)+after))
	// A key that .NET wrote.
	for name, xml := range contents(t, vectorDir(t, "vectors/cert-rsa2048/ring")) {
		store(t, repo, name, []byte(xml))
	}
	// What is no key of ours, or no good one, and holds nothing to encrypt.
	store(t, repo, "foreign", []byte("<html><masterKey>"+value+"</masterKey></html>"))
	store(t, repo, "broken", []byte("<key />"))
	return 9
}

// keysOf returns the keys of a ring by id, all of which must be good.
func keysOf(t testing.TB, repo xmlrepo.Repository, opts keyring.Options) map[uuid.UUID]keyring.Key {
	t.Helper()
	all, err := newManager(t, repo, opts).Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byID := map[uuid.UUID]keyring.Key{}
	for _, k := range all {
		if _, err := k.Encryptor(); err != nil {
			t.Fatalf("%s: %v", k.ElementName, err)
		}
		byID[k.ID] = k
	}
	return byID
}

func rewrap(t testing.TB, repo xmlrepo.Repository, from []keyring.XMLDecryptor, to atrest.KeyPair, change func(*keyring.RewrapOptions)) (keyring.RewrapResult, error) {
	t.Helper()
	opts := keyring.RewrapOptions{Encryptor: encryptor(t, to), Decryptors: decryptors(t, to)}
	if change != nil {
		change(&opts)
	}
	return newManager(t, repo, keyring.Options{Decryptors: from}).Rewrap(t.Context(), opts)
}

// Every key, in whatever form, comes under the new certificate and is the same
// key; nothing else in the store changes, and the backup is the old ring.
func TestRewrap(t *testing.T) {
	old, fresh := recorded(t, "rsa2048"), recorded(t, "other3072")
	stores := map[string]func() xmlrepo.Repository{
		"Memory": func() xmlrepo.Repository { return xmlrepo.NewMemory() },
		"Dir":    func() xmlrepo.Repository { return newDir(t, filepath.Join(t.TempDir(), "ring")) },
	}
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			repo, backup := open(), newDir(t, filepath.Join(t.TempDir(), "backup"))
			n := motley(t, repo, old)
			before := keysOf(t, repo, keyring.Options{Decryptors: decryptors(t, old)})
			stored := contents(t, repo)
			if len(before) != n {
				t.Fatalf("%d keys instead of %d", len(before), n)
			}

			dry, err := rewrap(t, repo, decryptors(t, old), fresh, func(o *keyring.RewrapOptions) { o.DryRun, o.Backup = true, backup })
			if err != nil || len(dry.Rewrapped) != n || dry.BackedUp != 0 {
				t.Errorf("dry run: %+v, %v", dry, err)
			}
			if !maps.Equal(contents(t, repo), stored) || len(contents(t, backup)) != 0 {
				t.Error("the dry run changed something")
			}

			done, err := rewrap(t, repo, decryptors(t, old), fresh, func(o *keyring.RewrapOptions) { o.Backup = backup })
			if err != nil || len(done.Rewrapped) != n || done.BackedUp != len(stored) || !done.PlainBackup || len(done.Skipped) != 0 {
				t.Errorf("rewrapped: %+v, %v", done, err)
			}
			plain := 0
			for _, k := range done.Rewrapped {
				if k.WasPlain {
					plain++
				}
			}
			if plain != 4 {
				t.Errorf("%d keys lay in clear text", plain)
			}
			for name, xml := range contents(t, backup) {
				if xml != stored[name] {
					t.Errorf("the backup of %q is %s", name, xml)
				}
			}
			for name, xml := range contents(t, repo) {
				if _, ok := stored[name]; !ok {
					t.Errorf("%q is new", name)
				}
				if changed := xml != stored[name]; changed != (strings.HasPrefix(xml, "<key ") && name != "broken") {
					t.Errorf("%q has become %s", name, xml)
				}
			}
			after := keysOf(t, repo, keyring.Options{Decryptors: decryptors(t, fresh), RequireEncryptedKeys: true})
			if len(after) != n {
				t.Errorf("%d keys instead of %d", len(after), n)
			}
			for id, k := range before {
				same(t, k, after[id])
				if now := after[id]; !now.ExpirationDate.Equal(k.ExpirationDate) || now.Algorithms != k.Algorithms || now.Revoked != k.Revoked || !now.EncryptedAtRest {
					t.Errorf("key %v is now %+v", id, now)
				}
			}

			again, err := rewrap(t, repo, decryptors(t, old), fresh, nil)
			if err != nil || len(again.Rewrapped) != 0 || again.Already != n+1 { // the broken one needs nothing
				t.Errorf("again: %+v, %v", again, err)
			}
		})
	}
}

// If one key does not open, nothing is done, and all that do not are named.
func TestRewrapUnreadable(t *testing.T) {
	old, fresh, lost := recorded(t, "rsa2048"), recorded(t, "other3072"), recordedKey(t, "other3072")
	stranger := pair(t, selfSigned(t, "lost", lost, noon, noon), lost)
	repo := newDir(t, filepath.Join(t.TempDir(), "ring"))
	good := create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, old)}))
	first := create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, stranger)}))
	second := create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, stranger)}))
	stored := contents(t, repo)
	backup := xmlrepo.NewMemory()
	result, err := rewrap(t, repo, decryptors(t, old), fresh, func(o *keyring.RewrapOptions) { o.Backup = backup })
	fails(t, err, first.ElementName, second.ElementName, "CN=lost", repo.Path())
	if !errors.Is(err, keyring.ErrDecryptionKeyMissing) || len(result.Rewrapped) != 0 || len(contents(t, backup)) != 0 || !maps.Equal(contents(t, repo), stored) {
		t.Errorf("%+v, %v", result, err)
	}
	result, err = rewrap(t, repo, decryptors(t, old), fresh, func(o *keyring.RewrapOptions) { o.SkipUnreadable = true })
	if err != nil || len(result.Rewrapped) != 1 || result.Rewrapped[0].ID != good.ID || len(result.Skipped) != 2 || result.Skipped[0].Err == nil {
		t.Errorf("%+v, %v", result, err)
	}
	for name, xml := range contents(t, repo) {
		if changed := xml != stored[name]; changed != (name == good.ElementName) {
			t.Errorf("%s: changed is %v", name, changed)
		}
	}
}

// What the new decryptors do not open, or open to something else, is not stored.
func TestRewrapTestsTheResult(t *testing.T) {
	old, fresh := recorded(t, "rsa2048"), recorded(t, "other3072")
	for name, change := range map[string]func(*keyring.RewrapOptions){
		"the wrong private key":  func(o *keyring.RewrapOptions) { o.Encryptor = encryptor(t, old); o.Decryptors = decryptors(t, fresh) },
		"another content":        func(o *keyring.RewrapOptions) { o.Encryptor = forger{o.Encryptor} },
		"nothing encrypted":      func(o *keyring.RewrapOptions) { o.Encryptor = keyring.NullXMLEncryptor{} },
		"no decryptor":           func(o *keyring.RewrapOptions) { o.Decryptors = nil },
		"no encryptor":           func(o *keyring.RewrapOptions) { o.Encryptor = nil },
		"an encryptor that ails": func(o *keyring.RewrapOptions) { o.Encryptor, _ = keyVault(t, downWrapper{}, "v1") },
	} {
		repo := newDir(t, filepath.Join(t.TempDir(), "ring"))
		create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, old)}))
		create(t, newManager(t, repo, keyring.Options{AllowUnencryptedKeys: true}))
		stored := contents(t, repo)
		result, err := rewrap(t, repo, decryptors(t, old), fresh, change)
		if name == "the wrong private key" { // the keys are under the old certificate already, which the new decryptors lack
			fails(t, err, "CN=godp-rsa2048")
		}
		if err == nil || len(result.Rewrapped) != 0 || !maps.Equal(contents(t, repo), stored) {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
	}
	if _, err := rewrap(t, readOnly{xmlrepo.NewMemory()}, nil, fresh, nil); err == nil || !strings.Contains(err.Error(), "cannot replace") {
		t.Errorf("a store that cannot replace: %v", err)
	}
}

// forger encrypts another key than it is given.
type forger struct{ keyring.XMLEncryptor }

func (f forger) EncryptXML(ctx context.Context, element []byte) (keyring.EncryptedXML, error) {
	return f.XMLEncryptor.EncryptXML(ctx, []byte(strings.Replace(string(element), "<value>", "<value>AAAA", 1)))
}

// readOnly hides what else a store can do.
type readOnly struct{ xmlrepo.Repository }

// meddler does something before each Replace.
type meddler struct {
	*xmlrepo.Memory
	before func(n int, old xmlrepo.Element)
	n      int
}

func (m *meddler) Replace(ctx context.Context, old, with xmlrepo.Element) error {
	m.n++
	m.before(m.n, old)
	if err := ctx.Err(); err != nil {
		return err
	}
	return m.Memory.Replace(ctx, old, with)
}

// Nodes go on while the ring is rewrapped: what they write under the old
// certificate is rewrapped too, what they delete stays deleted.
func TestRewrapWhileNodesWrite(t *testing.T) {
	old, fresh := recorded(t, "rsa2048"), recorded(t, "other3072")
	writer := keyring.Options{Encryptor: encryptor(t, old)}
	repo := &meddler{Memory: xmlrepo.NewMemory()}
	for range 3 {
		create(t, newManager(t, repo, writer))
	}
	backup := xmlrepo.NewMemory()
	var removed string
	var changed xmlrepo.Element // as it was when it was backed up
	repo.before = func(n int, old xmlrepo.Element) {
		switch n {
		case 1:
			create(t, newManager(t, repo.Memory, writer))
		case 3:
			changed = old
			another := strings.Replace(string(old.XML), "<descriptor ", "<!-- another --><descriptor ", 1)
			if err := repo.Memory.Replace(t.Context(), old, xmlrepo.Element{Name: old.Name, XML: []byte(another)}); err != nil {
				t.Error(err)
			}
		case 2:
			removed = old.Name
			err := repo.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element {
				return slices.DeleteFunc(all, func(e xmlrepo.Element) bool { return e.Name != removed })
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
	result, err := rewrap(t, repo, decryptors(t, old), fresh, func(o *keyring.RewrapOptions) { o.Backup = backup })
	if err != nil || len(result.Rewrapped) != 3 || result.BackedUp != 4 {
		t.Errorf("%+v, %v", result, err)
	}
	if keys := keysOf(t, repo, keyring.Options{Decryptors: decryptors(t, fresh)}); len(keys) != 3 {
		t.Errorf("%d keys", len(keys))
	}
	if _, back := contents(t, repo)[removed]; back {
		t.Error("a key that was deleted meanwhile is back")
	}
	if text := contents(t, repo)[changed.Name]; !strings.Contains(text, "<!-- another -->") {
		t.Errorf("a key that was changed meanwhile is %s", text)
	}
	if kept := contents(t, backup)[changed.Name]; kept != string(changed.XML) {
		t.Errorf("its backup is %s", kept)
	}

	// It gives up on a node that never stops.
	repo.before = func(int, xmlrepo.Element) { create(t, newManager(t, repo.Memory, writer)) }
	create(t, newManager(t, repo.Memory, writer))
	if _, err := rewrap(t, repo, decryptors(t, old), fresh, nil); err == nil || !strings.Contains(err.Error(), "come to an end") {
		t.Errorf("got %v", err)
	}
}

// Interrupted in the middle, the ring is good with both certificates, and the
// next call does the rest.
func TestRewrapInterrupted(t *testing.T) {
	old, fresh := recorded(t, "rsa2048"), recorded(t, "other3072")
	repo := &meddler{Memory: xmlrepo.NewMemory()}
	for range 5 {
		create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, old)}))
	}
	ctx, cancel := context.WithCancel(t.Context())
	repo.before = func(n int, _ xmlrepo.Element) {
		if n == 3 {
			cancel()
		}
	}
	m := newManager(t, repo, keyring.Options{Decryptors: decryptors(t, old)})
	opts := keyring.RewrapOptions{Encryptor: encryptor(t, fresh), Decryptors: decryptors(t, fresh)}
	result, err := m.Rewrap(ctx, opts)
	if !errors.Is(err, context.Canceled) || len(result.Rewrapped) != 2 {
		t.Errorf("%+v, %v", result, err)
	}
	if keys := keysOf(t, repo, keyring.Options{Decryptors: decryptors(t, old, fresh)}); len(keys) != 5 {
		t.Errorf("%d keys", len(keys))
	}
	result, err = m.Rewrap(t.Context(), opts)
	if err != nil || len(result.Rewrapped) != 3 || result.Already != 2 {
		t.Errorf("%+v, %v", result, err)
	}
	keysOf(t, repo, keyring.Options{Decryptors: decryptors(t, fresh)})
}

// A ring that cannot be read is not touched.
func TestRewrapBrokenRing(t *testing.T) {
	old, fresh := recorded(t, "rsa2048"), recorded(t, "other3072")
	repo := newDir(t, filepath.Join(t.TempDir(), "ring"))
	create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, old)}))
	store(t, repo, "revocation-x", []byte("<revocation />"))
	stored := contents(t, repo)
	_, err := rewrap(t, repo, decryptors(t, old), fresh, nil)
	fails(t, err, "revocation-x.xml")
	if !maps.Equal(contents(t, repo), stored) {
		t.Error("the ring has changed")
	}
}
