package atrest_test

import (
	"errors"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/protector"
	"dataprotection.example/testdata"
	"dataprotection.example/xmlrepo"
)

// Every recorded ring that is encrypted at rest opens, with its payloads, or is
// refused: its key is then listed and cannot be used.
func TestVectors(t *testing.T) {
	all, err := testdata.Vectors()
	if err != nil {
		t.Fatal(err)
	}
	opened, refused := 0, 0
	for _, v := range all {
		if v.Ring == "" || v.Certificate == "" && v.Kind != "null-encryptor" {
			continue
		}
		t.Run(v.Name, func(t *testing.T) {
			repo := vectorDir(t, v.Ring)
			with := decryptors(t, recorded(t, "other3072"), recorded(t, "rsa2048"))
			k := onlyKey(t, repo, with...)
			if why, bad := v.Refused(); bad {
				refused++
				if _, err := k.Encryptor(); !errors.Is(err, keyring.ErrKeyUnreadable) || errors.Is(err, keyring.ErrDecryptionKeyMissing) {
					t.Errorf("%s: %v", why, err)
				}
				if k.ExpirationDate.IsZero() || !k.EncryptedAtRest || k.DecryptorMissing || k.Algorithms == (keyring.Algorithms{}) {
					t.Errorf("listed as %+v", k)
				}
				return
			}
			opened++
			opens(t, v, repo, with)
			if encrypted := v.Certificate != ""; k.EncryptedAtRest != encrypted {
				t.Errorf("EncryptedAtRest is %v", k.EncryptedAtRest)
			} else if encrypted {
				withoutCertificate(t, repo)
			}
		})
	}
	if opened < 10 || refused < 5 {
		t.Errorf("%d vectors opened, %d refused", opened, refused)
	}
}

// opens opens the payloads of a vector.
func opens(t *testing.T, v testdata.Vector, repo xmlrepo.Repository, with []keyring.XMLDecryptor) {
	t.Helper()
	ring, err := keyring.Open(t.Context(), repo, keyring.Options{Decryptors: with, DisableAutomaticKeyGeneration: true, Now: at(noon)})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	p := protector.New(ring, protector.Options{}).CreateProtector(v.Purposes[0], v.Purposes[1:]...)
	plain, err := p.Unprotect(t.Context(), v.PayloadBytes())
	if err != nil || string(plain) != string(v.Plaintext) {
		t.Errorf("got %q, %v; want %q", plain, err, v.Plaintext)
	}
	if v.DotnetReply != "" {
		plain, err := p.UnprotectString(t.Context(), v.DotnetReply)
		if err != nil || plain != string(v.DotnetReplyPlaintext) {
			t.Errorf("the reply: got %q, %v; want %q", plain, err, v.DotnetReplyPlaintext)
		}
	}
}

// withoutCertificate checks what a node sees that lacks the certificate: with no
// decryptor at all, and with one that has another certificate.
func withoutCertificate(t *testing.T, repo xmlrepo.Repository) {
	t.Helper()
	k := onlyKey(t, repo)
	_, err := k.Encryptor()
	if !k.EncryptedAtRest || !k.DecryptorMissing || !errors.Is(err, keyring.ErrDecryptionKeyMissing) {
		t.Errorf("without decryptors: %+v, %v", k, err)
	}
	key := recordedKey(t, "other3072")
	k = onlyKey(t, repo, decryptors(t, pair(t, selfSigned(t, "stranger", key, noon, noon.AddDate(1, 0, 0)), key))...)
	_, err = k.Encryptor()
	if !k.EncryptedAtRest || !k.DecryptorMissing || !errors.Is(err, keyring.ErrDecryptionKeyMissing) {
		t.Errorf("with another certificate: %+v, %v", k, err)
	}
	fails(t, err, "CN=godp-rsa2048", atrest.Thumbprint(recorded(t, "rsa2048").Certificate()))
}

// The synthetic secret of Azure Key Vault opens with the key that stands in for
// the vault's, and what we write has its shape.
func TestKeyVaultVector(t *testing.T) {
	text, err := testdata.FS.ReadFile("vectors/akv-synthetic/encryptedSecret.xml")
	if err != nil {
		t.Fatal(err)
	}
	const kid = "https://example.vault.azure.net/keys/dp/0123456789abcdef0123456789abcdef"
	w := &wrapper{kid: kid, key: recordedKey(t, "rsa2048")}
	repo := xmlrepo.NewMemory()
	err = repo.Store(t.Context(), xmlrepo.Element{Name: "key", XML: keyAround(string(text))})
	if err != nil {
		t.Fatal(err)
	}
	dec, err := atrest.NewKeyVaultDecryptor(w)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := onlyKey(t, repo, dec).Encryptor(); err != nil {
		t.Fatal(err)
	}
	if want := "unwrap " + kid + " RSA-OAEP"; len(w.asked) != 1 || w.asked[0] != want {
		t.Errorf("the service was asked %q, want %q", w.asked, want)
	}
	secrets, err := keyring.EncryptedSecrets(element(t, repo))
	if err != nil || len(secrets) != 1 {
		t.Fatal(secrets, err)
	}
	if p := atrest.Describe(secrets[0]); p.Kind != atrest.KindKeyVault || p.KeyID != kid {
		t.Errorf("described as %+v", p)
	}
	// The content byte for byte: our encryptor makes the same of its plaintext.
	plain, err := dec.DecryptXML(t.Context(), secrets[0].XML)
	if err != nil {
		t.Fatal(err)
	}
	enc, err := atrest.NewKeyVaultEncryptor(w, "https://example.vault.azure.net/keys/dp")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := enc.EncryptXML(t.Context(), plain)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := keyVaultPlaintext(t, w, secrets[0].XML), keyVaultPlaintext(t, w, ours.XML); a != b {
		t.Errorf("recorded %q\nours     %q", a, b)
	}
	if a, b := strings.Replace(shape(secrets[0].XML), ` xmlns=""`, "", 1), shape(ours.XML); a != b {
		t.Errorf("recorded %s\nours     %s", a, b)
	}
}
