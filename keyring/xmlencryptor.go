package keyring

import (
	"context"
	"errors"
	"fmt"

	"dataprotection.example/internal/xmldoc"
)

// EncryptedXML is what an [XMLEncryptor] made of an element (EncryptedXmlInfo).
type EncryptedXML struct {
	// DecryptorType is the .NET class that opens it, with or without its
	// assembly, as it is to stand in the decryptorType attribute.
	DecryptorType string
	// XML is one element, UTF-8.
	XML []byte
}

// XMLEncryptor encrypts the secret of a key at rest (IXmlEncryptor). It must be
// safe for concurrent use.
type XMLEncryptor interface {
	// EncryptXML encrypts element: UTF-8, no BOM, no declaration, unformatted,
	// good on its own. It must not keep or print it.
	EncryptXML(ctx context.Context, element []byte) (EncryptedXML, error)
}

// XMLDecryptor opens what one kind of [XMLEncryptor] made (IXmlDecryptor). It
// must be safe for concurrent use: the keys of a ring are read side by side.
type XMLDecryptor interface {
	// DecryptorTypes returns the names of the .NET classes whose elements it
	// opens, without assembly.
	DecryptorTypes() []string
	// DecryptXML returns the element that was encrypted, in a slice that the
	// caller may clear. An error that wraps ErrDecryptionKeyMissing says that
	// nothing is wrong but the lack of a key; another decryptor is then tried.
	DecryptXML(ctx context.Context, element []byte) ([]byte, error)
}

// ErrDecryptionKeyMissing is wrapped by the error of an [XMLDecryptor] that
// lacks the certificate or key which would open the element.
var ErrDecryptionKeyMissing = errors.New("keyring: no decryption key at hand opens the element")

const (
	dataProtectionNamespace = "http://schemas.asp.net/2015/03/dataProtection"

	dotnetNamespace = "Microsoft.AspNetCore.DataProtection."
	// dotnetAssembly qualifies the class names we write. .NET ignores version,
	// culture and token when it reads them.
	dotnetAssembly = ", Microsoft.AspNetCore.DataProtection, Version=8.0.0.0, Culture=neutral, PublicKeyToken=adb9793829ddae60"

	nullDecryptorType    = dotnetNamespace + "XmlEncryption.NullXmlDecryptor"
	dpapiDecryptorType   = dotnetNamespace + "XmlEncryption.DpapiXmlDecryptor"
	dpapiNGDecryptorType = dotnetNamespace + "XmlEncryption.DpapiNGXmlDecryptor"
)

// missingDecryptor says why nothing opens what the class called name does. What
// Windows has encrypted another node may be able to open.
func missingDecryptor(name string) error {
	switch name {
	case dpapiDecryptorType:
		return fmt.Errorf("%w: it is encrypted with Windows DPAPI, which only .NET on Windows opens, as the user or on the machine that wrote it", ErrDecryptionKeyMissing)
	case dpapiNGDecryptorType:
		return fmt.Errorf("%w: it is encrypted with Windows DPAPI-NG, which only .NET on Windows opens, for whom the rule in the element names", ErrDecryptionKeyMissing)
	}
	return fmt.Errorf("%w: no decryptor for %s is configured", ErrDecryptionKeyMissing, name)
}

// EncryptedSecrets returns the encrypted parts of a stored <key>, in document
// order, each with the class of .NET that opens it, without assembly, or with
// the attribute as it stands where that names none. There are none where the
// key lies in clear text; what [NullXMLEncryptor] wrote is among them. Nothing
// is decrypted.
func EncryptedSecrets(element []byte) ([]EncryptedXML, error) {
	root, err := xmldoc.Parse(element)
	if err != nil {
		return nil, err
	}
	var all []EncryptedXML
	for _, s := range appendSecrets(nil, root) {
		e := EncryptedXML{DecryptorType: s.decryptor}
		if s.err != nil {
			e.DecryptorType, _ = attribute(s.el, "decryptorType")
		}
		if child, err := onlyChild(s.el); err == nil {
			e.XML = xmldoc.Compact(child)
		}
		all = append(all, e)
	}
	return all, nil
}

// NullXMLEncryptor encrypts nothing and says so in the element it writes
// (NullXmlEncryptor). A ring takes a key written by it for an unencrypted one.
type NullXMLEncryptor struct{}

// EncryptXML wraps element in <unencryptedKey>.
func (NullXMLEncryptor) EncryptXML(_ context.Context, element []byte) (EncryptedXML, error) {
	inner, err := xmldoc.Parse(element)
	if err != nil {
		return EncryptedXML{}, err
	}
	outer := newElement("unencryptedKey")
	outer.CreateComment(" This key is not encrypted. ")
	outer.AddChild(inner)
	return EncryptedXML{DecryptorType: nullDecryptorType + dotnetAssembly, XML: xmldoc.Compact(outer)}, nil
}

// NullXMLDecryptor opens what [NullXMLEncryptor] made (NullXmlDecryptor).
type NullXMLDecryptor struct{}

// DecryptorTypes returns the class of .NET that does the same.
func (NullXMLDecryptor) DecryptorTypes() []string { return []string{nullDecryptorType} }

// DecryptXML returns the one child element.
func (NullXMLDecryptor) DecryptXML(_ context.Context, element []byte) ([]byte, error) {
	outer, err := xmldoc.Parse(element)
	if err != nil {
		return nil, err
	}
	inner, err := onlyChild(outer)
	if err != nil {
		return nil, err
	}
	return xmldoc.Compact(inner), nil
}
