package keyring

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/beevik/etree"

	"dataprotection.example/internal/secret"
	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/xmlrepo"
)

// elementKind is what an element of a store turned out to be.
type elementKind uint8

const (
	foreign        elementKind = iota // not ours: left alone, as .NET does
	goodKey                           // a key of the ring, usable or not
	brokenKey                         // a key without a readable id or date
	goodRevocation                    // a revocation record
)

// parsedElement is what one element of a store means. With an error and any
// kind but brokenKey, the whole load must fail.
type parsedElement struct {
	kind       elementKind
	key        Key
	revocation revocation
	source     ElementError // Name and Location only
	from       fingerprint  // of the XML, if the reader remembers
	retry      bool         // a decryptor failed, and may not another time
	err        error
}

// fingerprint is half the SHA-256 of an element's XML, zero for none.
type fingerprint [sha256.Size / 2]byte

func fingerprintOf(xml []byte) fingerprint {
	sum := sha256.Sum256(xml)
	return fingerprint(sum[:])
}

// parseElements parses elements on every processor and returns the results in
// the same order. What known has under the same name and bytes is taken from
// there; nil knows nothing.
func parseElements(ctx context.Context, elements []xmlrepo.Element, known map[string]parsedElement, decryptors []XMLDecryptor) []parsedElement {
	out := make([]parsedElement, len(elements))
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < len(elements) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
			e := elements[i]
			var from fingerprint
			if known != nil {
				from = fingerprintOf(e.XML)
			}
			if old, ok := known[e.Name]; ok && old.from == from {
				out[i] = old
			} else {
				out[i] = parseElement(ctx, e.XML, decryptors)
				out[i].remember(from)
			}
			out[i].source = ElementError{Name: e.Name, Location: e.Location}
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(elements)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return out
}

// remember notes what e was parsed from, unless it is to be parsed again.
func (e *parsedElement) remember(from fingerprint) {
	if e.retry {
		return
	}
	e.from = from
	if e.key.material != nil {
		e.key.material.from = from
	}
}

// parseElement reads the XML of one element.
func parseElement(ctx context.Context, xml []byte, decryptors []XMLDecryptor) (e parsedElement) {
	secret.Do(func() { e = readElement(ctx, xml, decryptors) })
	return e
}

// readElement is parseElement without care for what is left in memory.
func readElement(ctx context.Context, xml []byte, decryptors []XMLDecryptor) (e parsedElement) {
	root, err := xmldoc.Parse(xml)
	switch {
	case err != nil:
		e.err = err
	case isElement(root, "key"):
		e.kind = goodKey
		if e.key, e.err = keyHeader(root); e.err != nil {
			e.kind = brokenKey
			return e
		}
		e.retry = readDescriptor(ctx, root, &e.key, decryptors)
		// A decryption that was cut short says nothing about the key.
		e.err = ctx.Err()
	case isElement(root, "revocation"):
		e.kind = goodRevocation
		if e.revocation, e.err = parseRevocation(root); e.err != nil {
			e.err = fmt.Errorf("%w: %w", errRevocation, e.err)
		}
	}
	return e
}

// readDescriptor fills in all that k's descriptor tells. Whatever is wrong
// with it is kept for the moment when somebody wants to use the key.
//
// A clear-text secret is kept as its base64 text and decoded by who first uses
// the key; an encrypted one is opened here, because that may take I/O and must
// not happen while a payload waits. It reports whether opening it failed and
// may succeed another time.
func readDescriptor(ctx context.Context, el *etree.Element, k *Key, decryptors []XMLDecryptor) (retry bool) {
	var text secret.Bytes
	err := func() error {
		outer := firstChild(el, "descriptor")
		if outer == nil {
			return errors.New("the key has no <descriptor>")
		}
		inner, err := onlyChild(outer)
		if err != nil {
			return err
		}
		secrets := appendSecrets(nil, inner)
		k.EncryptedAtRest = slices.ContainsFunc(secrets, encryptedSecret.encrypts)
		attr, _ := attribute(outer, "deserializerType")
		kind, err := descriptorKindOf(attr)
		if err != nil {
			return err
		}
		var openErr error
		inner, retry, openErr = openSecrets(ctx, inner, secrets, decryptors)
		algorithms, err := kind.algorithms(inner)
		switch closed := openErr != nil && secrets[0].el == inner; {
		case err == nil:
			k.Algorithms = algorithms
		case !closed: // the algorithms stand outside what is encrypted, and are no good
			return err
		}
		if openErr != nil {
			return openErr
		}
		text, err = kind.masterKeyText(inner)
		return err
	}()
	k.DecryptorMissing = errors.Is(err, ErrDecryptionKeyMissing)
	k.material = newMaterial(k.Algorithms, text, err)
	return retry
}
