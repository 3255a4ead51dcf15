package readmetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

// restKey is the RSA key of the document's keys at rest.
func restKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	e := exampleWith(t, "rsa p")
	one := big.NewInt(1)
	p, q := new(big.Int).SetBytes(e.hex(t, "rsa p")), new(big.Int).SetBytes(e.hex(t, "rsa q"))
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, Primes: []*big.Int{p, q}}
	key.D = new(big.Int).ModInverse(big.NewInt(65537), new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)))
	key.Precompute()
	if err := key.Validate(); err != nil {
		t.Fatal(err)
	}
	return key
}

// partsOf returns the base64 of an element, decoded, by the path to it.
func partsOf(t *testing.T, name string, paths ...string) [][]byte {
	t.Helper()
	root, err := xmldoc.Parse([]byte(elements(t)[name]))
	if err != nil {
		t.Fatal(err)
	}
	var parts [][]byte
	for _, path := range paths {
		el := root.FindElement(path)
		if el == nil {
			t.Fatalf("%s has no %s", name, path)
		}
		part, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(xmldoc.Text(el)), ""))
		if err != nil {
			t.Fatalf("%s, %s: %v", name, path, err)
		}
		parts = append(parts, part)
	}
	return parts
}

func restCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(partsOf(t, "certificate", "//X509Certificate")[0])
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// secretIn returns the second key with another element in its secret's place.
func secretIn(t *testing.T, name string) string {
	t.Helper()
	key := elements(t)[keyGCM]
	before, rest, _ := strings.Cut(key, "<masterKey>")
	_, after, found := strings.Cut(rest, "</masterKey>")
	if !found {
		t.Fatal("the second key has no secret")
	}
	return before + elements(t)[name] + after
}

