//go:build pkcs11 && cgo && linux

package atrest_test

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ThalesGroup/crypto11"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/xmlrepo"
)

// softHSM returns the private key of a recorded certificate as it lies in a
// SoftHSM token: only the token ever sees it again. Without SoftHSM the test is
// skipped, in CI it fails.
//
//	apt-get install softhsm2
//	go test -tags pkcs11 -run PKCS11 ./keyring/atrest
func softHSM(t *testing.T, name string) (*crypto11.Context, crypto.Decrypter) {
	t.Helper()
	modules := []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so"}
	i := slices.IndexFunc(modules, func(path string) bool { _, err := os.Stat(path); return err == nil })
	util, err := exec.LookPath("softhsm2-util")
	if i < 0 || err != nil {
		const missing = "no SoftHSM here: install the package softhsm2 (apt-get install softhsm2)"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	tokens := t.TempDir()
	t.Setenv("SOFTHSM2_CONF", write(t, "softhsm2.conf", []byte("directories.tokendir = "+tokens+"\nobjectstore.backend = file\nlog.level = ERROR\n")))
	for _, args := range [][]string{
		{"--init-token", "--free", "--label", "ring", "--so-pin", "1234", "--pin", "1234"},
		{"--import", write(t, "key.pem", asset(t, name+".key.pem")), "--token", "ring", "--pin", "1234", "--label", name, "--id", "01"},
	} {
		if out, err := exec.Command(util, args...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	token, err := crypto11.Configure(&crypto11.Config{Path: modules[i], TokenLabel: "ring", Pin: "1234"})
	if err != nil {
		t.Fatal(err)
	}
	key, err := token.FindKeyPair(nil, []byte(name))
	if err != nil || key == nil {
		t.Fatalf("the token has %v, %v", key, err)
	}
	if _, local := any(key).(*rsa.PrivateKey); local {
		t.Fatal("the key has left its token")
	}
	return token, key.(crypto.Decrypter)
}

// A private key in a PKCS #11 token opens rings of both transports and of .NET;
// when the token is gone the error says where to look.
func TestPKCS11(t *testing.T) {
	token, key := softHSM(t, "rsa2048")
	p := pair(t, recorded(t, "rsa2048").Certificate(), key)
	for _, opts := range []atrest.CertificateEncryptorOptions{{}, {PKCS1v15: true}} {
		enc, err := atrest.NewCertificateEncryptor(p.Certificate(), opts)
		if err != nil {
			t.Fatal(err)
		}
		dir := newDir(t, filepath.Join(t.TempDir(), "ring"))
		payload := protect(t, dir, keyring.Options{GenerationDelay: -1, Encryptor: enc, Decryptors: decryptors(t, p)}, "by a token")
		if text, err := unprotect(t, dir, keyring.Options{Decryptors: decryptors(t, recorded(t, "rsa2048"))}, payload); err != nil || text != "by a token" {
			t.Errorf("%+v: the key itself: %q, %v", opts, text, err)
		}
		if text, err := unprotect(t, dir, keyring.Options{Decryptors: decryptors(t, p)}, payload); err != nil || text != "by a token" {
			t.Errorf("%+v: the token: %q, %v", opts, text, err)
		}
	}
	if _, err := onlyKey(t, vectorDir(t, "vectors/cert-rsa2048/ring"), decryptors(t, p)...).Encryptor(); err != nil {
		t.Errorf(".NET's key: %v", err)
	}
	// Rewrapped from one token to a file.
	repo := xmlrepo.NewMemory()
	create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, p)}))
	if _, err := rewrap(t, repo, decryptors(t, p), recorded(t, "other3072"), nil); err != nil {
		t.Error(err)
	}

	if err := token.Close(); err != nil {
		t.Fatal(err)
	}
	k := onlyKey(t, vectorDir(t, "vectors/cert-rsa2048/ring"), decryptors(t, p)...)
	_, err := k.Encryptor()
	fails(t, err, "token or agent", "CN=godp-rsa2048")
	if k.DecryptorMissing || errors.Is(err, keyring.ErrDecryptionKeyMissing) {
		t.Errorf("the key counts as one that belongs to others: %v", err)
	}
}
