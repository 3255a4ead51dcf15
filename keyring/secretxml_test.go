package keyring_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

const vaultType = "Example.Vault"

// vault is an encryptor and a decryptor. It hides an element in base64, as
// far as anybody believes that.
type vault struct {
	answer string // of DecryptXML, unless empty
	err    error
	asked  []string
}

func (v *vault) EncryptXML(_ context.Context, element []byte) (keyring.EncryptedXML, error) {
	v.asked = append(v.asked, string(element))
	return keyring.EncryptedXML{DecryptorType: vaultType + ", Example, Version=1.0.0.0", XML: []byte(lockedXML(string(element)))}, nil
}

func (*vault) DecryptorTypes() []string { return []string{"Example.Other", vaultType} }

func (v *vault) DecryptXML(_ context.Context, element []byte) ([]byte, error) {
	v.asked = append(v.asked, string(element))
	if v.answer != "" || v.err != nil {
		return []byte(v.answer), v.err
	}
	root, err := xmldoc.Parse(element) // also checks that it is good on its own
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(xmldoc.Text(root))
}

func lockedXML(element string) string {
	return "<locked>" + base64.StdEncoding.EncodeToString([]byte(element)) + "</locked>"
}

// inVault wraps an element as vault does, inside <encryptedSecret>.
func inVault(element string) string {
	return `<encryptedSecret decryptorType="` + vaultType + `" xmlns="` + namespace + `">` +
		strings.Replace(lockedXML(element), "<locked", `<locked xmlns=""`, 1) + `</encryptedSecret>`
}

func TestEncryptedAtRest(t *testing.T) {
	store := xmlrepo.NewMemory()
	v := new(vault)
	m := newManager(t, store, keyring.Options{Encryptor: v, Decryptors: []keyring.XMLDecryptor{v}})
	k := create(t, m, keyring.NewKeyOptions{Algorithms: keyring.Algorithms{Encryption: keyring.AES_192_GCM}})
	if !k.EncryptedAtRest || k.DecryptorMissing {
		t.Errorf("got %+v", k)
	}
	secret := v.asked[0]
	if !strings.HasPrefix(secret, `<masterKey p4:requiresEncryption="true" xmlns:p4="`+namespace+`"><!-- Warning: `) {
		t.Errorf("the encryptor was given %q", secret)
	}
	xml := elements(t, store)[k.ElementName]
	if strings.Contains(xml, "masterKey") || !strings.Contains(xml, `<encryptedSecret decryptorType="`+vaultType+`, Example, Version=1.0.0.0" xmlns="`+namespace+`"><locked xmlns="">`) {
		t.Errorf("stored %s", xml)
	}
	stored := readOne(t, store, v)
	sealsAndOpens(t, k, stored)
	if stored.Algorithms != k.Algorithms {
		t.Errorf("got %+v", stored.Algorithms)
	}

	for name, without := range map[string]keyring.Key{
		"returned": create(t, newManager(t, xmlrepo.NewMemory(), keyring.Options{Encryptor: v}), keyring.NewKeyOptions{}),
		"read":     readOne(t, store),
	} {
		_, err := without.Encryptor()
		if !without.EncryptedAtRest || !without.DecryptorMissing || without.Algorithms.Encryption == 0 ||
			!errors.Is(err, keyring.ErrDecryptionKeyMissing) || !errors.Is(err, keyring.ErrKeyUnreadable) || !strings.Contains(err.Error(), vaultType) {
			t.Errorf("%s without a decryptor: %+v, %v", name, without, err)
		}
	}
}

func TestSecretsInOddPlaces(t *testing.T) {
	plain := readOne(t, files(keyXML))
	for _, test := range []struct{ name, old, new string }{
		{"the master key", secretXML, inVault(secretXML)},
		{"the whole descriptor", descriptorXML, inVault(descriptorXML)},
		{"an algorithm", `<encryption algorithm="AES_256_CBC" />`, inVault(`<encryption algorithm="AES_256_CBC" />`)},
		{"below another element", secretXML, secretXML + "<x><y>" + inVault("<z />") + "</y></x>"},
		{"in a prefix", secretXML, strings.NewReplacer("encryptedSecret", "n:encryptedSecret", "xmlns=\"h", "xmlns:n=\"h").Replace(inVault(secretXML))},
		{"in the namespace around it", secretXML, strings.Replace(inVault(secretXML), ` xmlns=""`, "", 1)},
		{"with a declaration", secretXML, inVault("\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + secretXML)},
		{"beside comments", secretXML, strings.Replace(inVault(secretXML), "<locked", "<!-- a --> text <?pi?><locked", 1)},
		{"beside one in clear", `<encryption algorithm="AES_256_CBC" />` + `<validation algorithm="HMACSHA256" />` + secretXML,
			sealed(`<encryption algorithm="AES_256_CBC" />`) + inVault(`<validation algorithm="HMACSHA256" />`) + sealed(secretXML)},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(keyXML, test.old) {
				t.Fatal("nothing to replace")
			}
			store := files(strings.Replace(keyXML, test.old, test.new, 1))
			k := readOne(t, store, new(vault))
			if !k.EncryptedAtRest || k.DecryptorMissing || k.Algorithms != plain.Algorithms {
				t.Errorf("got %+v", k)
			}
			sealsAndOpens(t, k, plain)
			if k := readOne(t, store); !k.EncryptedAtRest || strings.Contains(test.name, "master key") && !k.DecryptorMissing {
				t.Errorf("without a decryptor: %+v", k)
			}
		})
	}
}

