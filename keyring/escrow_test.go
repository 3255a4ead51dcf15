package keyring_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// sink remembers what it was told, by a copy and by the very bytes.
type sink struct {
	err    error
	ids    []uuid.UUID
	copies []string
	bytes  [][]byte
}

func (s *sink) StoreKey(_ context.Context, id uuid.UUID, element []byte) error {
	s.ids, s.copies, s.bytes = append(s.ids, id), append(s.copies, string(element)), append(s.bytes, element)
	return s.err
}

// prefixEncryptor encrypts nothing, but in a way that counts as encrypted.
type prefixEncryptor struct{}

func (prefixEncryptor) EncryptXML(_ context.Context, element []byte) (keyring.EncryptedXML, error) {
	text := base64.StdEncoding.EncodeToString(element)
	return keyring.EncryptedXML{DecryptorType: "Test.Decryptor, Test", XML: []byte("<sealed>" + text + "</sealed>")}, nil
}

func (prefixEncryptor) DecryptorTypes() []string { return []string{"Test.Decryptor"} }

func (prefixEncryptor) DecryptXML(_ context.Context, element []byte) ([]byte, error) {
	text := strings.TrimSuffix(strings.TrimPrefix(string(element), "<sealed>"), "</sealed>")
	text = strings.TrimPrefix(text, `<sealed xmlns="">`)
	return base64.StdEncoding.DecodeString(text)
}

func encrypting() keyring.Options {
	return keyring.Options{Now: at(noon), Encryptor: prefixEncryptor{}, Decryptors: []keyring.XMLDecryptor{prefixEncryptor{}}}
}

// Sinks learn of a whole new key, in clear text, before the ring has it, and
// what they learned is cleared behind them.
func TestEscrow(t *testing.T) {
	store := xmlrepo.NewMemory()
	first, second := &sink{}, &sink{}
	opts := encrypting()
	opts.EscrowSinks = []keyring.EscrowSink{first, second}
	k := create(t, newManager(t, store, opts), keyring.NewKeyOptions{})
	for _, s := range []*sink{first, second} {
		if len(s.ids) != 1 || s.ids[0] != k.ID {
			t.Fatalf("told of %v", s.ids)
		}
		if strings.Trim(string(s.bytes[0]), "\x00") != "" {
			t.Errorf("what the sink was handed is still %q", s.bytes[0])
		}
		copied := xmlrepo.NewMemory()
		put(t, copied, "key-"+k.ID.String(), s.copies[0])
		escrowed := readOne(t, copied)
		sealsAndOpens(t, k, escrowed)
		if escrowed.EncryptedAtRest || !escrowed.ActivationDate.Equal(k.ActivationDate) || escrowed.Algorithms != k.Algorithms {
			t.Errorf("the copy is %+v", escrowed)
		}
	}
	if xml := elements(t, store)["key-"+k.ID.String()]; !strings.Contains(xml, "<sealed") || strings.Contains(xml, "masterKey") {
		t.Errorf("stored as %s", xml)
	}
}

// A key whose escrow fails is not made.
func TestEscrowFails(t *testing.T) {
	broken := &sink{err: errors.New("the safe is locked")}
	late := &sink{}
	store := xmlrepo.NewMemory()
	m := newManager(t, store, keyring.Options{EscrowSinks: []keyring.EscrowSink{broken, late}})
	_, err := m.CreateKey(t.Context(), keyring.NewKeyOptions{})
	if !errors.Is(err, broken.err) {
		t.Errorf("got %v", err)
	}
	if len(elements(t, store)) != 0 || len(late.ids) != 0 {
		t.Error("the key was stored, or the other sink told")
	}
	if strings.Trim(string(broken.bytes[0]), "\x00") != "" {
		t.Error("what the sink was handed is still there")
	}
}

// EncryptKey finds every secret in clear text, however it is written, and
// leaves the rest as it is.
func TestEncryptKey(t *testing.T) {
	const mark = ` p:requiresEncryption="true" xmlns:p="http://schemas.asp.net/2015/03/dataProtection"`
	value := "<value>" + masterKey64 + "</value>"
	null := `<encryptedSecret decryptorType="Microsoft.AspNetCore.DataProtection.XmlEncryption.NullXmlDecryptor, Microsoft.AspNetCore.DataProtection" xmlns="http://schemas.asp.net/2015/03/dataProtection">` +
		`<unencryptedKey xmlns=""><masterKey>` + value + `</masterKey></unencryptedKey></encryptedSecret>`
	for name, secret := range map[string]string{
		"marked":   "<masterKey" + mark + ">" + value + "</masterKey>",
		"unmarked": "<masterKey>" + value + "</masterKey>",
		"null":     null,
	} {
		xml := keyWith(secret)
		sealed, err := keyring.EncryptKey(t.Context(), prefixEncryptor{}, []byte(xml))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(string(sealed), masterKey64) {
			t.Errorf("%s: %s", name, sealed)
		}
		sealsAndOpens(t, readOne(t, files(xml)), readOne(t, files(string(sealed)), prefixEncryptor{}))
		if again, err := keyring.EncryptKey(t.Context(), prefixEncryptor{}, sealed); err == nil {
			t.Errorf("%s: encrypted twice: %s", name, again)
		}
	}
	for name, xml := range map[string]string{"no XML": "<key>", "no key": "<revocation />", "another namespace": `<key xmlns="urn:x" />`, "no secret": "<key />"} {
		if sealed, err := keyring.EncryptKey(t.Context(), prefixEncryptor{}, []byte(xml)); err == nil {
			t.Errorf("%s: %s", name, sealed)
		}
	}
	failing := failingEncryptor{errors.New("no certificate today")}
	if _, err := keyring.EncryptKey(t.Context(), failing, []byte(keyWith("<masterKey>"+value+"</masterKey>"))); !errors.Is(err, failing.err) {
		t.Errorf("got %v", err)
	}
}

type failingEncryptor struct{ err error }

func (f failingEncryptor) EncryptXML(context.Context, []byte) (keyring.EncryptedXML, error) {
	return keyring.EncryptedXML{}, f.err
}

// keyWith returns a good key with this secret in its descriptor.
func keyWith(secret string) string {
	before, rest, _ := strings.Cut(goodKeyXML, "<masterKey")
	_, after, _ := strings.Cut(rest, "</masterKey>")
	return before + secret + after
}
