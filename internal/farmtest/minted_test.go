package farmtest

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
)

// What the rule of generation looks ahead, and how long generated keys live:
// ASP.NET's defaults, which the nodes have.
const (
	ahead    = 24*time.Hour + 48*time.Hour // refresh period and propagation window
	lifetime = 90 * 24 * time.Hour
)

// raced is how old a change may be that a node does not know of when it makes a
// key: it has read the store a moment before, and what another has dated by then is
// not there until it is on the disk. A loaded machine draws such moments out.
const raced = time.Second

// cause is why a farm makes a key.
type cause struct {
	key      uuid.UUID // that had to protect; zero in an empty store
	rollover bool      // it expires before long; else it was revoked
}

func (c cause) String() string {
	switch {
	case c.rollover:
		return "the successor of key " + c.key.String()
	case c.key == uuid.Nil:
		return "the first key"
	}
	return "the replacement of key " + c.key.String()
}

// policy is the nodes'. They can use every key.
func policy() keyring.Policy { return keyring.Policy{Usable: func(keyring.Key) bool { return true }} }

// mint is a key that a ring lacks.
type mint struct {
	cause
	activation time.Time // zero: at once
}

// asOf returns the keys as they stood in the store just before an instant.
func asOf(t time.Time, keys []keyring.Key) []keyring.Key {
	var ring []keyring.Key
	for _, k := range keys {
		if k.CreationDate.Before(t) {
			k.Revoked = k.Revoked && k.RevocationDate.Before(t)
			ring = append(ring, k)
		}
	}
	return ring
}

// lacks is the rule by which keys are made, written once more: there is no default
// key, or it expires before long and what would protect then does not last either.
func lacks(now time.Time, ring []keyring.Key) (m mint, yes bool) {
	r := policy().Resolve(now, ring)
	if r.Default == nil {
		if r.Preferred != nil {
			m.key = r.Preferred.ID
			m.activation = after(r.Preferred, now, time.Time{})
		}
		return m, true
	}
	limit, end := now.Add(ahead), r.Default.ExpirationDate
	if !end.Before(limit) {
		return m, false
	}
	then := policy().Resolve(end, ring)
	if then.Default != nil && !then.Default.ExpirationDate.Before(limit) {
		return m, false
	}
	return mint{cause{r.Default.ID, true}, after(then.Preferred, end, end)}, true
}

// after returns an activation that the policy prefers to that of a key which will
// not do at t, and otherwise the one given.
func after(k *keyring.Key, t, otherwise time.Time) time.Time {
	if k != nil && !k.ActivationDate.Before(t) {
		return k.ActivationDate.Add(100 * time.Nanosecond)
	}
	return otherwise
}

// is reports whether k is the key that is lacking.
func (m mint) is(k keyring.Key) bool {
	if k.ExpirationDate.Sub(k.ActivationDate) != lifetime {
		return false
	}
	if m.activation.IsZero() {
		return !k.ActivationDate.After(k.CreationDate) && k.CreationDate.Sub(k.ActivationDate) < raced
	}
	return k.ActivationDate.Equal(m.activation)
}

// why returns the cause of a key that nobody asked for: what the store lacked when
// it was made, or a moment before, which a node may have taken for the present.
// That moment is late before the key's creation; 0 means that the key was due.
func why(k keyring.Key, keys []keyring.Key) (c cause, late time.Duration, ok bool) {
	instants := []time.Time{k.CreationDate}
	for _, other := range keys {
		for _, t := range []time.Time{other.CreationDate, other.RevocationDate} {
			if d := k.CreationDate.Sub(t); d > 0 && d < raced {
				instants = append(instants, t)
			}
		}
	}
	slices.SortFunc(instants, func(a, b time.Time) int { return b.Compare(a) })
	for _, t := range instants {
		if m, yes := lacks(t, asOf(t, keys)); yes && m.is(k) {
			return m.cause, k.CreationDate.Sub(t), true
		}
	}
	return cause{}, 0, false
}

// minted counts the keys that nobody asked for, by what they were made for.
type minted struct {
	first, replaced, rolled int           // the causes
	extra                   int           // keys beyond one for each
	late                    time.Duration // the longest that one was after the first
}

func (m minted) String() string {
	return fmt.Sprintf("generated: %d for an empty store, %d for revoked keys, %d to succeed short-lived ones, and %d more by nodes that raced, at most %v too late",
		m.first, m.replaced, m.rolled, m.extra, m.late)
}

// minted judges every key in the store that the test did not ask for.
func (f *farm) minted() (m minted) {
	keys := slices.Collect(maps.Values(f.seen))
	made := map[cause]int{}
	for id, k := range f.seen {
		if f.created[id] || f.expired[id] || k.ExpirationDate.Before(time.Now()) {
			continue
		}
		c, late, ok := why(k, keys)
		if !ok {
			f.Errorf("key %s was made for no reason at %v, to protect from %v on: %s", id, k.CreationDate, k.ActivationDate, standing(k.CreationDate, keys))
			continue
		}
		m.late = max(m.late, late)
		made[c]++
	}
	for c, n := range made {
		switch {
		case c.rollover:
			m.rolled++
		case c.key == uuid.Nil:
			m.first++
		default:
			m.replaced++
		}
		m.extra += n - 1
		if n > len(f.nodes) {
			f.Errorf("%d nodes made %d keys for one cause, %v", len(f.nodes), n, c)
		}
	}
	// One key takes long to get to the disk, now and then, and the others do not
	// see it. As a rule they do.
	counts := slices.Sorted(maps.Values(made))
	if n := len(counts); n > 0 && counts[n/2] > 3 {
		f.Errorf("keys made for each of %d causes: %v. The nodes do not wait for each other", len(counts), counts)
	}
	return m
}

// standing says what the store had at an instant.
func standing(t time.Time, keys []keyring.Key) string {
	ring := asOf(t, keys)
	if m, yes := lacks(t, ring); yes {
		return fmt.Sprintf("the store lacked %v, which is to protect from %v on", m.cause, m.activation)
	}
	d := policy().Resolve(t, ring).Default
	return fmt.Sprintf("the store had key %s, good until %v", d.ID, d.ExpirationDate)
}
