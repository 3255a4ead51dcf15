package atrest_test

import (
	"testing"

	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/testdata"
)

// FuzzKeyVault looks for an element that panics, or opens to something other
// than one element.
func FuzzKeyVault(f *testing.F) {
	w := &fixedWrapper{}
	enc, dec := keyVault(f, w, "v1")
	sealed, err := enc.EncryptXML(f.Context(), []byte("<masterKey><value>AAAA</value></masterKey>"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed.XML)
	secret, err := testdata.FS.ReadFile("vectors/akv-synthetic/encryptedSecret.xml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(secret)
	f.Fuzz(func(t *testing.T, element []byte) {
		plain, err := dec.DecryptXML(t.Context(), element)
		if err != nil {
			if plain != nil {
				t.Errorf("%q with the error %v", plain, err)
			}
			return
		}
		if _, err := xmldoc.Parse(plain); err != nil {
			t.Errorf("%q: %v", plain, err)
		}
	})
}

// FuzzCertificateKey reads a ring of one key as it is, with the decryptors of a
// certificate and of a key service: it may be refused, but never panics, and
// never says that it is not encrypted when it is.
func FuzzCertificateKey(f *testing.F) {
	p := recorded(f, "rsa2048")
	_, vault := keyVault(f, &fixedWrapper{}, "v1")
	with := append(decryptors(f, p), vault)
	all, err := testdata.Vectors()
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range all {
		if v.Ring != "" && v.Certificate != "" {
			f.Add(element(f, vectorDir(f, v.Ring)))
		}
	}
	f.Fuzz(func(t *testing.T, xml []byte) {
		secrets, err := keyring.EncryptedSecrets(xml)
		for _, s := range secrets {
			atrest.Describe(s)
		}
		repo := fixedStore(xml)
		keys, readErr := newManager(t, repo, keyring.Options{Decryptors: with}).Keys(t.Context())
		if readErr != nil || err != nil {
			return
		}
		for _, k := range keys {
			_, err := k.Encryptor()
			if k.DecryptorMissing && err == nil {
				t.Error("no decryptor, and it opens")
			}
			if k.EncryptedAtRest && len(secrets) == 0 {
				t.Error("encrypted, and there is no encrypted secret")
			}
		}
	})
}
