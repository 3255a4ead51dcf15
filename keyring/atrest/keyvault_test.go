package atrest_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"testing"

	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/xmlrepo"
)

// keyAround returns a key element with this as its secret.
func keyAround(secret string) []byte {
	return []byte(`<key id="88e46286-a6d3-4539-aab5-3c9ca6d06b58" version="1"><creationDate>2026-11-01T00:00:00Z</creationDate>` +
		`<activationDate>2026-11-01T00:00:00Z</activationDate><expirationDate>2027-02-01T00:00:00Z</expirationDate>` +
		`<descriptor deserializerType="Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption.ConfigurationModel.AuthenticatedEncryptorDescriptorDeserializer, Microsoft.AspNetCore.DataProtection">` +
		`<descriptor><encryption algorithm="AES_256_CBC" /><validation algorithm="HMACSHA256" />` + secret + `</descriptor></descriptor></key>`)
}

// shape replaces every text in an element but comments and the key's name.
func shape(xml []byte) string {
	return regexp.MustCompile(`>[A-Za-z0-9+/=]+<`).ReplaceAllString(string(xml), ">…<")
}

// keyVaultParts takes an encryptedKey apart.
func keyVaultParts(t testing.TB, xml []byte) map[string]string {
	t.Helper()
	root, err := xmldoc.Parse(xml)
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for c := range root.ChildElementsSeq() {
		parts[c.Tag] = xmldoc.Text(c)
	}
	return parts
}

