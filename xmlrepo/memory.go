package xmlrepo

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Memory is a Repository that lives in the memory of one process: for rings
// that need not outlive it, and for tests. It is also a Remover, a Replacer, a
// Watcher and a Fingerprinter. Every Memory is a store of its own. It is the
// sibling of .NET's internal EphemeralXmlRepository.
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

// Format prints the kind of store, whatever the verb: what is in it may be keys.
func (m *Memory) Format(f fmt.State, _ rune) { fmt.Fprint(f, "xmlrepo.Memory") }

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
	e, err := Normalize(e)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.elements[e.Name]; taken {
		return fmt.Errorf("%w: %q", ErrExist, e.Name)
	}
	m.elements[e.Name] = e.XML
	m.changed()
	return nil
}

// Remove implements Remover.
func (m *Memory) Remove(ctx context.Context, choose func([]Element) []Element) error {
	offered, err := m.Elements(ctx)
	if err != nil {
		return err
	}
	names, err := ChosenNames(offered, choose)
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
