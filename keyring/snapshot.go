package keyring

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Snapshot is a ring as it stood at one moment (IKeyRing). It never changes
// and is safe for concurrent use.
type Snapshot struct {
	takenAt   time.Time
	keys      []Key // by creation date, then id
	index     map[uuid.UUID]int
	current   int // index of the key that protects; -1: none
	fallback  bool
	noDefault error // why current is -1
	from      *Listing
}

func newSnapshot(takenAt time.Time, l *Listing) *Snapshot {
	s := &Snapshot{takenAt: takenAt, keys: l.Keys, index: make(map[uuid.UUID]int, len(l.Keys)), current: -1, from: l}
	for i := range s.keys {
		s.index[s.keys[i].ID] = i
	}
	return s
}

// protectWith makes k the key that protects.
func (s *Snapshot) protectWith(k *Key, fallback bool) {
	s.current, s.fallback = s.index[k.ID], fallback
}

// TakenAt returns when the ring was read. Which key protects may have been
// decided later.
func (s *Snapshot) TakenAt() time.Time { return s.takenAt }

// Broken returns the key elements that could not be read and were left out.
func (s *Snapshot) Broken() []BrokenKey { return slices.Clone(s.from.Broken) }

// Keys returns all keys, by creation date and id.
func (s *Snapshot) Keys() []Key { return slices.Clone(s.keys) }

// Key returns the key with an id.
func (s *Snapshot) Key(id uuid.UUID) (Key, bool) {
	i, ok := s.index[id]
	if !ok {
		return Key{}, false
	}
	return s.keys[i], true
}

// DefaultKey returns the key that protects (IKeyRing.DefaultKeyId): the default
// key, or where there is none and none could be made, the fallback, and for want
// of that the key that protected before. The error is or wraps ErrNoDefaultKey.
func (s *Snapshot) DefaultKey() (Key, error) {
	if s.current < 0 {
		return Key{}, s.noDefault
	}
	return s.keys[s.current], nil
}

// currentID returns the id of the key that protects, the zero id if none does.
func (s *Snapshot) currentID() uuid.UUID {
	if s.current < 0 {
		return uuid.UUID{}
	}
	return s.keys[s.current].ID
}

// Fallback reports whether the key that protects does so for want of a default
// key.
func (s *Snapshot) Fallback() bool { return s.fallback }
