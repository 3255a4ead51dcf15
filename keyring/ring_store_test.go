package keyring_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// farmStore is a Memory whose failures, delays and contents a test commands.
// It has none of Memory's optional interfaces, as a network store might.
type farmStore struct {
	memory *xmlrepo.Memory

	mu       sync.Mutex
	readErr  error
	writeErr error
	writing  time.Duration // how long a Store takes
	hidden   map[string]bool
	empty    bool
	reads    int
	writes   int
}

func newFarmStore() *farmStore {
	return &farmStore{memory: xmlrepo.NewMemory(), hidden: map[string]bool{}}
}

func (s *farmStore) set(change func(*farmStore)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *farmStore) counts() (reads, writes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads, s.writes
}

func (s *farmStore) Elements(ctx context.Context) ([]xmlrepo.Element, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.readErr != nil {
		return nil, s.readErr
	}
	if s.empty {
		return nil, nil
	}
	all, err := s.memory.Elements(ctx)
	var shown []xmlrepo.Element
	for _, e := range all {
		if !s.hidden[e.Name] {
			shown = append(shown, e)
		}
	}
	return shown, err
}

func (s *farmStore) Store(ctx context.Context, e xmlrepo.Element) error {
	s.mu.Lock()
	s.writes++
	err, wait := s.writeErr, s.writing
	s.mu.Unlock()
	if err != nil {
		return err
	}
	time.Sleep(wait)
	return s.memory.Store(ctx, e)
}

// put stores an element as another node would.
func (s *farmStore) put(t *testing.T, name, xml string) {
	t.Helper()
	if err := s.memory.Store(t.Context(), xmlrepo.Element{Name: name, XML: []byte(xml)}); err != nil {
		t.Fatal(err)
	}
}

// elsewhere is the manager of another node of the farm.
func (s *farmStore) elsewhere(t *testing.T) *keyring.Manager {
	t.Helper()
	m, err := keyring.NewManager(s.memory, keyring.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (s *farmStore) keys(t *testing.T) []keyring.Key {
	t.Helper()
	keys, err := s.elsewhere(t).Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// open opens a ring that is closed when the test ends.
func open(t *testing.T, repo xmlrepo.Repository, opts keyring.Options) *keyring.Ring {
	t.Helper()
	r, err := keyring.Open(t.Context(), repo, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func defaultID(t *testing.T, r *keyring.Ring) uuid.UUID {
	t.Helper()
	k, err := r.Snapshot().DefaultKey()
	if err != nil {
		t.Fatal(err)
	}
	return k.ID
}

var errStoreDown = errors.New("the store is down")
