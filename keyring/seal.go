package keyring

import (
	"context"
	"errors"
	"slices"

	"github.com/beevik/etree"
)

var errNoSecret = errors.New("the key holds no secret in clear text")

// sealSecrets encrypts, in place, what lies in clear text at or below el, and
// returns how many parts that were.
func sealSecrets(ctx context.Context, e XMLEncryptor, el *etree.Element) (int, error) {
	found := appendPlain(nil, el)
	for _, p := range found {
		sealed, err := encryptSecret(ctx, e, p.secret)
		if err != nil {
			return 0, err
		}
		replace(p.outer, sealed)
	}
	return len(found), nil
}

// plainSecret is a secret in clear text.
type plainSecret struct {
	outer  *etree.Element // what the encrypted one takes the place of
	secret *etree.Element // outer, or what the null encryptor has put into it
}

// appendPlain appends every secret in clear text at or below el that is in no
// other. A writer need not mark its <masterKey>, nor .NET's readers ask for the
// mark.
func appendPlain(found []plainSecret, el *etree.Element) []plainSecret {
	if secrets := ownSecret(el); len(secrets) > 0 {
		if secrets[0].encrypts() || secrets[0].err != nil {
			return found
		}
		if wrapped, err := onlyChild(el); err == nil {
			if inner, err := onlyChild(wrapped); err == nil {
				return append(found, plainSecret{el, inner})
			}
		}
		return found
	}
	if isElement(el, "masterKey") || slices.ContainsFunc(el.Attr, isMark) {
		return append(found, plainSecret{el, el})
	}
	for c := range el.ChildElementsSeq() {
		found = appendPlain(found, c)
	}
	return found
}

// ownSecret returns el itself if it is an <encryptedSecret>.
func ownSecret(el *etree.Element) []encryptedSecret {
	if el.Tag != "encryptedSecret" || el.NamespaceURI() != dataProtectionNamespace {
		return nil
	}
	return appendSecrets(nil, el)
}

// isMark reports whether a is requiresEncryption="true".
func isMark(a etree.Attr) bool {
	return a.Key == "requiresEncryption" && a.NamespaceURI() == dataProtectionNamespace && (a.Value == "true" || a.Value == "1")
}

// replace puts with into the place of el, which has a parent.
func replace(el, with *etree.Element) {
	keepNamespace(with)
	parent, index := el.Parent(), el.Index()
	parent.RemoveChildAt(index)
	parent.InsertChildAt(index, with)
}
