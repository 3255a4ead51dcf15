package xmlrepo

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"dataprotection.example/internal/xmldoc"
)

// Memory is a Repository that lives in the memory of one process: for rings
// that need not outlive it, and for tests. It is also a Remover, a Watcher and
// a Fingerprinter. Every Memory is a store of its own. It is the sibling of
// .NET's internal EphemeralXmlRepository.
//
// Elements come ordered by name and have no Location.
type Memory struct {
	mu       sync.Mutex
	elements map[string][]byte
	changes  uint64
	watchers map[chan struct{}]struct{}
}

// NewMemory returns a new, empty store.
func NewMemory() *Memory {
	return &Memory{
		elements: make(map[string][]byte),
		watchers: make(map[chan struct{}]struct{}),
	}
}

// Elements implements Repository.
func (m *Memory) Elements(ctx context.Context) ([]Element, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("xmlrepo: read: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]Element, 0, len(m.elements))
	for name, xml := range m.elements {
		list = append(list, Element{Name: name, XML: bytes.Clone(xml)})
	}
	slices.SortFunc(list, func(a, b Element) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// Store implements Repository.
func (m *Memory) Store(ctx context.Context, e Element) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("xmlrepo: store: %w", err)
	}
	if err := CheckName(e.Name); err != nil {
		return err
	}
	el, err := xmldoc.Parse(e.XML)
	if err != nil {
		return fmt.Errorf("xmlrepo: element %q: %w", e.Name, &malformedError{err})
	}
	xml := xmldoc.Compact(el)
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.elements[e.Name]; taken {
		return fmt.Errorf("%w: %q", ErrExist, e.Name)
	}
	m.elements[e.Name] = xml
	m.changed()
	return nil
}

// Remove implements Remover.
func (m *Memory) Remove(ctx context.Context, choose func([]Element) []Element) error {
	offered, err := m.Elements(ctx)
	if err != nil {
		return err
	}
	names, err := chosenNames(offered, choose)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("xmlrepo: remove: %w", err)
		}
		m.remove(name)
	}
	return nil
}

func (m *Memory) remove(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.elements[name]; ok {
		delete(m.elements, name)
		m.changed()
	}
}

// Watch implements Watcher.
func (m *Memory) Watch(ctx context.Context) (<-chan struct{}, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("xmlrepo: watch: %w", err)
	}
	c := make(chan struct{}, 1)
	m.mu.Lock()
	m.watchers[c] = struct{}{}
	m.mu.Unlock()
	context.AfterFunc(ctx, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.watchers, c)
		close(c)
	})
	return c, nil
}

// Fingerprint implements Fingerprinter.
func (m *Memory) Fingerprint(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("xmlrepo: fingerprint: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return strconv.FormatUint(m.changes, 10), nil
}

// changed counts a change and tells every watcher. m.mu is held.
func (m *Memory) changed() {
	m.changes++
	for c := range m.watchers {
		select {
		case c <- struct{}{}:
		default: // the value that is still waiting tells of this change too
		}
	}
}

// chosenNames calls choose and returns the names of what it chose, in its
// order, after checking that each was offered. The check comes before anything
// is deleted, and keeps a name such as "../x" away from the file system.
func chosenNames(offered []Element, choose func([]Element) []Element) ([]string, error) {
	known := make(map[string]bool, len(offered))
	for _, e := range offered {
		known[e.Name] = true
	}
	chosen := choose(offered)
	names := make([]string, 0, len(chosen))
	for _, e := range chosen {
		if !known[e.Name] {
			return nil, fmt.Errorf("xmlrepo: the element %q was chosen for removal, but was not offered", e.Name)
		}
		names = append(names, e.Name)
	}
	return names, nil
}
