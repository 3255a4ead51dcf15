package xmlrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"dataprotection.example/internal/xmldoc"
)

// Replacer is a Repository that can put an element in the place of another, so
// that keys can be encrypted anew where they are stored. Nothing in .NET does
// that, and no node ever needs to.
type Replacer interface {
	// Replace puts the element with in the place of old, in one step: whoever
	// reads finds the one or the other, whole, and a process that dies leaves
	// nothing else behind. When it returns nil the new element survives
	// whatever the store survives.
	//
	// Both have the same Name, which need not pass CheckName: old is one that
	// Elements returned. If the store no longer holds old, XML and all, the
	// error is ErrChanged and nothing happens: somebody has removed it or
	// replaced it in the meantime. Where the store can tell, exactly one of
	// several Replaces of the same old at the same time succeeds; a store of
	// files can only look immediately before.
	Replace(ctx context.Context, old, with Element) error
}

// ErrChanged says that the element to be replaced is not in the store any more.
var ErrChanged = errors.New("xmlrepo: the element has been removed or changed since it was read")

// Replace implements Replacer.
func (m *Memory) Replace(ctx context.Context, old, with Element) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("xmlrepo: replace: %w", err)
	}
	if err := checkReplacement(old, with); err != nil {
		return err
	}
	xml, err := xmldoc.CompactDocument(with.XML)
	if err != nil {
		return fmt.Errorf("xmlrepo: element %q: %w", with.Name, &malformedError{err})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if present, ok := m.elements[old.Name]; !ok || !bytes.Equal(present, old.XML) {
		return fmt.Errorf("%w: %q", ErrChanged, old.Name)
	}
	m.elements[old.Name] = xml
	m.changed()
	return nil
}

func checkReplacement(old, with Element) error {
	if old.Name != with.Name {
		return fmt.Errorf("xmlrepo: the element %q was to be replaced by one called %q", old.Name, with.Name)
	}
	return nil
}
