package keyring

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/beevik/etree"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/internal/xmldoc"
)

// maxSecrets bounds the encrypted parts of one descriptor, each of which may
// cost a call to a key service. Real descriptors have one.
const maxSecrets = 16

// masterKeyElement builds <masterKey> with the mark that it is to be encrypted.
// The prefix is .NET's for this depth of the key element; only its namespace
// has a meaning.
func masterKeyElement(raw []byte) *etree.Element {
	el := newElement("masterKey")
	el.CreateAttr("p4:requiresEncryption", "true")
	el.CreateAttr("xmlns:p4", dataProtectionNamespace)
	el.CreateComment(" Warning: the key below is in an unencrypted form. ")
	el.CreateElement("value").SetText(base64.StdEncoding.EncodeToString(raw))
	return el
}

// encryptSecret returns <encryptedSecret> in place of el.
func encryptSecret(ctx context.Context, e XMLEncryptor, el *etree.Element) (*etree.Element, error) {
	plain := xmldoc.Compact(el)
	defer clear(plain)
	return encryptXML(ctx, e, plain)
}

// encryptXML returns <encryptedSecret> with the element that plain is.
func encryptXML(ctx context.Context, e XMLEncryptor, plain []byte) (*etree.Element, error) {
	sealed, err := e.EncryptXML(ctx, plain)
	if err != nil {
		return nil, err
	}
	if _, err := dotnet.ParseTypeName(sealed.DecryptorType); err != nil {
		return nil, fmt.Errorf("the encryptor's decryptor type: %w", err)
	}
	child, err := xmldoc.Parse(sealed.XML)
	if err != nil {
		return nil, fmt.Errorf("the encryptor's element: %w", err)
	}
	keepNamespace(child)
	outer := newElement("encryptedSecret")
	outer.CreateAttr("decryptorType", sealed.DecryptorType)
	outer.CreateAttr("xmlns", dataProtectionNamespace)
	outer.AddChild(child)
	return outer, nil
}

// An encryptedSecret is one <encryptedSecret> of a descriptor.
type encryptedSecret struct {
	el        *etree.Element
	decryptor string // the class that opens it
	err       error  // why there is no such class
}

// encrypts reports whether opening s takes a key: the null encryptor's does not.
func (s encryptedSecret) encrypts() bool { return s.decryptor != nullDecryptorType }

// appendSecrets appends every <encryptedSecret> at or below el that is in no other.
func appendSecrets(found []encryptedSecret, el *etree.Element) []encryptedSecret {
	if el.Tag == "encryptedSecret" && el.NamespaceURI() == dataProtectionNamespace {
		attr, _ := attribute(el, "decryptorType")
		name, err := dotnet.ParseTypeName(attr)
		if err != nil {
			err = fmt.Errorf("decryptorType: %w", err)
		}
		return append(found, encryptedSecret{el, name, err})
	}
	for c := range el.ChildElementsSeq() {
		found = appendSecrets(found, c)
	}
	return found
}

// openSecrets replaces secrets, which are those of descriptor, by the elements
// inside them and returns the descriptor, which is another element when it was
// itself one of them. As in .NET, what comes out of a secret is not searched
// for more. With an error, retry says that a decryptor was asked: it may have
// another answer later.
func openSecrets(ctx context.Context, descriptor *etree.Element, secrets []encryptedSecret, decryptors []XMLDecryptor) (opened *etree.Element, retry bool, err error) {
	if len(secrets) > maxSecrets {
		return descriptor, false, fmt.Errorf("the descriptor has more than %d encrypted parts", maxSecrets)
	}
	for _, s := range secrets {
		if s.err != nil {
			return descriptor, false, s.err
		}
		child, err := onlyChild(s.el)
		if err != nil {
			return descriptor, false, err
		}
		plain, err := decrypt(ctx, s.decryptor, child, decryptors)
		if err != nil {
			asked := slices.ContainsFunc(decryptors, func(d XMLDecryptor) bool { return opens(d, s.decryptor) })
			return descriptor, asked && s.encrypts(), err
		}
		if s.el == descriptor {
			return plain, false, nil
		}
		keepNamespace(plain)
		parent, index := s.el.Parent(), s.el.Index()
		parent.RemoveChildAt(index)
		parent.InsertChildAt(index, plain)
	}
	return descriptor, false, nil
}

// keepNamespace keeps el, if it is in no namespace, from falling into the
// default namespace of whatever it is put into.
func keepNamespace(el *etree.Element) {
	if el.Space == "" && el.NamespaceURI() == "" {
		el.CreateAttr("xmlns", "")
	}
}

// opens reports whether d opens what the class called name does.
func opens(d XMLDecryptor, name string) bool { return slices.Contains(d.DecryptorTypes(), name) }

// decrypt opens one element with the first decryptor that knows its type.
func decrypt(ctx context.Context, name string, el *etree.Element, decryptors []XMLDecryptor) (*etree.Element, error) {
	missing := missingDecryptor(name)
	for _, d := range decryptors {
		if !opens(d, name) {
			continue
		}
		plain, err := d.DecryptXML(ctx, xmldoc.Compact(el))
		if errors.Is(err, ErrDecryptionKeyMissing) {
			missing = err // another of the same kind may have the key
			continue
		}
		if err != nil {
			return nil, err
		}
		root, err := xmldoc.Parse(plain)
		clear(plain)
		if err != nil {
			return nil, errors.New("the decrypted secret is not XML")
		}
		return root, nil
	}
	return nil, missing
}