func TestDecryptorsThatFail(t *testing.T) {
	broken := errors.New("the vault is on fire")
	for _, test := range []struct {
		name    string
		vault   vault
		missing bool
		want    error
	}{
		{"it lacks the key", vault{err: keyring.ErrDecryptionKeyMissing}, true, keyring.ErrDecryptionKeyMissing},
		{"it fails", vault{err: broken}, false, broken},
		{"no XML", vault{answer: "qwertyuiop"}, false, nil},
		{"two roots", vault{answer: "<qwertyuiop/><qwertyuiop/>"}, false, nil},
		{"a document type", vault{answer: "<!DOCTYPE qwertyuiop>" + secretXML}, false, nil},
		{"another element", vault{answer: "<qwertyuiop/>"}, false, nil},
		{"the master key in a namespace", vault{answer: `<masterKey xmlns="urn:x">` + masterKey64 + `</masterKey>`}, false, nil},
		{"one more secret", vault{answer: inVault(secretXML)}, false, nil},
		{"a short master key", vault{answer: "<masterKey>AAAA</masterKey>"}, false, nil},
		{"a master key that is not base64", vault{answer: "<masterKey>qwertyuiop</masterKey>"}, false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := files(strings.Replace(keyXML, secretXML, inVault(secretXML), 1))
			k := readOne(t, store, &test.vault)
			_, err := k.Encryptor()
			if !k.EncryptedAtRest || k.DecryptorMissing != test.missing || !errors.Is(err, keyring.ErrKeyUnreadable) {
				t.Errorf("got %+v, %v", k, err)
			}
			if test.want != nil && !errors.Is(err, test.want) || strings.Contains(err.Error(), "qwertyuiop") {
				t.Errorf("got %v", err)
			}
			if len(test.vault.asked) != 1 {
				t.Errorf("asked %d times", len(test.vault.asked))
			}
			if k.Algorithms != (keyring.Algorithms{Encryption: keyring.AES_256_CBC, Validation: keyring.HMACSHA256}) {
				t.Errorf("got %+v", k.Algorithms)
			}
		})
	}
}

func TestAnotherDecryptorMayHaveTheKey(t *testing.T) {
	store := files(strings.Replace(keyXML, secretXML, inVault(secretXML), 1))
	empty, full := &vault{err: keyring.ErrDecryptionKeyMissing}, new(vault)
	sealsAndOpens(t, readOne(t, store, empty, full), readOne(t, files(keyXML)))
	// One that fails outright ends the search: its answer is about the key.
	broken := &vault{err: errors.New("broken")}
	if k := readOne(t, store, broken, full); k.DecryptorMissing || len(full.asked) != 1 {
		t.Errorf("got %+v", k)
	}
}

// Decryptors are asked side by side, once a key.
func TestManyEncryptedKeys(t *testing.T) {
	var store fixed
	for i := range byte(50) {
		id := policyKey(i).ID.String()
		store = append(store, files(strings.NewReplacer(otherKeyID, id, secretXML, inVault(secretXML)).Replace(keyXML))...)
		store[i].Name = "key-" + id
	}
	slow := &slowVault{}
	for _, k := range read(t, store, slow).Keys {
		if _, err := k.Encryptor(); err != nil || k.ElementName != "key-"+k.ID.String() {
			t.Errorf("%s: %v", k.ElementName, err)
		}
	}
	if slow.asked.Load() != 50 {
		t.Errorf("asked %d times", slow.asked.Load())
	}
}

type slowVault struct{ asked atomic.Int32 }

func (*slowVault) DecryptorTypes() []string { return []string{vaultType} }

func (v *slowVault) DecryptXML(ctx context.Context, element []byte) ([]byte, error) {
	v.asked.Add(1)
	time.Sleep(time.Millisecond)
	return new(vault).DecryptXML(ctx, element)
}

// A key may lack a decryptor and be no good anyhow.
func TestDecryptorMissingMeansNothingElseIsWrong(t *testing.T) {
	for _, change := range []struct{ old, new string }{
		{"AES_256_CBC", "AES_512_CBC"},
		{"HMACSHA256", "HMACSHA384"},
		{deserializer, deserializer + "X"},
		{`decryptorType="` + vaultType, `decryptorType="`},
		{"</encryptedSecret>", "<x /></encryptedSecret>"},
	} {
		good := strings.Replace(keyXML, secretXML, inVault(secretXML), 1)
		k := readOne(t, files(strings.Replace(good, change.old, change.new, 1)))
		if _, err := k.Encryptor(); err == nil || k.DecryptorMissing || !k.EncryptedAtRest {
			t.Errorf("%s: got %+v, %v", change.new, k, err)
		}
	}
	// What is hidden with the secret is not held against the key.
	k := readOne(t, files(strings.Replace(keyXML, descriptorXML, inVault(descriptorXML), 1)))
	if !k.DecryptorMissing || k.Algorithms != (keyring.Algorithms{}) {
		t.Errorf("got %+v", k)
	}
}

// badEncryptor returns what it holds.
type badEncryptor keyring.EncryptedXML

func (e badEncryptor) EncryptXML(context.Context, []byte) (keyring.EncryptedXML, error) {
	return keyring.EncryptedXML(e), nil
}

func TestEncryptorsThatReturnNonsense(t *testing.T) {
	for _, e := range []badEncryptor{
		{},
		{DecryptorType: "", XML: []byte("<x />")},
		{DecryptorType: "two words", XML: []byte("<x />")},
		{DecryptorType: vaultType, XML: []byte("x")},
		{DecryptorType: vaultType, XML: []byte("<x /><x />")},
	} {
		store := xmlrepo.NewMemory()
		_, err := newManager(t, store, keyring.Options{Encryptor: e}).CreateKey(t.Context(), keyring.NewKeyOptions{})
		if err == nil || len(elements(t, store)) > 0 {
			t.Errorf("%q: got %v", e, err)
		}
	}
}
