package atrest_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

func newEscrow(t testing.TB, repo xmlrepo.Repository, p atrest.KeyPair) *atrest.Escrow {
	t.Helper()
	e, err := atrest.NewEscrow(repo, encryptor(t, pair(t, p.Certificate(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// protect opens a ring, protects a text and closes it again.
func protect(t testing.TB, repo xmlrepo.Repository, opts keyring.Options, text string) string {
	t.Helper()
	if opts.Now == nil {
		opts.Now = at(noon)
	}
	ring, err := keyring.Open(t.Context(), repo, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	payload, err := protector.New(ring, protector.Options{}).CreateProtector("p").ProtectString(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// unprotect opens a ring that makes no keys, and a payload.
func unprotect(t testing.TB, repo xmlrepo.Repository, opts keyring.Options, payload string) (string, error) {
	t.Helper()
	if opts.Now == nil {
		opts.Now = at(noon)
	}
	opts.DisableAutomaticKeyGeneration = true
	ring, err := keyring.Open(t.Context(), repo, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	return protector.New(ring, protector.Options{}).CreateProtector("p").UnprotectString(t.Context(), payload)
}

// A ring that is lost with its certificate comes back from its escrow.
func TestRestoreFromEscrow(t *testing.T) {
	nodes, safe := recorded(t, "rsa2048"), recorded(t, "other3072")
	dir, copies := newDir(t, filepath.Join(t.TempDir(), "ring")), newDir(t, filepath.Join(t.TempDir(), "escrow"))
	payload := protect(t, dir, keyring.Options{
		GenerationDelay: -1, Encryptor: encryptor(t, nodes), Decryptors: decryptors(t, nodes),
		EscrowSinks: []keyring.EscrowSink{newEscrow(t, copies, safe)},
	}, "precious")
	kept := element(t, copies)
	if strings.Contains(string(kept), "masterKey") || !strings.Contains(string(kept), "EncryptedData") {
		t.Fatalf("the copy is %s", kept)
	}
	if k := onlyKey(t, copies, decryptors(t, nodes)...); !k.DecryptorMissing {
		t.Error("the nodes can read the escrow")
	}
	if k, original := onlyKey(t, copies, decryptors(t, safe)...), onlyKey(t, dir, decryptors(t, nodes)...); k.ID != original.ID || k.ElementName != original.ElementName {
		t.Errorf("the copy is %+v, the original %+v", k, original)
	}

	restored := newDir(t, filepath.Join(t.TempDir(), "new"))
	all, err := copies.Elements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if err := restored.Store(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := unprotect(t, restored, keyring.Options{Decryptors: decryptors(t, safe)}, payload); err != nil || text != "precious" {
		t.Errorf("got %q, %v", text, err)
	}
	renewed := selfSigned(t, "renewed", recordedKey(t, "rsa2048"), noon, noon.AddDate(1, 0, 0))
	nodes = pair(t, renewed, recordedKey(t, "rsa2048"))
	if _, err := rewrap(t, restored, decryptors(t, safe), nodes, nil); err != nil {
		t.Fatal(err)
	}
	if text, err := unprotect(t, restored, keyring.Options{Decryptors: decryptors(t, nodes)}, payload); err != nil || text != "precious" {
		t.Errorf("under the nodes' certificate: got %q, %v", text, err)
	}
}

// Where the copy cannot be written, no key is made.
func TestEscrowCannotWrite(t *testing.T) {
	p := recorded(t, "rsa2048")
	copies, repo := xmlrepo.NewMemory(), xmlrepo.NewMemory()
	escrow := newEscrow(t, copies, p)
	m := newManager(t, repo, keyring.Options{EscrowSinks: []keyring.EscrowSink{escrow}})
	k := create(t, m)
	if err := escrow.StoreKey(t.Context(), k.ID, element(t, repo)); !errors.Is(err, xmlrepo.ErrExist) {
		t.Errorf("the same key again: %v", err)
	}
	blocked := newDir(t, write(t, "file", nil)) // a file is where the directory should be
	m = newManager(t, repo, keyring.Options{EscrowSinks: []keyring.EscrowSink{newEscrow(t, blocked, p)}})
	_, err := m.CreateKey(t.Context(), keyring.NewKeyOptions{})
	fails(t, err, "escrow", blocked.Path())
	element(t, repo) // still one
	for _, xml := range []string{"<key />", "text", "<revocation />"} {
		if err := escrow.StoreKey(t.Context(), k.ID, []byte(xml)); err == nil {
			t.Errorf("%q was taken", xml)
		}
	}
	if _, err := atrest.NewEscrow(nil, encryptor(t, p)); err == nil {
		t.Error("an escrow without a store")
	}
	if _, err := atrest.NewEscrow(repo, nil); err == nil {
		t.Error("an escrow without an encryptor")
	}
}
