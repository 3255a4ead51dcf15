package atrest_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/xmlrepo"
)

// A ring under a certificate, by either transport: nothing secret is stored,
// and whoever has the private key reads it.
func TestCertificateRing(t *testing.T) {
	p := recorded(t, "rsa2048")
	for _, opts := range []atrest.CertificateEncryptorOptions{{}, {PKCS1v15: true}} {
		enc, err := atrest.NewCertificateEncryptor(p.Certificate(), opts)
		if err != nil {
			t.Fatal(err)
		}
		repo := xmlrepo.NewMemory()
		m := newManager(t, repo, keyring.Options{Encryptor: enc}) // need not read what it writes
		k := create(t, m)
		if !k.EncryptedAtRest || !k.DecryptorMissing {
			t.Errorf("created as %+v", k)
		}
		read := onlyKey(t, repo, decryptors(t, p)...)
		if _, err := read.Encryptor(); err != nil || read.ID != k.ID || !read.EncryptedAtRest {
			t.Errorf("%+v, %v", read, err)
		}
		same(t, read, onlyKey(t, repo, decryptors(t, p)...))
		xml := string(element(t, repo))
		transport := map[bool]string{false: "rsa-oaep-mgf1p", true: "rsa-1_5"}[opts.PKCS1v15]
		if strings.Contains(xml, "masterKey") || strings.Contains(xml, "value>") || !strings.Contains(xml, transport) {
			t.Errorf("stored as %s", xml)
		}
		secrets, err := keyring.EncryptedSecrets([]byte(xml))
		if err != nil || len(secrets) != 1 {
			t.Fatal(secrets, err)
		}
		if d := atrest.Describe(secrets[0]); d.Kind != atrest.KindCertificate || len(d.Certificates) != 1 || !d.Certificates[0].Equal(p.Certificate()) {
			t.Errorf("described as %+v", d)
		}
	}
}

// A ring in the middle of a change of certificates has keys under both.
func TestTwoCertificates(t *testing.T) {
	old, renewed := recorded(t, "rsa2048"), recorded(t, "other3072")
	repo := xmlrepo.NewMemory()
	create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, old)}))
	create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, renewed)}))
	for name, with := range map[string][]keyring.XMLDecryptor{
		"one decryptor of two": decryptors(t, old, renewed),
		"two decryptors":       append(decryptors(t, renewed), decryptors(t, old)...),
	} {
		keys, err := newManager(t, repo, keyring.Options{Decryptors: with}).Keys(t.Context())
		if err != nil || len(keys) != 2 {
			t.Fatal(keys, err)
		}
		for _, k := range keys {
			if _, err := k.Encryptor(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	keys, err := newManager(t, repo, keyring.Options{Decryptors: decryptors(t, renewed)}).Keys(t.Context())
	if err != nil || !keys[0].DecryptorMissing && !keys[1].DecryptorMissing {
		t.Errorf("with one certificate: %+v, %v", keys, err)
	}
}

// A renewed certificate over the same key is another one, unless asked.
func TestMatchPublicKey(t *testing.T) {
	p, key := recorded(t, "rsa2048"), recordedKey(t, "rsa2048")
	renewed := pair(t, selfSigned(t, "renewed", key, noon, noon.AddDate(1, 0, 0)), key)
	repo := xmlrepo.NewMemory()
	create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, p)}))
	if k := onlyKey(t, repo, decryptors(t, renewed)...); !k.DecryptorMissing {
		t.Error("the renewed certificate opens what is encrypted to the old one, unlike .NET")
	}
	lenient := decryptor(t, atrest.CertificateDecryptorOptions{MatchPublicKey: true}, recorded(t, "other3072"), renewed)
	if _, err := onlyKey(t, repo, lenient).Encryptor(); err != nil {
		t.Error(err)
	}
	stranger := decryptor(t, atrest.CertificateDecryptorOptions{MatchPublicKey: true}, recorded(t, "other3072"))
	if k := onlyKey(t, repo, stranger); !k.DecryptorMissing {
		t.Error("another key opens it")
	}
}

// Outside its dates a certificate still opens, with one warning.
func TestExpiredCertificate(t *testing.T) {
	key := recordedKey(t, "rsa2048")
	for word, dates := range map[string][2]time.Time{
		"expired":       {noon.AddDate(-2, 0, 0), noon.AddDate(-1, 0, 0)},
		"not yet valid": {noon.AddDate(1, 0, 0), noon.AddDate(2, 0, 0)},
		"":              {noon.AddDate(-1, 0, 0), noon},
	} {
		p := pair(t, selfSigned(t, "dated", key, dates[0], dates[1]), key)
		var log bytes.Buffer
		d := decryptor(t, atrest.CertificateDecryptorOptions{Logger: logTo(&log)}, p)
		repo := xmlrepo.NewMemory()
		m := newManager(t, repo, keyring.Options{Encryptor: encryptor(t, p), Decryptors: []keyring.XMLDecryptor{d}})
		for range 3 {
			create(t, m)
		}
		keys, err := m.Keys(t.Context())
		if err != nil || len(keys) != 3 {
			t.Fatal(keys, err)
		}
		for _, k := range keys {
			if _, err := k.Encryptor(); err != nil {
				t.Error(err)
			}
		}
		lines := strings.Count(log.String(), "\n")
		if word == "" && lines > 0 || word != "" && (lines != 1 || !strings.Contains(log.String(), word) ||
			!strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), atrest.Thumbprint(p.Certificate()))) {
			t.Errorf("%q: the log is %s", word, log.String())
		}
	}
}

// remote is a private key that is not in this process.
type remote struct {
	crypto.Decrypter
	err error
}

