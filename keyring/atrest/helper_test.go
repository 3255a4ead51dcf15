package atrest_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/testdata"
	"dataprotection.example/xmlrepo"
)

// noon is the present of tests that have no other. The recorded certificates
// are valid then, and so are the recorded keys.
var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

// certificate is one of the recorded ones: rsa2048, other3072, ec256.
func recordedPEM(t testing.TB, name string) []byte {
	t.Helper()
	var both []byte
	for _, kind := range []string{"crt", "key"} {
		text, err := testdata.FS.ReadFile("vectors/certs/" + name + "." + kind + ".pem")
		if err != nil {
			t.Fatal(err)
		}
		both = append(append(both, text...), '\n')
	}
	return both
}

func recorded(t testing.TB, name string) atrest.KeyPair {
	t.Helper()
	p, err := atrest.ParsePEM(recordedPEM(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// recordedKey is the private key of a recorded certificate.
func recordedKey(t testing.TB, name string) *rsa.PrivateKey {
	t.Helper()
	text, err := testdata.FS.ReadFile("vectors/certs/" + name + ".key.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

// selfSigned makes a certificate over a key.
func selfSigned(t testing.TB, name string, key crypto.Signer, from, until time.Time) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func pair(t testing.TB, c *x509.Certificate, key crypto.Decrypter) atrest.KeyPair {
	t.Helper()
	p, err := atrest.NewKeyPair(c, key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func encryptor(t testing.TB, p atrest.KeyPair) *atrest.CertificateEncryptor {
	t.Helper()
	e, err := atrest.NewCertificateEncryptor(p.Certificate(), atrest.CertificateEncryptorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func decryptor(t testing.TB, opts atrest.CertificateDecryptorOptions, pairs ...atrest.KeyPair) *atrest.CertificateDecryptor {
	t.Helper()
	if opts.Now == nil {
		opts.Now = at(noon)
	}
	d, err := atrest.NewCertificateDecryptor(opts, pairs...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// decryptors is for keyring.Options.
func decryptors(t testing.TB, pairs ...atrest.KeyPair) []keyring.XMLDecryptor {
	return []keyring.XMLDecryptor{decryptor(t, atrest.CertificateDecryptorOptions{}, pairs...)}
}

func newDir(t testing.TB, path string) *xmlrepo.Dir {
	t.Helper()
	dir, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// vectorDir returns a copy of a recorded ring.
func vectorDir(t testing.TB, ring string) *xmlrepo.Dir {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ring")
	if err := testdata.CopyRing(path, ring); err != nil {
		t.Fatal(err)
	}
	return newDir(t, path)
}

func newManager(t testing.TB, repo xmlrepo.Repository, opts keyring.Options) *keyring.Manager {
	t.Helper()
	if opts.Now == nil {
		opts.Now = at(noon)
	}
	m, err := keyring.NewManager(repo, opts)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func create(t testing.TB, m *keyring.Manager) keyring.Key {
	t.Helper()
	k, err := m.CreateKey(t.Context(), keyring.NewKeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// onlyKey reads a ring of one key.
func onlyKey(t testing.TB, repo xmlrepo.Repository, decryptors ...keyring.XMLDecryptor) keyring.Key {
	t.Helper()
	keys, err := newManager(t, repo, keyring.Options{Decryptors: decryptors}).Keys(t.Context())
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	return keys[0]
}

// same reports an error unless what a seals b opens.
func same(t testing.TB, a, b keyring.Key) {
	t.Helper()
	from, err := a.Encryptor()
	if err != nil {
		t.Fatal(err)
	}
	to, err := b.Encryptor()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := from.Encrypt(nil, []byte("text"), []byte("aad"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := to.Decrypt(nil, sealed, []byte("aad")); err != nil || string(plain) != "text" {
		t.Errorf("got %q, %v", plain, err)
	}
}

// element returns the one element of a store.
func element(t testing.TB, repo xmlrepo.Repository) []byte {
	t.Helper()
	all, err := repo.Elements(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("%d elements, %v", len(all), err)
	}
	return all[0].XML
}

// wrapper is a key service in this process (RSA-OAEP with SHA-1).
type wrapper struct {
	kid   string
	key   *rsa.PrivateKey
	asked []string
}

func (w *wrapper) Wrap(_ context.Context, kid, algorithm string, key []byte) ([]byte, string, error) {
	w.asked = append(w.asked, "wrap "+kid+" "+algorithm)
	wrapped, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, &w.key.PublicKey, key, nil)
	return wrapped, w.kid, err
}

func (w *wrapper) Unwrap(_ context.Context, kid, algorithm string, wrapped []byte) ([]byte, error) {
	w.asked = append(w.asked, "unwrap "+kid+" "+algorithm)
	if kid != w.kid {
		return nil, fmt.Errorf("%w: no such key", keyring.ErrDecryptionKeyMissing)
	}
	key, err := rsa.DecryptOAEP(sha1.New(), nil, w.key, wrapped, nil)
	if err != nil {
		return nil, errors.New("the service cannot unwrap it")
	}
	return key, nil
}

// logTo returns a logger whose lines go to the buffer.
func logTo(b *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fails checks an error's text.
func fails(t testing.TB, err error, words ...string) {
	t.Helper()
	if err == nil || slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(err.Error(), w) }) {
		t.Errorf("the error is %v, want one with %q", err, words)
	}
}

// fixedWrapper is a key service that wraps everything by doing nothing.
type fixedWrapper struct{}

func (*fixedWrapper) Wrap(_ context.Context, kid, _ string, key []byte) ([]byte, string, error) {
	return bytes.Clone(key), kid, nil
}

func (*fixedWrapper) Unwrap(_ context.Context, _, _ string, wrapped []byte) ([]byte, error) {
	return bytes.Clone(wrapped), nil
}

// fixedStore is a store of one element, well-formed or not.
type fixedStore []byte

func (s fixedStore) Elements(context.Context) ([]xmlrepo.Element, error) {
	return []xmlrepo.Element{{Name: "key-1", XML: s}}, nil
}

func (fixedStore) Store(context.Context, xmlrepo.Element) error { return xmlrepo.ErrExist }
