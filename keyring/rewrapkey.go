package keyring

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/beevik/etree"

	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/xmlrepo"
)

// errCannotOpen marks the error of a key that no decryptor opens.
var errCannotOpen = errors.New("the key cannot be opened to encrypt it anew")

// rewrap returns what is to take the place of an element, nil if nothing is,
// and for a key what it is.
func (r *rewrapper) rewrap(ctx context.Context, e xmlrepo.Element) ([]byte, RewrappedKey, error) {
	root, err := xmldoc.Parse(e.XML)
	if err != nil {
		return nil, RewrappedKey{}, err
	}
	if !isElement(root, "key") {
		return nil, RewrappedKey{}, nil
	}
	key := RewrappedKey{Name: e.Name, Location: e.Location, WasPlain: len(appendPlain(nil, root)) > 0}
	key.ID, _ = idAttribute(root)
	xml, err := r.wrapping.wrap(ctx, root, e.XML)
	return xml, key, err
}

// wrapping is what keys are encrypted anew with.
type wrapping struct {
	encryptor  XMLEncryptor
	decryptors []XMLDecryptor // open what encryptor writes, and nothing else
	old        []XMLDecryptor // open keys as they are
}

// wrap returns a key, which is root and xml, encrypted anew, or nil if it is
// encrypted already or there is nothing to encrypt. It changes root.
func (w wrapping) wrap(ctx context.Context, root *etree.Element, xml []byte) ([]byte, error) {
	secrets := appendAll(nil, root)
	if len(secrets) == 0 {
		return nil, nil
	}
	if len(appendPlain(nil, root)) == 0 {
		if k, err := openKey(ctx, xml, w.decryptors); err == nil {
			k.clear()
			return nil, nil
		}
	}
	old, err := openKey(ctx, xml, slices.Concat(w.old, w.decryptors))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCannotOpen, err)
	}
	defer old.clear()
	for i, el := range secrets {
		sealed, err := encryptXML(ctx, w.encryptor, old.secrets[i])
		if err != nil {
			return nil, fmt.Errorf("encrypting the key: %w", err)
		}
		replace(el, sealed)
	}
	wrapped := xmldoc.Compact(root)
	if err := w.check(ctx, old, wrapped); err != nil {
		return nil, fmt.Errorf("the key as newly encrypted is not good, and was not stored: %w", err)
	}
	return wrapped, nil
}

// check opens a newly encrypted key with the new decryptors alone, and
// compares: the secrets must be the same, and the key, if it was good for
// anything, as good as before.
func (w wrapping) check(ctx context.Context, old openedKey, xml []byte) error {
	root, err := xmldoc.Parse(xml)
	if err != nil {
		return err
	}
	if len(appendPlain(nil, root)) > 0 {
		return errors.New("a part of it lies in clear text still")
	}
	fresh, err := openKey(ctx, xml, w.decryptors)
	if err != nil {
		return err
	}
	defer fresh.clear()
	if !slices.EqualFunc(old.secrets, fresh.secrets, bytes.Equal) {
		return errors.New("another secret comes out of it")
	}
	a, b := parseElement(ctx, old.xml, nil), parseElement(ctx, fresh.xml, nil)
	if a.kind != b.kind || !a.key.sameHeader(b.key) {
		return errors.New("another key comes out of it")
	}
	if a.kind != goodKey || !a.key.usable() {
		return nil
	}
	return sameSecret(a.key, b.key)
}

// openedKey is a key element in clear text.
type openedKey struct {
	xml     []byte   // the whole
	secrets [][]byte // in document order, each as it prints on its own
}

// openKey decrypts all of a key, each secret once.
func openKey(ctx context.Context, xml []byte, decryptors []XMLDecryptor) (k openedKey, err error) {
	root, err := xmldoc.Parse(xml)
	if err != nil {
		return k, err
	}
	all := appendAll(nil, root)
	if len(all) > maxSecrets {
		return k, fmt.Errorf("the key has more than %d secrets", maxSecrets)
	}
	for _, el := range all {
		plain := el
		if own := ownSecret(el); len(own) > 0 {
			if plain, err = openSecret(ctx, own[0], decryptors); err != nil {
				k.clear()
				return openedKey{}, err
			}
		}
		// Printed on its own and read again, so that it no longer depends on
		// what the elements around it declare.
		text := xmldoc.Compact(plain)
		alone, err := xmldoc.Parse(text)
		if err != nil {
			k.clear()
			return openedKey{}, err
		}
		k.secrets = append(k.secrets, text)
		replace(el, alone)
	}
	k.xml = xmldoc.Compact(root)
	return k, nil
}

// openSecret decrypts one <encryptedSecret>.
func openSecret(ctx context.Context, s encryptedSecret, decryptors []XMLDecryptor) (*etree.Element, error) {
	if s.err != nil {
		return nil, s.err
	}
	child, err := onlyChild(s.el)
	if err != nil {
		return nil, err
	}
	return decrypt(ctx, s.decryptor, child, decryptors)
}

func (k openedKey) clear() {
	clear(k.xml)
	for _, s := range k.secrets {
		clear(s)
	}
}

// appendAll appends every secret at or below el, encrypted or not, that is in
// no other.
func appendAll(found []*etree.Element, el *etree.Element) []*etree.Element {
	if len(ownSecret(el)) > 0 || isElement(el, "masterKey") || slices.ContainsFunc(el.Attr, isMark) {
		return append(found, el)
	}
	for c := range el.ChildElementsSeq() {
		found = appendAll(found, c)
	}
	return found
}

// sameHeader reports whether two keys tell the same of themselves.
func (k Key) sameHeader(other Key) bool {
	return k.ID == other.ID && k.Algorithms == other.Algorithms && k.CreationDate.Equal(other.CreationDate) &&
		k.ActivationDate.Equal(other.ActivationDate) && k.ExpirationDate.Equal(other.ExpirationDate)
}

// sameSecret returns an error unless b opens what a seals.
func sameSecret(a, b Key) error {
	from, err := a.Encryptor()
	if err != nil {
		return err
	}
	to, err := b.Encryptor()
	if err != nil {
		return err
	}
	sealed, err := from.Encrypt(nil, nil, nil)
	if err != nil {
		return err
	}
	_, err = to.Decrypt(nil, sealed, nil)
	return err
}

// IsPlainKey reports whether an element is a <key> of which something secret lies
// in clear text, whatever else is the matter with it. What [NullXMLEncryptor]
// wrote is in clear text too.
func IsPlainKey(element []byte) bool {
	root, err := xmldoc.Parse(element)
	return err == nil && isElement(root, "key") && len(appendPlain(nil, root)) > 0
}

// backupName returns the name that an element gets in a backup: its own, unless
// a foreign writer gave it one that cannot be stored.
func backupName(name string) string {
	if xmlrepo.CheckName(name) == nil {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return "element-" + hex.EncodeToString(sum[:8])
}
