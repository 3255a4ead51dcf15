package protector

import (
	"context"
	"maps"
	"sync/atomic"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
)

// A boundKey is a key of the ring made ready for the purposes of one protector.
type boundKey struct {
	id        uuid.UUID
	header    [headerSize]byte
	revoked   bool
	encryptor *keyring.BoundEncryptor
	err       error // why there is no encryptor
}

func (p *Protector) bind(k keyring.Key) *boundKey {
	b := &boundKey{id: k.ID, header: newHeader(k.ID), revoked: k.Revoked}
	e, err := k.Encryptor()
	if err != nil {
		b.err = err
		return b
	}
	b.encryptor = e.Bind(p.purposes.appendAAD(nil, b.header))
	return b
}

// A view is what one protector has worked out about one snapshot of the ring.
// Binding a key costs as much as protecting a few small payloads, so it is done
// once a key. The first call that sees a new snapshot drops the view of the old
// one, so that what is bound is bounded by the keys of the ring. Reading a view
// takes no lock.
type view struct {
	snapshot   *keyring.Snapshot
	protecting *boundKey // nil if no key may protect
	err        error     // and why

	// others are the keys that payloads have named so far, the protecting one
	// apart. The map is replaced, never changed: readers are many, and the
	// keys of a ring in use are few.
	others atomic.Pointer[map[uuid.UUID]*boundKey]
}

// viewOf returns the protector's view of s. Callers that find none at the same
// time all make one, and the last one stays.
func (p *Protector) viewOf(s *keyring.Snapshot) *view {
	if v := p.view.Load(); v != nil && v.snapshot == s {
		return v
	}
	v := &view{snapshot: s}
	v.others.Store(new(map[uuid.UUID]*boundKey))
	if k, err := s.DefaultKey(); err != nil {
		v.err = err
	} else {
		v.protecting = p.bind(k)
		v.err = v.protecting.err
	}
	p.view.Store(v)
	return v
}

// protectingKey returns the key that protects now.
func (p *Protector) protectingKey() (*boundKey, error) {
	v := p.viewOf(p.provider.ring.Snapshot())
	return v.protecting, v.err
}

// openingKey returns the key with an id, and the view that has it. It waits for
// the ring to look again if the ring does not know the id.
func (p *Protector) openingKey(ctx context.Context, id uuid.UUID) (*boundKey, *view, error) {
	v := p.viewOf(p.provider.ring.Snapshot())
	if k := v.find(id); k != nil {
		return k, v, nil
	}
	k, ok := v.snapshot.Key(id)
	if !ok {
		var s *keyring.Snapshot
		var err error
		if k, s, err = p.provider.ring.WaitForKey(ctx, id); err != nil {
			return nil, nil, err
		}
		v = p.viewOf(s)
	}
	return v.add(p.bind(k)), v, nil
}

// find returns the key with an id if it has been bound.
func (v *view) find(id uuid.UUID) *boundKey {
	if v.protecting != nil && v.protecting.id == id {
		return v.protecting
	}
	return (*v.others.Load())[id]
}

// add returns k, or the key with its id that was bound meanwhile.
func (v *view) add(k *boundKey) *boundKey {
	for {
		if bound := v.find(k.id); bound != nil {
			return bound
		}
		old := v.others.Load()
		next := maps.Clone(*old)
		if next == nil {
			next = make(map[uuid.UUID]*boundKey)
		}
		next[k.id] = k
		if v.others.CompareAndSwap(old, &next) {
			return k
		}
	}
}

// requiresMigration reports whether a payload under k ought to be protected
// anew. Where no key may protect, that would be asked in vain.
func (v *view) requiresMigration(k *boundKey) bool {
	return v.protecting != nil && (k != v.protecting || k.revoked)
}
