package atrest

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"

	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/keyring"
)

const (
	keyVaultDecryptorType       = "Azure.Extensions.AspNetCore.DataProtection.Keys.AzureKeyVaultXmlDecryptor"
	keyVaultAssembly            = ", Azure.Extensions.AspNetCore.DataProtection.Keys, Version=1.2.2.0, Culture=neutral, PublicKeyToken=92742159e12e44c8"
	legacyKeyVaultDecryptorType = "Microsoft.AspNetCore.DataProtection.AzureKeyVault.AzureKeyVaultXmlDecryptor"

	// RSAOAEP is the algorithm that keys are wrapped with in Azure Key Vault:
	// OAEP with SHA-1.
	RSAOAEP = "RSA-OAEP"

	// keyVaultKeySize is the AES key's length in bytes as the Azure package
	// makes it.
	keyVaultKeySize = 16
)

// KeyWrapper encrypts short keys with a key that never leaves its place: a
// remote key service, an HSM (IKeyEncryptionKey with its resolver). It is safe
// for concurrent use, and an error of it says what to do about it and nothing
// secret.
type KeyWrapper interface {
	// Wrap encrypts key, 16 bytes, with the newest version of the key called
	// kid, and returns beside it the identifier under which Unwrap finds
	// exactly the version that was used. It keeps no reference to key.
	Wrap(ctx context.Context, kid, algorithm string, key []byte) (wrapped []byte, usedKID string, err error)

	// Unwrap is the inverse. kid and wrapped come out of the store, where
	// others may have written them: an implementation asks only services it
	// trusts, whatever kid says. If it does not know kid, its error wraps
	// keyring.ErrDecryptionKeyMissing.
	Unwrap(ctx context.Context, kid, algorithm string, wrapped []byte) ([]byte, error)
}

// KeyVaultEncryptor encrypts keys with a remote key service, in the format of
// Azure Key Vault (AzureKeyVaultXmlEncryptor): a fresh AES-128 key in CBC mode
// for the element, wrapped with RSA-OAEP. It is safe for concurrent use.
type KeyVaultEncryptor struct {
	wrapper KeyWrapper
	kid     string
}

// NewKeyVaultEncryptor returns the encryptor with the key called kid, in Azure a
// URL with or without a version.
func NewKeyVaultEncryptor(wrapper KeyWrapper, kid string) (*KeyVaultEncryptor, error) {
	if wrapper == nil || kid == "" {
		return nil, errors.New("atrest: a key service and the name of a key in it are needed")
	}
	return &KeyVaultEncryptor{wrapper, kid}, nil
}