// opensGCM opens the GCM payload in a ring whose key has its secret encrypted.
func opensGCM(t *testing.T, name string, decryptor keyring.XMLDecryptor) {
	t.Helper()
	repo := xmlrepo.NewMemory()
	if err := repo.Store(t.Context(), xmlrepo.Element{Name: keyGCM, XML: []byte(secretIn(t, name))}); err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.Open(t.Context(), repo, keyring.Options{
		DisableAutomaticKeyGeneration: true, Decryptors: []keyring.XMLDecryptor{decryptor},
		Now: func() time.Time { return time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ring.Close() })
	by := protector.New(ring, protector.Options{}).CreateProtector("")
	if text, err := by.UnprotectString(t.Context(), exampleWith(t, "nonce")["payload"]); err != nil || text != "three apples" {
		t.Errorf("%s: %q, %v", name, text, err)
	}
}

// shaped holds that the document's element is what the module writes but for
// what is random, and layout.
func shaped(t *testing.T, name string, encryptor keyring.XMLEncryptor) {
	t.Helper()
	written, err := keyring.EncryptKey(t.Context(), encryptor, []byte(elements(t)[keyGCM]))
	if err != nil {
		t.Fatal(err)
	}
	told, err := xmldoc.Parse([]byte(secretIn(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	random := regexp.MustCompile(`(<(?:CipherValue|key|iv|value|X509Certificate)>)[^<]*<`)
	blank := func(xml []byte) string { return random.ReplaceAllString(string(xml), "$1…<") }
	if a, b := blank(xmldoc.Compact(told)), blank(written); a != b {
		t.Errorf("%s is told as\n%s\nand written as\n%s", name, a, b)
	}
}

// unwrap is OAEP by the standard library.
func unwrap(t *testing.T, wrapped []byte) []byte {
	t.Helper()
	key, err := rsa.DecryptOAEP(sha1.New(), nil, restKey(t), wrapped, nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	e := exampleWith(t, "rsa p")
	parts := partsOf(t, "certificate", "//EncryptedKey/CipherData/CipherValue", "EncryptedData/CipherData/CipherValue")
	if len(parts[0]) != restKey(t).Size() {
		t.Errorf("%d bytes wrapped under a modulus of %d", len(parts[0]), restKey(t).Size())
	}
	e.check(t, "aes key", unwrap(t, parts[0]))
	element, ends := []byte(e["element"]), e.hex(t, "padded ends")
	padded := append(element[:len(element)/16*16:len(element)], ends...)
	if !bytes.HasPrefix(padded, element) || int(ends[15]) != len(padded)-len(element) {
		t.Errorf("the padding of %d bytes ends in %x", len(element), ends)
	}
	iv := e.hex(t, "iv")
	if worked := slices.Concat(iv, encryptBlocks(e.hex(t, "aes key"), iv, padded)); !bytes.Equal(parts[1], worked) {
		t.Errorf("the content is\n%x, but works out as\n%x", parts[1], worked)
	}
	if !strings.Contains(elements(t)[keyGCM], e["element"]) {
		t.Error("the element is not the second key's")
	}

	pair, err := atrest.NewKeyPair(restCertificate(t), restKey(t))
	if err != nil {
		t.Fatal(err)
	}
	decryptor, err := atrest.NewCertificateDecryptor(atrest.CertificateDecryptorOptions{}, pair)
	if err != nil {
		t.Fatal(err)
	}
	opensGCM(t, "certificate", decryptor)
	encryptor, err := atrest.NewCertificateEncryptor(restCertificate(t), atrest.CertificateEncryptorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	shaped(t, "certificate", encryptor)
}

// vault is a key service with one key.
type vault struct {
	kid string
	key *rsa.PrivateKey
}

func (v vault) Wrap(_ context.Context, _, _ string, key []byte) ([]byte, string, error) {
	wrapped, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, &v.key.PublicKey, key, nil)
	return wrapped, v.kid, err
}

func (v vault) Unwrap(_ context.Context, kid, algorithm string, wrapped []byte) ([]byte, error) {
	if kid != v.kid || algorithm != "RSA-OAEP" {
		return nil, keyring.ErrDecryptionKeyMissing
	}
	return rsa.DecryptOAEP(sha1.New(), nil, v.key, wrapped, nil)
}

func TestKeyVault(t *testing.T) {
	t.Parallel()
	e := exampleWith(t, "document")
	parts := partsOf(t, "keyvault", "//key", "//iv", "//value")
	e.check(t, "aes key", unwrap(t, parts[0]))
	padded := pad([]byte("\xEF\xBB\xBF" + e["document"]))
	e.check(t, "padded ends", padded[len(padded)-16:])
	if worked := encryptBlocks(e.hex(t, "aes key"), parts[1], padded); !bytes.Equal(parts[2], worked) {
		t.Errorf("the value is\n%x, but works out as\n%x", parts[2], worked)
	}

	v := vault{"https://shop.vault.azure.net/keys/ring/00112233445566778899aabbccddeeff", restKey(t)}
	decryptor, err := atrest.NewKeyVaultDecryptor(v)
	if err != nil {
		t.Fatal(err)
	}
	opensGCM(t, "keyvault", decryptor)
	encryptor, err := atrest.NewKeyVaultEncryptor(v, v.kid)
	if err != nil {
		t.Fatal(err)
	}
	shaped(t, "keyvault", encryptor)
}

// ASP.NET Core opens the document's key with its certificate.
func TestDotnetReadsTheCertificate(t *testing.T) {
	t.Parallel()
	peer := dotnettest.Start(t)
	pfx, err := atrest.EncodePFX(restCertificate(t), restKey(t), "x")
	if err != nil {
		t.Fatal(err)
	}
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "ring.pfx")
	for name, data := range map[string][]byte{file: pfx, filepath.Join(dir, keyGCM+".xml"): []byte(secretIn(t, "certificate"))} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ring := peer.Open(dir, dotnettest.RingOptions{UnprotectWithPFX: []dotnettest.PFX{{Path: file, Password: "x"}}})
	if text, err := ring.Protector("").UnprotectString(exampleWith(t, "nonce")["payload"]); err != nil || text != "three apples" {
		t.Errorf("%q, %v", text, err)
	}
}
