package keyring

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"

	"dataprotection.example/internal/authenc"
	"dataprotection.example/internal/dotnet"
	"dataprotection.example/internal/secret"
	"dataprotection.example/internal/xmldoc"
)

const configurationModel = dotnetNamespace + "AuthenticatedEncryption.ConfigurationModel."

// newKeyDeserializer is the kind of descriptor that new keys get.
const newKeyDeserializer = configurationModel + "AuthenticatedEncryptorDescriptorDeserializer"

const (
	masterKeySize    = 64 // bytes of a new master key, as in .NET
	minMasterKeySize = 32 // bytes; .NET accepts less, even nothing
)

// descriptorKind is one of the classes of .NET that describe a key's
// algorithms. All four give the same payloads for the same algorithms.
type descriptorKind struct {
	deserializer string // class name without assembly
	algorithms   func(descriptor *etree.Element) (Algorithms, error)
	oneMasterKey bool // refuses a second masterKey; the others take the first
}

// descriptorKinds is the whole of what a deserializerType may name.
func descriptorKinds() []descriptorKind {
	return []descriptorKind{
		{newKeyDeserializer, plainAlgorithms, true},
		{configurationModel + "ManagedAuthenticatedEncryptorDescriptorDeserializer", managedAlgorithms, false},
		{configurationModel + "CngCbcAuthenticatedEncryptorDescriptorDeserializer", cngCBCAlgorithms, false},
		{configurationModel + "CngGcmAuthenticatedEncryptorDescriptorDeserializer", cngGCMAlgorithms, false},
	}
}

// descriptorKindOf resolves a deserializerType attribute.
func descriptorKindOf(attr string) (descriptorKind, error) {
	name, err := dotnet.ParseTypeName(attr)
	if err != nil {
		return descriptorKind{}, fmt.Errorf("deserializerType: %w", err)
	}
	for _, kind := range descriptorKinds() {
		if kind.deserializer == name {
			return kind, nil
		}
	}
	return descriptorKind{}, fmt.Errorf("unknown deserializerType %q", name)
}

// childAttribute returns an attribute of the first child called name.
func childAttribute(el *etree.Element, name, attr string) (string, error) {
	child := firstChild(el, name)
	if child == nil {
		return "", fmt.Errorf("the descriptor has no <%s>", name)
	}
	value, ok := attribute(child, attr)
	if !ok {
		return "", fmt.Errorf("the descriptor's <%s> has no %s", name, attr)
	}
	return strings.Trim(value, " \t\r\n"), nil
}

// plainAlgorithms reads an AuthenticatedEncryptorDescriptor.
func plainAlgorithms(el *etree.Element) (a Algorithms, err error) {
	name, err := childAttribute(el, "encryption", "algorithm")
	if err != nil {
		return a, err
	}
	if a.Encryption, err = ParseEncryptionAlgorithm(name); err != nil || a.Encryption.GCM() {
		return a, err
	}
	if name, err = childAttribute(el, "validation", "algorithm"); err != nil {
		return a, err
	}
	if name != "HMACSHA256" && name != "HMACSHA512" {
		return a, fmt.Errorf("unknown validation algorithm %q", name)
	}
	a.Validation, err = ParseValidationAlgorithm(name)
	return a, err
}

// managedAlgorithms reads a ManagedAuthenticatedEncryptorDescriptor. Class
// names of the CLR, which .NET would instantiate, are refused.
func managedAlgorithms(el *etree.Element) (a Algorithms, err error) {
	if a.Encryption, err = aesChild(el, "Aes", false); err != nil {
		return a, err
	}
	name, err := childAttribute(el, "validation", "algorithm")
	if err != nil {
		return a, err
	}
	a.Validation, err = ParseValidationAlgorithm(name)
	return a, err
}

// cngCBCAlgorithms reads a CngCbcAuthenticatedEncryptorDescriptor, whose keys
// .NET can use only on Windows.
func cngCBCAlgorithms(el *etree.Element) (a Algorithms, err error) {
	if a.Encryption, err = aesChild(el, "AES", false); err != nil {
		return a, err
	}
	name, err := childAttribute(el, "hash", "algorithm")
	if err != nil {
		return a, err
	}
	a.Validation, err = ParseValidationAlgorithm("HMAC" + name)
	return a, err
}

// cngGCMAlgorithms reads a CngGcmAuthenticatedEncryptorDescriptor.
func cngGCMAlgorithms(el *etree.Element) (a Algorithms, err error) {
	a.Encryption, err = aesChild(el, "AES", true)
	return a, err
}

// aesChild reads <encryption algorithm="AES" keyLength="256" />.
func aesChild(el *etree.Element, aes string, gcm bool) (EncryptionAlgorithm, error) {
	name, err := childAttribute(el, "encryption", "algorithm")
	if err != nil {
		return 0, err
	}
	bits, err := childAttribute(el, "encryption", "keyLength")
	if err != nil {
		return 0, err
	}
	a := aesAlgorithm(bits, gcm)
	if name != aes || a == 0 {
		return 0, fmt.Errorf("unsupported encryption algorithm %q with a key of %q bits", name, bits)
	}
	return a, nil
}

// masterKeyText returns the base64 text of the descriptor's master key.
func (kind descriptorKind) masterKeyText(descriptor *etree.Element) (secret.Bytes, error) {
	first := firstChild(descriptor, "masterKey")
	if first == nil {
		return secret.Bytes{}, errors.New("the descriptor has no <masterKey>")
	}
	if kind.oneMasterKey {
		for c := range descriptor.ChildElementsSeq() {
			if c != first && isElement(c, "masterKey") {
				return secret.Bytes{}, errors.New("the descriptor has two <masterKey>")
			}
		}
	}
	text := []byte(xmldoc.Text(first))
	defer clear(text)
	return secret.New(text), nil
}

// newEncryptor decodes a master key and readies the primitives.
func newEncryptor(a Algorithms, masterKey secret.Bytes) (e *Encryptor, err error) {
	secret.Do(func() { e, err = decodeKey(a, masterKey) })
	return e, err
}

// decodeKey is newEncryptor without care for what is left in memory.
func decodeKey(a Algorithms, masterKey secret.Bytes) (*Encryptor, error) {
	text := stripBlanks(masterKey.Reveal())
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	defer clear(raw)
	defer clear(text)
	n, err := base64.StdEncoding.Decode(raw, text)
	if err != nil {
		// The decoder's own error would quote its input.
		return nil, errors.New("the master key is not base64")
	}
	if n < minMasterKeySize {
		return nil, fmt.Errorf("the master key has %d bytes, fewer than %d", n, minMasterKeySize)
	}
	key, err := authenc.NewKey(a.suite(), raw[:n])
	if err != nil {
		return nil, err
	}
	return &Encryptor{key}, nil
}

// stripBlanks returns a copy of text without the white space that .NET skips.
func stripBlanks(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, c := range text {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			out = append(out, c)
		}
	}
	return out
}

// newDescriptor builds the inner descriptor of a new key around its secret.
func newDescriptor(a Algorithms, secret *etree.Element) *etree.Element {
	el := newElement("descriptor")
	el.CreateElement("encryption").CreateAttr("algorithm", a.Encryption.String())
	if a.Encryption.GCM() {
		el.CreateComment(" AES-GCM includes a 128-bit authentication tag, no extra validation algorithm required. ")
	} else {
		el.CreateElement("validation").CreateAttr("algorithm", a.Validation.String())
	}
	el.AddChild(secret)
	return el
}