// EncryptXML returns <encryptedKey>, which names the key.
func (e *KeyVaultEncryptor) EncryptXML(ctx context.Context, element []byte) (keyring.EncryptedXML, error) {
	root, err := xmldoc.Parse(element)
	if err != nil {
		return keyring.EncryptedXML{}, err
	}
	// What the Azure package serialises: XElement.Save without formatting.
	plain := append([]byte("\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>"), xmldoc.Compact(root)...)
	defer clear(plain)
	key := make([]byte, keyVaultKeySize)
	defer clear(key)
	iv := make([]byte, aes.BlockSize)
	rand.Read(key)
	rand.Read(iv)
	wrapped, kid, err := e.wrapper.Wrap(ctx, e.kid, RSAOAEP, key)
	if err != nil {
		return keyring.EncryptedXML{}, fmt.Errorf("atrest: wrapping with the key %q: %w", e.kid, err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return keyring.EncryptedXML{}, err
	}
	padding := aes.BlockSize - len(plain)%aes.BlockSize
	value := make([]byte, len(plain)+padding)
	for i := copy(value, plain); i < len(value); i++ {
		value[i] = byte(padding)
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(value, value)

	el := etree.NewElement("encryptedKey")
	el.CreateComment(" This key is encrypted with Azure Key Vault. ")
	el.CreateElement("kid").SetText(kid)
	for _, part := range []struct {
		name  string
		value []byte
	}{{"key", wrapped}, {"iv", iv}, {"value", value}} {
		el.CreateElement(part.name).SetText(base64.StdEncoding.EncodeToString(part.value))
	}
	return keyring.EncryptedXML{DecryptorType: keyVaultDecryptorType + keyVaultAssembly, XML: xmldoc.Compact(el)}, nil
}

// KeyVaultDecryptor opens what [KeyVaultEncryptor] or the Azure packages made
// (AzureKeyVaultXmlDecryptor). It is safe for concurrent use.
type KeyVaultDecryptor struct{ wrapper KeyWrapper }

// NewKeyVaultDecryptor returns a decryptor that asks wrapper for the key that an
// element names.
func NewKeyVaultDecryptor(wrapper KeyWrapper) (*KeyVaultDecryptor, error) {
	if wrapper == nil {
		return nil, errors.New("atrest: a key service is needed")
	}
	return &KeyVaultDecryptor{wrapper}, nil
}

// DecryptorTypes returns the classes of both Azure packages.
func (d *KeyVaultDecryptor) DecryptorTypes() []string {
	return []string{keyVaultDecryptorType, legacyKeyVaultDecryptorType}
}

// DecryptXML opens <encryptedKey>. An error of the key service is wrapped;
// whatever is wrong with the encrypted bytes gives one and the same error.
func (d *KeyVaultDecryptor) DecryptXML(ctx context.Context, element []byte) ([]byte, error) {
	root, err := xmldoc.Parse(element)
	if err != nil {
		return nil, err
	}
	kid, err := keyVaultText(root, "kid")
	if err != nil {
		return nil, err
	}
	var wrapped, iv, value []byte
	for _, part := range []struct {
		name  string
		value *[]byte
	}{{"key", &wrapped}, {"iv", &iv}, {"value", &value}} {
		text, err := keyVaultText(root, part.name)
		if err != nil {
			return nil, err
		}
		if *part.value, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); err != nil {
			return nil, fmt.Errorf("atrest: the <%s> is not base64", part.name)
		}
	}
	key, err := d.wrapper.Unwrap(ctx, kid, RSAOAEP, wrapped)
	if err != nil {
		return nil, fmt.Errorf("atrest: unwrapping with the key %.200q: %w", kid, err)
	}
	defer clear(key)
	plain, ok := openKeyVault(key, iv, value)
	defer clear(plain)
	if !ok {
		return nil, errKeyVault
	}
	inner, err := xmldoc.Parse(plain)
	if err != nil {
		return nil, errKeyVault
	}
	return xmldoc.Compact(inner), nil
}

var errKeyVault = errors.New("atrest: the element cannot be decrypted: its bytes are damaged or belong to another key")

// openKeyVault undoes AES-CBC with PKCS #7 padding.
func openKeyVault(key, iv, value []byte) ([]byte, bool) {
	block, err := aes.NewCipher(key)
	if err != nil || len(iv) != aes.BlockSize || len(value) == 0 || len(value)%aes.BlockSize != 0 {
		return nil, false
	}
	plain := make([]byte, len(value))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, value)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > aes.BlockSize {
		return plain, false
	}
	body := plain[:len(plain)-padding]
	if !bytes.Equal(plain[len(body):], bytes.Repeat([]byte{byte(padding)}, padding)) {
		return plain, false
	}
	return body, true
}

// keyVaultText returns the text of the one child called name.
func keyVaultText(el *etree.Element, name string) (string, error) {
	text, found := "", false
	for c := range el.ChildElementsSeq() {
		if c.Tag != name || c.NamespaceURI() != "" {
			continue
		}
		if found {
			return "", fmt.Errorf("atrest: the <%.40s> has two <%s>", el.Tag, name)
		}
		text, found = xmldoc.Text(c), true
	}
	if !found {
		return "", fmt.Errorf("atrest: the <%.40s> has no <%s>", el.Tag, name)
	}
	return text, nil
}
