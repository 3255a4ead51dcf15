package keyring_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// otherEncryptor is another certificate beside prefixEncryptor.
type otherEncryptor struct{}

func (otherEncryptor) EncryptXML(_ context.Context, element []byte) (keyring.EncryptedXML, error) {
	text := base64.URLEncoding.EncodeToString(element)
	return keyring.EncryptedXML{DecryptorType: "Other.Decryptor, Test", XML: []byte("<other>" + text + "</other>")}, nil
}

func (otherEncryptor) DecryptorTypes() []string { return []string{"Other.Decryptor"} }

func (otherEncryptor) DecryptXML(_ context.Context, element []byte) ([]byte, error) {
	text := strings.TrimPrefix(strings.TrimSuffix(string(element), "</other>"), "<other>")
	return base64.URLEncoding.DecodeString(strings.TrimPrefix(text, `<other xmlns="">`))
}

// FuzzRewrap rewraps a key as it is: either nothing happens and there is a
// reason, or it is the same key and under the new encryptor altogether.
func FuzzRewrap(f *testing.F) {
	const mark = ` p:requiresEncryption="true" xmlns:p="http://schemas.asp.net/2015/03/dataProtection"`
	value := "<value>" + masterKey64 + "</value>"
	for _, secret := range []string{
		"<masterKey>" + value + "</masterKey>", "<masterKey" + mark + ">" + value + "</masterKey>",
		"<masterKey" + mark + "><x" + mark + "/>" + value + "</masterKey><masterKey/>",
	} {
		f.Add([]byte(keyWith(secret)))
		for _, e := range []keyring.XMLEncryptor{prefixEncryptor{}, otherEncryptor{}, keyring.NullXMLEncryptor{}} {
			sealed, err := keyring.EncryptKey(f.Context(), e, []byte(keyWith(secret)))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(sealed)
		}
	}
	f.Fuzz(func(t *testing.T, xml []byte) {
		store := xmlrepo.NewMemory()
		if err := store.Store(t.Context(), xmlrepo.Element{Name: "key", XML: xml}); err != nil {
			return
		}
		before := elements(t, store)["key"]
		m := newManager(t, store, keyring.Options{Now: at(noon), Decryptors: []keyring.XMLDecryptor{prefixEncryptor{}}})
		result, err := m.Rewrap(t.Context(), keyring.RewrapOptions{Encryptor: otherEncryptor{}, Decryptors: []keyring.XMLDecryptor{otherEncryptor{}}})
		after := elements(t, store)["key"]
		if (before != after) != (len(result.Rewrapped) > 0) || err != nil && before != after {
			t.Fatalf("%+v, %v\nbefore %s\nafter  %s", result, err, before, after)
		}
		if err != nil {
			return
		}
		secrets, err := keyring.EncryptedSecrets([]byte(after))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range secrets {
			if strings.HasPrefix(after, "<key") && s.DecryptorType != "Other.Decryptor" && result.Already == 0 {
				t.Errorf("%s is left in %s", s.DecryptorType, after)
			}
		}
		old, err := newManager(t, files(before), keyring.Options{Decryptors: []keyring.XMLDecryptor{prefixEncryptor{}, otherEncryptor{}}}).Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		now, err := newManager(t, files(after), keyring.Options{Decryptors: []keyring.XMLDecryptor{otherEncryptor{}}, RequireEncryptedKeys: true}).Keys(t.Context())
		if err != nil || len(old) != len(now) {
			t.Fatalf("%d keys, then %d, %v", len(old), len(now), err)
		}
		for i := range old {
			if _, err := old[i].Encryptor(); err == nil {
				sealsAndOpens(t, old[i], now[i])
			}
		}
	})
}
