package keyring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"dataprotection.example/internal/secret"
	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/xmlrepo"
)

// find returns the position in target of what says the same as an element of
// the source, or -1. The error is a conflict, or the context's.
func (c *copier) find(ctx context.Context, target *copyRing, at int) (int, error) {
	e, p := c.source.elements[at], c.source.parsed[at]
	if i := target.withContent(e.XML); i >= 0 {
		return i, nil
	}
	if known, ok := c.found[at]; ok {
		if i, ok := target.contents[known]; ok {
			return i, nil
		}
	}
	switch p.kind {
	case goodRevocation:
		if i, ok := target.revocations[p.revocation.name()]; ok {
			return i, nil
		}
	case goodKey, brokenKey:
		return c.findKey(ctx, target, at)
	}
	return -1, nil
}

// findKey is find for a key that the target does not have as it is stored in
// the source.
func (c *copier) findKey(ctx context.Context, target *copyRing, at int) (int, error) {
	e, id := c.source.elements[at], c.source.parsed[at].key.ID
	var conflict error
	for _, i := range target.ids[id] {
		err := c.compare(ctx, e, target.elements[i])
		if err == nil {
			c.found[at] = fingerprintOf(target.elements[i].XML)
			return i, nil
		}
		if conflict == nil && id != (uuid.UUID{}) && !c.isAnothers(ctx, at, target.elements[i]) {
			what := "the target has another key of the id %s, in %s: %w"
			if errors.Is(err, ErrDecryptionKeyMissing) {
				what = "the target has a key of the id %s, in %s, and whether it is the same cannot be told: %w"
			}
			conflict = &ElementError{e.Name, e.Location, fmt.Errorf(what, id, target.place(i), err)}
		}
	}
	if err := ctx.Err(); err != nil {
		return -1, err
	}
	return -1, conflict
}

// isAnothers reports whether a key of the target is the copy of another element
// of the source that has the same id: beside a key there may be broken ones.
func (c *copier) isAnothers(ctx context.Context, at int, there xmlrepo.Element) bool {
	return slices.ContainsFunc(c.source.ids[c.source.parsed[at].key.ID], func(i int) bool {
		return i != at && (bytes.Equal(c.source.elements[i].XML, there.XML) || c.found[i] == fingerprintOf(there.XML) ||
			c.compare(ctx, c.source.elements[i], there) == nil)
	})
}

// compare returns nil if two elements of one id, the first from the source, are
// the same key once they are opened.
func (c *copier) compare(ctx context.Context, a, b xmlrepo.Element) (err error) {
	secret.Do(func() { err = c.compareOpened(ctx, a, b) })
	return err
}

func (c *copier) compareOpened(ctx context.Context, a, b xmlrepo.Element) error {
	decryptors := slices.Concat(c.wrapping.old, c.wrapping.decryptors)
	x, err := openKey(ctx, a.XML, decryptors)
	if err != nil {
		return fmt.Errorf("that of the source cannot be opened: %w", err)
	}
	defer x.clear()
	y, err := openKey(ctx, b.XML, decryptors)
	if err != nil {
		return fmt.Errorf("that of the target cannot be opened: %w", err)
	}
	defer y.clear()
	if bytes.Equal(x.xml, y.xml) {
		return nil
	}
	p, q := parseElement(ctx, x.xml, nil), parseElement(ctx, y.xml, nil)
	switch {
	case p.kind != goodKey || q.kind != goodKey:
		return errors.New("one of them is broken")
	case !p.key.sameHeader(q.key):
		return errors.New("its dates or algorithms differ")
	case !p.key.usable() || !q.key.usable():
		return errors.New("neither can be used, and they differ")
	case sameSecret(p.key, q.key) != nil:
		return errors.New("its secret differs")
	}
	return nil
}

// wrap returns a key encrypted anew, or nil where nothing is to be done.
func (c *copier) wrap(ctx context.Context, e xmlrepo.Element) ([]byte, error) {
	root, err := xmldoc.Parse(e.XML)
	if err != nil {
		return nil, err
	}
	return c.wrapping.wrap(ctx, root, e.XML)
}

// staysSealed reports whether a key that was stored newly encrypted is still
// encrypted in the target, for the same decryptors.
func (c *copier) staysSealed(ctx context.Context, at int, there xmlrepo.Element) bool {
	stored, ok := c.sealed[at]
	if !ok || stored == fingerprintOf(there.XML) {
		return true
	}
	if IsPlainKey(there.XML) {
		return false
	}
	var err error
	secret.Do(func() {
		var k openedKey
		k, err = openKey(ctx, there.XML, c.wrapping.decryptors)
		k.clear()
	})
	return err == nil
}