func (r remote) Decrypt(rand io.Reader, msg []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	return r.Decrypter.Decrypt(rand, msg, opts)
}

// A private key behind crypto.Decrypter serves, and when it fails the error
// says where to look and not what the token said about the bytes.
func TestRemotePrivateKey(t *testing.T) {
	key := recordedKey(t, "rsa2048")
	c := recorded(t, "rsa2048").Certificate()
	repo := xmlrepo.NewMemory()
	create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, recorded(t, "rsa2048"))}))
	if _, err := onlyKey(t, repo, decryptors(t, pair(t, c, remote{Decrypter: key}))...).Encryptor(); err != nil {
		t.Error(err)
	}
	_, err := onlyKey(t, repo, decryptors(t, pair(t, c, remote{key, errors.New("CKR_ENCRYPTED_DATA_INVALID")}))...).Encryptor()
	fails(t, err, "cannot be decrypted", "token or agent", "godp-rsa2048")
	if err != nil && strings.Contains(err.Error(), "CKR_") {
		t.Errorf("the error repeats the token's: %v", err)
	}
}

func TestBadPairs(t *testing.T) {
	p := recorded(t, "rsa2048")
	_, err := atrest.NewKeyPair(p.Certificate(), recordedKey(t, "other3072"))
	fails(t, err, "not that of the certificate", "godp-rsa2048")
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := selfSigned(t, "curve", ec, noon, noon)
	_, err = atrest.NewKeyPair(c, nil)
	fails(t, err, "ECDSA", "only RSA", "CN=curve")
	_, err = atrest.NewCertificateEncryptor(c, atrest.CertificateEncryptorOptions{})
	fails(t, err, "ECDSA", "only RSA", "CN=curve")
	_, err = atrest.NewCertificateEncryptor(nil, atrest.CertificateEncryptorOptions{})
	fails(t, err, "no certificate")
	_, err = atrest.NewCertificateDecryptor(atrest.CertificateDecryptorOptions{})
	fails(t, err, "no certificate")
	_, err = atrest.NewCertificateDecryptor(atrest.CertificateDecryptorOptions{}, pair(t, p.Certificate(), nil))
	fails(t, err, "no private key", "godp-rsa2048")
	_, err = atrest.NewCertificateDecryptor(atrest.CertificateDecryptorOptions{}, atrest.KeyPair{})
	fails(t, err, "no private key")
}

// Nothing that holds a private key shows it.
func TestNothingPrints(t *testing.T) {
	key, p := recordedKey(t, "rsa2048"), recorded(t, "rsa2048")
	d := decryptor(t, atrest.CertificateDecryptorOptions{}, p)
	var log bytes.Buffer
	var shown []string
	for _, v := range []any{p, &p, []atrest.KeyPair{p}, d, []any{d}, struct{ P atrest.KeyPair }{p}, map[string]any{"p": p}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			shown = append(shown, fmt.Sprintf(verb, v))
		}
		j, err := json.Marshal(v)
		if err == nil {
			shown = append(shown, string(j))
		}
		logTo(&log).Info("x", "v", v)
	}
	shown = append(shown, log.String())
	for _, secret := range [][]byte{key.D.Bytes(), key.Primes[0].Bytes(), key.Primes[1].Bytes()} {
		for _, form := range []string{fmt.Sprintf("%x", secret)[:40], fmt.Sprintf("%X", secret)[:40], fmt.Sprintf("%v", secret)[1:80], string(secret[:16])} {
			for _, s := range shown {
				if strings.Contains(s, form) {
					t.Errorf("the private key is in %.300s", s)
				}
			}
		}
	}
	for _, n := range []fmt.Stringer{key.D, key.Primes[0], key.Primes[1]} {
		for _, s := range shown {
			if strings.Contains(s, n.String()[:40]) {
				t.Errorf("the private key is in %.300s", s)
			}
		}
	}
	if s := p.String(); !strings.Contains(s, "godp-rsa2048") || !strings.Contains(s, atrest.Thumbprint(p.Certificate())) {
		t.Errorf("a pair prints as %s", s)
	}
}

// What only Windows opens is listed, named, and left to others.
func TestWindowsOnly(t *testing.T) {
	for class, tt := range map[string]struct {
		kind atrest.Kind
		name string
	}{
		"DpapiXmlDecryptor":   {atrest.KindDPAPI, "Windows DPAPI,"},
		"DpapiNGXmlDecryptor": {atrest.KindDPAPING, "Windows DPAPI-NG,"},
	} {
		repo := xmlrepo.NewMemory()
		err := repo.Store(t.Context(), xmlrepo.Element{Name: "key", XML: keyAround(`<encryptedSecret decryptorType="Microsoft.AspNetCore.DataProtection.XmlEncryption.` + class +
			`, Microsoft.AspNetCore.DataProtection" xmlns="http://schemas.asp.net/2015/03/dataProtection"><encryptedKey xmlns=""><value>AAAA</value></encryptedKey></encryptedSecret>`)})
		if err != nil {
			t.Fatal(err)
		}
		k := onlyKey(t, repo, decryptors(t, recorded(t, "rsa2048"))...)
		_, err = k.Encryptor()
		fails(t, err, tt.name)
		if !k.DecryptorMissing || !k.EncryptedAtRest || !errors.Is(err, keyring.ErrDecryptionKeyMissing) || k.ExpirationDate.IsZero() {
			t.Errorf("%s: %+v, %v", class, k, err)
		}
		secrets, err := keyring.EncryptedSecrets(element(t, repo))
		if err != nil || len(secrets) != 1 || atrest.Describe(secrets[0]).Kind != tt.kind {
			t.Errorf("%s: %+v, %v", class, secrets, err)
		}
	}
}
