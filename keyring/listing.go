package keyring

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
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
	foreign     []ElementError // elements that are not ours
	vanished    []Key          // keys that are revoked although no record says so any more
	unopened    bool           // some key's encryption could not be taken off, and may be another time
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

// reader turns elements into a Listing. With a cache it takes what it made of
// an element the last time for as long as the element's XML stays the same, so
// that a key's encryptor survives from one snapshot to the next. Not for
// concurrent use.
type reader struct {
	decryptors []XMLDecryptor
	cache      map[string]cached // by name, except keys; nil: remember nothing
	last       *Listing          // has the keys, which would need as much memory again in cache
}

// cached is what an element was found to mean.
type cached parsedElement

// known returns what is remembered, by element name.
func (r *reader) known() map[string]parsedElement {
	if r.cache == nil {
		return nil
	}
	known := make(map[string]parsedElement, len(r.cache))
	for name, c := range r.cache {
		known[name] = parsedElement(c)
	}
	if r.last != nil {
		for _, k := range r.last.Keys {
			k.Revoked, k.RevocationDate, k.RevocationReason = false, time.Time{}, ""
			known[k.ElementName] = parsedElement{kind: goodKey, key: k, from: k.material.from}
		}
	}
	return known
}

// remember keeps what was parsed into l.
func (r *reader) remember(parsed []parsedElement, l *Listing) {
	if r.cache == nil {
		return
	}
	r.cache, r.last = make(map[string]cached), l
	for _, e := range parsed {
		if e.kind != goodKey && e.err == nil {
			r.cache[e.source.Name] = cached(e)
		}
	}
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
	parsed := parseElements(ctx, elements, r.known(), r.decryptors)
	l, err := newListing(ctx, parsed)
	if err == nil {
		r.remember(parsed, l)
	}
	return l, err
}

// newListing puts together what the elements of a store mean.
func newListing(ctx context.Context, parsed []parsedElement) (*Listing, error) {
	l := &Listing{Keys: make([]Key, 0, len(parsed))}
	for _, e := range parsed {
		l.unopened = l.unopened || e.retry
		if err := l.add(e); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(l.Keys, func(a, b Key) int {
		return cmp.Or(a.CreationDate.Compare(b.CreationDate), compareIDs(&a, &b))
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
		if i := strings.LastIndex(k.Location, k.ElementName); i >= 0 {
			k.ElementName = k.Location[i:][:len(k.ElementName)] // the two share memory
		}
		l.Keys = append(l.Keys, k)
	case e.kind == foreign:
		l.foreign = append(l.foreign, source)
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
