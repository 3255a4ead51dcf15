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

// maxNestedSecrets bounds how often one descriptor is decrypted: .NET repeats
// until nothing encrypted is left, real rings need one round.
const maxNestedSecrets = 8

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
	sealed, err := e.EncryptXML(ctx, xmldoc.Compact(el))
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
	if child.NamespaceURI() == "" {
		child.CreateAttr("xmlns", "") // or it would fall into the namespace around it
	}
	outer := newElement("encryptedSecret")
	outer.CreateAttr("decryptorType", sealed.DecryptorType)
	outer.CreateAttr("xmlns", dataProtectionNamespace)
	outer.AddChild(child)
	return outer, nil
}

// findEncryptedSecret returns the first <encryptedSecret> at or below el.
func findEncryptedSecret(el *etree.Element) *etree.Element {
	if el.Tag == "encryptedSecret" && el.NamespaceURI() == dataProtectionNamespace {
		return el
	}
	for c := range el.ChildElementsSeq() {
		if found := findEncryptedSecret(c); found != nil {
			return found
		}
	}
	return nil
}

// openedDescriptor is a descriptor with every encryptedSecret replaced.
type openedDescriptor struct {
	root      *etree.Element
	encrypted bool // some of it was encrypted, by more than the null encryptor
}

// openSecrets replaces every <encryptedSecret> at or below descriptor by the
// element inside it. The descriptor must be the caller's to change. On an
// error, encrypted still tells what was seen.
func openSecrets(ctx context.Context, descriptor *etree.Element, decryptors []XMLDecryptor) (openedDescriptor, error) {
	out := openedDescriptor{root: descriptor}
	for range maxNestedSecrets {
		sealed := findEncryptedSecret(out.root)
		if sealed == nil {
			return out, nil
		}
		attr, _ := attribute(sealed, "decryptorType")
		name, err := dotnet.ParseTypeName(attr)
		if name != nullDecryptorType {
			out.encrypted = true
		}
		if err != nil {
			return out, fmt.Errorf("decryptorType: %w", err)
		}
		child, err := onlyChild(sealed)
		if err != nil {
			return out, err
		}
		plain, err := decrypt(ctx, name, child, decryptors)
		if err != nil {
			return out, err
		}
		if parent := sealed.Parent(); parent != nil && sealed != out.root {
			index := sealed.Index()
			parent.RemoveChildAt(index)
			parent.InsertChildAt(index, plain)
		} else {
			out.root = plain
		}
	}
	return out, errors.New("the descriptor is encrypted too many times over")
}

// standalone copies el together with the namespace declarations that it
// inherits, so that its text means the same on its own.
func standalone(el *etree.Element) *etree.Element {
	alone := el.Copy()
	for up := el.Parent(); up != nil; up = up.Parent() {
		for _, a := range up.Attr {
			declares := a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns"
			known := func(b etree.Attr) bool { return b.Space == a.Space && b.Key == a.Key }
			if declares && !slices.ContainsFunc(alone.Attr, known) {
				alone.CreateAttr(a.FullKey(), a.Value)
			}
		}
	}
	return alone
}

// decrypt opens one element with the first decryptor that knows its type.
func decrypt(ctx context.Context, name string, el *etree.Element, decryptors []XMLDecryptor) (*etree.Element, error) {
	missing := fmt.Errorf("%w: no decryptor for %s is configured", ErrDecryptionKeyMissing, name)
	for _, d := range decryptors {
		if !slices.Contains(d.DecryptorTypes(), name) {
			continue
		}
		plain, err := d.DecryptXML(ctx, xmldoc.Compact(standalone(el)))
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