// keyVaultPlaintext decrypts an encryptedKey by hand, padding included.
func keyVaultPlaintext(t testing.TB, w *wrapper, xml []byte) string {
	t.Helper()
	parts := keyVaultParts(t, xml)
	part := func(name string) []byte {
		b, err := base64.StdEncoding.DecodeString(parts[name])
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key, err := w.Unwrap(t.Context(), parts["kid"], atrest.RSAOAEP, part("key"))
	if err != nil {
		t.Fatal(err)
	}
	if len(key) != 16 {
		t.Errorf("the AES key has %d bytes", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	plain := part("value")
	cipher.NewCBCDecrypter(block, part("iv")).CryptBlocks(plain, plain)
	return string(plain)
}

func keyVault(t testing.TB, w atrest.KeyWrapper, kid string) (*atrest.KeyVaultEncryptor, *atrest.KeyVaultDecryptor) {
	t.Helper()
	enc, err := atrest.NewKeyVaultEncryptor(w, kid)
	if err != nil {
		t.Fatal(err)
	}
	dec, err := atrest.NewKeyVaultDecryptor(w)
	if err != nil {
		t.Fatal(err)
	}
	return enc, dec
}

// A ring whose keys a service wraps: the version that was used is the one asked
// for when reading.
func TestKeyVaultRing(t *testing.T) {
	w := &wrapper{kid: "https://vault/keys/dp/v2", key: recordedKey(t, "rsa2048")}
	enc, dec := keyVault(t, w, "https://vault/keys/dp")
	repo := xmlrepo.NewMemory()
	k := create(t, newManager(t, repo, keyring.Options{Encryptor: enc, Decryptors: []keyring.XMLDecryptor{dec}}))
	if !k.EncryptedAtRest {
		t.Error("the key is not encrypted")
	}
	same(t, k, onlyKey(t, repo, dec))
	if want := "wrap https://vault/keys/dp RSA-OAEP, unwrap https://vault/keys/dp/v2 RSA-OAEP"; !strings.HasPrefix(strings.Join(w.asked, ", "), want) {
		t.Errorf("the service was asked %q", w.asked)
	}
	if xml := string(element(t, repo)); !strings.Contains(xml, `decryptorType="Azure.Extensions.AspNetCore.DataProtection.Keys.AzureKeyVaultXmlDecryptor, Azure.Extensions.AspNetCore.DataProtection.Keys, Version=`) ||
		!strings.Contains(xml, `<encryptedKey xmlns="">`) || strings.Contains(xml, "masterKey") {
		t.Errorf("stored as %s", xml)
	}
	other := &wrapper{kid: "https://vault/keys/dp/v3", key: recordedKey(t, "other3072")}
	_, lacks := keyVault(t, other, other.kid)
	missing := onlyKey(t, repo, lacks)
	if _, err := missing.Encryptor(); !missing.DecryptorMissing || !errors.Is(err, keyring.ErrDecryptionKeyMissing) {
		t.Errorf("a service without the key: %v", err)
	}
}

// The package that came before wrote another class and another comment.
func TestKeyVaultLegacyName(t *testing.T) {
	w := &wrapper{kid: "v1", key: recordedKey(t, "rsa2048")}
	enc, dec := keyVault(t, w, "v1")
	sealed, err := enc.EncryptXML(t.Context(), []byte("<masterKey><value>"+strings.Repeat("A", 88)+"</value></masterKey>"))
	if err != nil {
		t.Fatal(err)
	}
	old := strings.Replace(string(sealed.XML), "Azure Key Vault", "Azure KeyVault", 1)
	old = strings.Replace(old, "<encryptedKey>", `<encryptedKey xmlns="">`, 1)
	secret := `<encryptedSecret decryptorType="Microsoft.AspNetCore.DataProtection.AzureKeyVault.AzureKeyVaultXmlDecryptor, Microsoft.AspNetCore.DataProtection.AzureKeyVault, Version=3.1.0.0, Culture=neutral, PublicKeyToken=adb9793829ddae60" xmlns="http://schemas.asp.net/2015/03/dataProtection">` + old + `</encryptedSecret>`
	repo := xmlrepo.NewMemory()
	if err := repo.Store(t.Context(), xmlrepo.Element{Name: "key", XML: keyAround(secret)}); err != nil {
		t.Fatal(err)
	}
	if _, err := onlyKey(t, repo, dec).Encryptor(); err != nil {
		t.Error(err)
	}
	secrets, err := keyring.EncryptedSecrets(element(t, repo))
	if err != nil || len(secrets) != 1 || atrest.Describe(secrets[0]).Kind != atrest.KindKeyVault {
		t.Errorf("%+v, %v", secrets, err)
	}
}

// Whatever is done to the bytes, there is one error, and none of a service's.
func TestKeyVaultHostile(t *testing.T) {
	w := &wrapper{kid: "v1", key: recordedKey(t, "rsa2048")}
	enc, dec := keyVault(t, w, "v1")
	sealed, err := enc.EncryptXML(t.Context(), []byte("<masterKey><value>AAAA</value></masterKey>"))
	if err != nil {
		t.Fatal(err)
	}
	parts := keyVaultParts(t, sealed.XML)
	replaced := func(name, text string) []byte {
		return bytes.Replace(sealed.XML, []byte(parts[name]), []byte(text), 1)
	}
	value, _ := base64.StdEncoding.DecodeString(parts["value"])
	b64 := base64.StdEncoding.EncodeToString
	var one error
	for name, xml := range map[string][]byte{
		"no value": replaced("value", ""), "half a block": replaced("value", b64(value[:24])), "a block less": replaced("value", b64(value[:len(value)-16])),
		"zeros": replaced("value", b64(make([]byte, 1<<17))), "a short iv": replaced("iv", "AAAA"),
	} {
		plain, err := dec.DecryptXML(t.Context(), xml)
		if err == nil {
			t.Errorf("%s: %q", name, plain)
			continue
		}
		if one == nil {
			one = err
		}
		if err != one {
			t.Errorf("%s: %v, elsewhere %v", name, err, one)
		}
	}
	for bit := 0; bit < 8*len(value); bit += 3 {
		changed := bytes.Clone(value)
		changed[bit/8] ^= 1 << (bit % 8)
		if plain, err := dec.DecryptXML(t.Context(), replaced("value", b64(changed))); err != nil && err != one || err == nil && plain == nil {
			t.Errorf("bit %d: %q, %v", bit, plain, err)
		}
	}
	for name, tt := range map[string]struct {
		xml  string
		want string
	}{
		"no kid":     {strings.Replace(string(sealed.XML), "kid>", "kit>", 2), "no <kid>"},
		"two keys":   {strings.Replace(string(sealed.XML), "<key>", "<key>AAAA</key><key>", 1), "two <key>"},
		"no base64":  {string(replaced("iv", "secret!")), "<iv> is not base64"},
		"other kid":  {string(replaced("kid", "https://evil/")), keyring.ErrDecryptionKeyMissing.Error()},
		"bad key":    {string(replaced("key", "AAAA")), "the service cannot unwrap it"},
		"no element": {"text", "xml"},
	} {
		_, err := dec.DecryptXML(t.Context(), []byte(tt.xml))
		fails(t, err, tt.want)
		if err != nil && strings.Contains(err.Error(), "secret!") {
			t.Errorf("%s: the error repeats what it found: %v", name, err)
		}
	}
}

// downWrapper is a service that does not answer.
type downWrapper struct{}

func (downWrapper) Wrap(ctx context.Context, _, _ string, _ []byte) ([]byte, string, error) {
	return nil, "", errors.New("the service is down")
}
func (downWrapper) Unwrap(ctx context.Context, _, _ string, _ []byte) ([]byte, error) {
	return nil, errors.New("the service is down")
}

// A service that does not answer makes a key unusable for the moment, and no
// new one is stored.
func TestKeyVaultDown(t *testing.T) {
	w := &wrapper{kid: "v1", key: recordedKey(t, "rsa2048")}
	enc, dec := keyVault(t, w, "v1")
	repo := xmlrepo.NewMemory()
	create(t, newManager(t, repo, keyring.Options{Encryptor: enc, Decryptors: []keyring.XMLDecryptor{dec}}))
	down, cannot := keyVault(t, downWrapper{}, "v1")
	m := newManager(t, repo, keyring.Options{Encryptor: down, Decryptors: []keyring.XMLDecryptor{cannot}})
	k := onlyKey(t, repo, cannot)
	_, err := k.Encryptor()
	fails(t, err, "the service is down", `"v1"`)
	if k.DecryptorMissing {
		t.Error("the key counts as one that belongs to others")
	}
	_, err = m.CreateKey(t.Context(), keyring.NewKeyOptions{})
	fails(t, err, "the service is down")
	element(t, repo)
}

func TestKeyVaultNeedsAService(t *testing.T) {
	if _, err := atrest.NewKeyVaultEncryptor(nil, "v1"); err == nil {
		t.Error("an encryptor without a service")
	}
	if _, err := atrest.NewKeyVaultEncryptor(downWrapper{}, ""); err == nil {
		t.Error("an encryptor without a key")
	}
	if _, err := atrest.NewKeyVaultDecryptor(nil); err == nil {
		t.Error("a decryptor without a service")
	}
}
