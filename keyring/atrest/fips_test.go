package atrest_test

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/xmlrepo"
)

// TestStrictFIPSMode runs a test in a process of its own, for the mode is set
// once and for all at its start.
func TestStrictFIPSMode(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^TestInStrictFIPSMode$")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "panic: fips140: FIPS 140-3 mode is ") { // not supported, incompatible
		t.Skipf("this build has no FIPS mode: %s", out)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: TestInStrictFIPSMode ") {
		t.Errorf("%v\n%s", err, out)
	}
}

// In strict mode certificates, and HMACSHA1 keys, are refused with an error
// that says why; everything else works.
func TestInStrictFIPSMode(t *testing.T) {
	if !fips140.Enforced() {
		t.Skip("TestStrictFIPSMode runs this one in a process with GODEBUG=fips140=only")
	}
	// A recorded ring under a certificate: listed, unusable, the mode named.
	p, err := atrest.ParsePEM(recordedPEM(t, "rsa2048"))
	if err != nil {
		t.Fatal(err)
	}
	k := onlyKey(t, vectorDir(t, "vectors/cert-rsa2048/ring"), decryptors(t, p)...)
	_, err = k.Encryptor()
	fails(t, err, "FIPS 140-only")
	if k.ExpirationDate.IsZero() || !k.EncryptedAtRest || k.DecryptorMissing {
		t.Errorf("listed as %+v", k)
	}
	// Without the certificate, the error names it by its thumbprint all the same.
	_, err = onlyKey(t, vectorDir(t, "vectors/cert-rsa2048/ring"), decryptors(t, recorded(t, "other3072"))...).Encryptor()
	fails(t, err, "FIPS 140-only")
	if s := p.String(); !strings.Contains(s, "6CCB5C193B47D92D8E2B6017BD39BF89D3752C0F") {
		t.Errorf("a pair prints as %s", s)
	}
	repo := xmlrepo.NewMemory()
	_, err = newManager(t, repo, keyring.Options{Encryptor: encryptor(t, p)}).CreateKey(t.Context(), keyring.NewKeyOptions{})
	fails(t, err, "FIPS 140-only")
	if len(contents(t, repo)) != 0 {
		t.Error("a key was stored")
	}
	_, err = atrest.ParsePFX(asset(t, "rsa2048.pfx"))
	fails(t, err, "FIPS 140-only")

	// A key service of whatever kind, with every algorithm a new key may have.
	w := &fixedWrapper{}
	enc, dec := keyVault(t, w, "v1")
	for _, a := range []keyring.Algorithms{
		{}, {Encryption: keyring.AES_256_GCM}, {Encryption: keyring.AES_128_GCM}, {Encryption: keyring.AES_128_CBC, Validation: keyring.HMACSHA512},
	} {
		repo := xmlrepo.NewMemory()
		payload := protect(t, repo, keyring.Options{Algorithms: a, GenerationDelay: -1, Encryptor: enc, Decryptors: []keyring.XMLDecryptor{dec}}, "text")
		text, err := unprotect(t, repo, keyring.Options{Decryptors: []keyring.XMLDecryptor{dec}}, payload)
		if err != nil || text != "text" {
			t.Errorf("%+v: got %q, %v", a, text, err)
		}
	}
	// A plain ring can be rewrapped to it.
	create(t, newManager(t, repo, keyring.Options{AllowUnencryptedKeys: true}))
	result, err := newManager(t, repo, keyring.Options{}).Rewrap(t.Context(), keyring.RewrapOptions{Encryptor: enc, Decryptors: []keyring.XMLDecryptor{dec}})
	if err != nil || len(result.Rewrapped) != 1 {
		t.Errorf("%+v, %v", result, err)
	}

	sha1 := vectorDir(t, "vectors/managed-Aes-128-HMACSHA1/ring")
	_, err = onlyKey(t, sha1).Encryptor()
	fails(t, err, "HMAC-SHA1", "FIPS 140-only")

	// A private key outside of Go does not change what the format asks for.
	outside := pair(t, p.Certificate(), remote{Decrypter: recordedKey(t, "rsa2048")})
	_, err = onlyKey(t, vectorDir(t, "vectors/cert-rsa2048/ring"), decryptors(t, outside)...).Encryptor()
	fails(t, err, "FIPS 140-only")
}
