package xmlenc

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"

	"dataprotection.example/internal/xmldoc"
)

// maxCertificates bounds how many certificates of one document are looked up.
// Real documents have one.
const maxCertificates = 16

// A message is an EncryptedData that has been read and not yet decrypted.
type message struct {
	keySize      int // of the session key, in bytes
	transport    Transport
	wrapped      []byte   // the encrypted session key
	certificates [][]byte // DER, in the document's order
	content      []byte   // IV ‖ ciphertext
}

// read takes an EncryptedData apart. Its errors depend on nothing secret.
//
// Elements count by namespace and name, whatever their prefix and order. What
// says nothing about how to decrypt is ignored: Type, MimeType,
// EncryptionProperties, key names and sizes, and, as in .NET, every EncryptedKey
// but the first of its KeyInfo. What leads elsewhere is refused.
func read(root *etree.Element) (m message, err error) {
	if !is(root, encNamespace, "EncryptedData") {
		return m, fmt.Errorf("xmlenc: the element <%.100s> is not an EncryptedData", root.Tag)
	}
	method, err := only(root, encNamespace, "EncryptionMethod")
	if err != nil {
		return m, err
	}
	algorithm := algorithmOf(method)
	if m.keySize = sessionKeySize(algorithm); m.keySize == 0 {
		return m, fmt.Errorf("xmlenc: unsupported content algorithm %.100q", algorithm)
	}
	if m.content, err = cipherValue(root); err != nil {
		return m, err
	}
	info, err := keyInfo(root)
	if err != nil {
		return m, err
	}
	key := first(info, encNamespace, "EncryptedKey")
	if key == nil {
		return m, errors.New("xmlenc: the KeyInfo has no EncryptedKey")
	}
	return m, m.readKey(key)
}

// readKey takes the EncryptedKey apart.
func (m *message) readKey(key *etree.Element) error {
	method, err := only(key, encNamespace, "EncryptionMethod")
	if err != nil {
		return err
	}
	if m.transport, err = transportOf(method); err != nil {
		return err
	}
	if m.wrapped, err = cipherValue(key); err != nil {
		return err
	}
	info, err := keyInfo(key)
	if err != nil {
		return err
	}
	for data := range info.ChildElementsSeq() {
		if !is(data, sigNamespace, "X509Data") {
			continue
		}
		for c := range data.ChildElementsSeq() {
			if !is(c, sigNamespace, "X509Certificate") {
				continue
			}
			if len(m.certificates) == maxCertificates {
				return fmt.Errorf("xmlenc: the EncryptedKey names more than %d certificates", maxCertificates)
			}
			der, err := decodeBase64(c)
			if err != nil {
				return err
			}
			m.certificates = append(m.certificates, der)
		}
	}
	if len(m.certificates) == 0 {
		return errors.New("xmlenc: the EncryptedKey holds no X509Certificate to find a private key by")
	}
	return nil
}

// transportOf reads the EncryptionMethod of an EncryptedKey. .NET ignores a
// DigestMethod and takes SHA-1; one that names anything else is refused here,
// because it would not open.
func transportOf(method *etree.Element) (Transport, error) {
	algorithm := algorithmOf(method)
	switch algorithm {
	case transportPKCS1:
		return PKCS1v15, nil
	case transportOAEP:
	default:
		return 0, fmt.Errorf("xmlenc: unsupported key transport algorithm %.100q", algorithm)
	}
	for c := range method.ChildElementsSeq() {
		switch {
		case is(c, sigNamespace, "DigestMethod"):
			if digest := algorithmOf(c); digest != digestSHA1 {
				return 0, fmt.Errorf("xmlenc: unsupported digest %.100q in the key transport: rsa-oaep-mgf1p is read with SHA-1", digest)
			}
		case is(c, encNamespace, "KeySize"):
		default:
			return 0, fmt.Errorf("xmlenc: unsupported parameter <%.100s> of the key transport", c.Tag)
		}
	}
	return OAEP, nil
}

// keyInfo returns the KeyInfo of an EncryptedData or EncryptedKey.
func keyInfo(el *etree.Element) (*etree.Element, error) {
	info, err := only(el, sigNamespace, "KeyInfo")
	if err != nil {
		return nil, err
	}
	if first(info, sigNamespace, "RetrievalMethod") != nil {
		return nil, errors.New("xmlenc: the key is to be fetched by a RetrievalMethod, which is not supported")
	}
	return info, nil
}

// cipherValue returns the ciphertext of an EncryptedData or EncryptedKey, which
// must stand in the document itself.
func cipherValue(el *etree.Element) ([]byte, error) {
	data, err := only(el, encNamespace, "CipherData")
	if err != nil {
		return nil, err
	}
	if first(data, encNamespace, "CipherReference") != nil {
		return nil, errors.New("xmlenc: the ciphertext is elsewhere, by a CipherReference, which is not supported")
	}
	value, err := only(data, encNamespace, "CipherValue")
	if err != nil {
		return nil, err
	}
	return decodeBase64(value)
}

// is reports whether el is the element of that namespace and name.
func is(el *etree.Element, namespace, tag string) bool {
	return el.Tag == tag && el.NamespaceURI() == namespace
}

// first returns the first child of that namespace and name, or nil.
func first(el *etree.Element, namespace, tag string) *etree.Element {
	for c := range el.ChildElementsSeq() {
		if is(c, namespace, tag) {
			return c
		}
	}
	return nil
}

// only returns the one child of that namespace and name.
func only(el *etree.Element, namespace, tag string) (*etree.Element, error) {
	found := first(el, namespace, tag)
	if found == nil {
		return nil, fmt.Errorf("xmlenc: the %s has no %s", el.Tag, tag)
	}
	for c := range el.ChildElementsSeq() {
		if c != found && is(c, namespace, tag) {
			return nil, fmt.Errorf("xmlenc: the %s has two %s", el.Tag, tag)
		}
	}
	return found, nil
}

// algorithmOf returns the Algorithm attribute, empty if there is none.
func algorithmOf(el *etree.Element) string {
	for _, a := range el.Attr {
		if a.Space == "" && a.Key == "Algorithm" {
			return a.Value
		}
	}
	return ""
}

// decodeBase64 reads the text of el, in which white space may stand anywhere.
func decodeBase64(el *etree.Element) ([]byte, error) {
	text := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, xmldoc.Text(el))
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("xmlenc: the %s is not base64", el.Tag)
	}
	return raw, nil
}
