package keyring

import (
	"errors"
	"sync/atomic"
	"time"
)

// Metrics is one reading of a ring's counters and gauges. The counters start at
// zero when the ring is opened and only grow.
type Metrics struct {
	Protects       uint64 // payloads made
	ProtectErrors  uint64 // refused: no default key, or one that cannot be used
	Unprotects     Unprotects
	Refreshes      uint64        // loads of the store that succeeded, the first included
	RefreshErrors  uint64        // loads that failed
	UnknownKeys    uint64        // times a payload named a key that the snapshot lacked
	Keys           int           // keys in the snapshot, expired and revoked ones too
	DefaultExpires time.Duration // until the protecting key expires; negative after it, 0 without one
	SnapshotAge    time.Duration // since the store was last read
}

// Unprotects counts attempts to open payloads, by outcome.
type Unprotects struct {
	Opened      uint64
	Invalid     uint64 // altered, cut, or made for other purposes
	NotFound    uint64 // under a key that the ring does not have
	Revoked     uint64 // under a revoked key
	Unreadable  uint64 // under a key that cannot be used here
	Interrupted uint64 // the caller's context ended first
}

// counters are the ring's; each event costs one atomic addition.
type counters struct {
	protects, protectErrors                                     atomic.Uint64
	opened, invalid, notFound, revoked, unreadable, interrupted atomic.Uint64
	refreshes, refreshErrors, unknownKeys                       atomic.Uint64
}

// CountProtect counts an attempt to protect that ended with err. It is for
// whoever uses the ring's keys to make payloads; package protector calls it.
func (r *Ring) CountProtect(err error) {
	if err == nil {
		r.counters.protects.Add(1)
	} else {
		r.counters.protectErrors.Add(1)
	}
}

// CountUnprotect counts an attempt to open a payload that ended with err, which
// wraps one of this package's errors, a context's, or anything else for a
// payload that was not good.
func (r *Ring) CountUnprotect(err error) {
	c := &r.counters
	switch {
	case err == nil:
		c.opened.Add(1)
	case errors.Is(err, ErrKeyNotFound):
		c.notFound.Add(1)
	case errors.Is(err, ErrKeyRevoked):
		c.revoked.Add(1)
	case errors.Is(err, ErrKeyUnreadable):
		c.unreadable.Add(1)
	case isContextError(err):
		c.interrupted.Add(1)
	default:
		c.invalid.Add(1)
	}
}

// Metrics reads the counters and gauges. It does no I/O.
func (r *Ring) Metrics() Metrics {
	c, s, now := &r.counters, r.Snapshot(), r.opts.Now()
	m := Metrics{
		Protects:      c.protects.Load(),
		ProtectErrors: c.protectErrors.Load(),
		Unprotects: Unprotects{
			Opened:      c.opened.Load(),
			Invalid:     c.invalid.Load(),
			NotFound:    c.notFound.Load(),
			Revoked:     c.revoked.Load(),
			Unreadable:  c.unreadable.Load(),
			Interrupted: c.interrupted.Load(),
		},
		Refreshes:     c.refreshes.Load(),
		RefreshErrors: c.refreshErrors.Load(),
		UnknownKeys:   c.unknownKeys.Load(),
		Keys:          len(s.keys),
		SnapshotAge:   now.Sub(s.takenAt),
	}
	if k, err := s.DefaultKey(); err == nil {
		m.DefaultExpires = k.ExpirationDate.Sub(now)
	}
	return m
}
