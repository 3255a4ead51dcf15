package keyring

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/xmlrepo"
)

// Listing is everything that a store holds, read and understood at one moment.
type Listing struct {
	// Keys are the keys of the ring with revocations applied, by creation
	// date, then id. A key that cannot be used here is among them.
	Keys []Key
	// Broken are the key elements that could not be read even that far: .NET
	// and we go on without them.
	Broken []BrokenKey

	revocations []revocation
	unopened    bool // some key's encryption could not be taken off, and may be another time
}

// BrokenKey is a <key> element without a readable id or date.
type BrokenKey struct {
	ID  uuid.UUID // the zero id if that was unreadable
	Err *ElementError
}

// Key returns the key with an id.
func (l *Listing) Key(id uuid.UUID) (Key, bool) {
	for i := range l.Keys {
		if l.Keys[i].ID == id {
			return l.Keys[i], true
		}
	}
	return Key{}, false
}

// reader turns elements into a Listing. With a cache it keeps what it made of
// an element for as long as the element's bytes stay the same, so that a key's
// encryptor survives from one snapshot to the next. Not for concurrent use.
type reader struct {
	decryptors []XMLDecryptor
	cache      map[string]cached // by element name; nil: no cache
}

type cached struct {
	sum    [sha256.Size]byte
	parsed parsedElement
}

// read loads and understands the whole store: everything, or an error that
// names the element at fault.
func (r *reader) read(ctx context.Context, repo xmlrepo.Repository) (*Listing, error) {
	elements, err := repo.Elements(ctx)
	if err != nil {
		return nil, fmt.Errorf("keyring: reading the store: %w", err)
	}
	return r.understand(ctx, elements)
}

// understand is read for elements that are already at hand.
func (r *reader) understand(ctx context.Context, elements []xmlrepo.Element) (*Listing, error) {
	l := &Listing{Keys: make([]Key, 0, len(elements))}
	var fresh map[string]cached
	if r.cache != nil {
		fresh = make(map[string]cached, len(elements))
	}
	for _, e := range parseElements(ctx, elements, r.cache, r.decryptors) {
		l.unopened = l.unopened || e.retry
		if fresh != nil && e.err == nil && !e.retry {
			fresh[e.source.Name] = cached{e.sum, e}
		}
		if err := l.add(e); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if fresh != nil {
		r.cache = fresh
	}
	slices.SortFunc(l.Keys, func(a, b Key) int {
		return cmp.Or(a.CreationDate.Compare(b.CreationDate), bytes.Compare(a.ID[:], b.ID[:]))
	})
	if err := l.checkDuplicates(); err != nil {
		return nil, err
	}
	l.applyRevocations()
	return l, nil
}

// add files one element under what it is.
func (l *Listing) add(e parsedElement) error {
	source := e.source
	switch {
	case e.err != nil && e.kind == brokenKey:
		source.Err = e.err
		l.Broken = append(l.Broken, BrokenKey{ID: e.key.ID, Err: &source})
	case e.err != nil:
		source.Err = e.err
		return &source
	case e.kind == goodKey:
		k := e.key
		k.ElementName, k.Location = source.Name, source.Location
		l.Keys = append(l.Keys, k)
	case e.kind == goodRevocation:
		r := e.revocation
		r.source = source
		l.revocations = append(l.revocations, r)
	}
	return nil
}

// checkDuplicates fails on two keys of one id, as .NET does: which of them is
// meant cannot be told.
func (l *Listing) checkDuplicates() error {
	seen := make(map[uuid.UUID]*Key, len(l.Keys))
	for i := range l.Keys {
		k := &l.Keys[i]
		if other := seen[k.ID]; other != nil {
			return &ElementError{k.ElementName, k.Location,
				fmt.Errorf("%w: the key %s is also in %s", errDuplicate, k.ID, other.where())}
		}
		seen[k.ID] = k
	}
	return nil
}

// applyRevocations marks the keys that any record revokes. A record that names
// the key tells the date and reason, else the latest mass revocation.
func (l *Listing) applyRevocations() {
	byID := make(map[uuid.UUID]revocation)
	for _, r := range l.revocations {
		if !r.all {
			byID[r.id] = r
		}
	}
	mass, anyMass := l.latestMassRevocation()
	for i := range l.Keys {
		k := &l.Keys[i]
		r, ok := byID[k.ID]
		if !ok {
			r, ok = mass, anyMass && mass.covers(*k)
		}
		if ok {
			k.Revoked, k.RevocationDate, k.RevocationReason = true, r.date, r.reason
		}
	}
}

// latestMassRevocation returns the one that covers the most.
func (l *Listing) latestMassRevocation() (latest revocation, ok bool) {
	for _, r := range l.revocations {
		if r.all && (!ok || r.date.After(latest.date)) {
			latest, ok = r, true
		}
	}
	return latest, ok
}

// encryptedAndUnexpired returns a key that forbids a clear-text successor.
func (l *Listing) encryptedAndUnexpired(now time.Time) (Key, bool) {
	for _, k := range l.Keys {
		if k.EncryptedAtRest && !k.expired(now) {
			return k, true
		}
	}
	return Key{}, false
}
