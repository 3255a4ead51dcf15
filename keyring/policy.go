package keyring

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

// Resolution says which key protects at an instant, and why
// (DefaultKeyResolution). Its keys point into the slice that was resolved; nil
// means none.
type Resolution struct {
	// Default is the key that protects.
	Default *Key
	// Preferred is the key that the dates choose, whether or not it can be
	// used: Default when there is one.
	Preferred *Key
	// Fallback protects where there is no Default and none can be made. It
	// may be expired. Nil when there is a Default.
	Fallback *Key
	// ShouldGenerate is ASP.NET's answer: a new key is wanted now.
	ShouldGenerate bool
	// Reason is why Default is what it is.
	Reason Reason
}

// Reason says how a [Resolution] came about.
type Reason uint8

// The reasons. Only the first comes with a default key.
const (
	ReasonLatestActivation  Reason = iota + 1 // the latest activation that is due
	ReasonNoneActive                          // no key's activation is due
	ReasonPreferredRevoked                    // the latest activated key is revoked
	ReasonPreferredExpired                    // the latest activated key is expired
	ReasonPreferredUnusable                   // the latest activated key cannot be used here
)

// String returns the reason as a sentence without a subject's id.
func (r Reason) String() string {
	switch r {
	case ReasonLatestActivation:
		return "it has the latest activation date that is due"
	case ReasonNoneActive:
		return "no key's activation date is due"
	case ReasonPreferredRevoked:
		return "the key with the latest activation date is revoked"
	case ReasonPreferredExpired:
		return "the key with the latest activation date is expired"
	case ReasonPreferredUnusable:
		return "the key with the latest activation date cannot be used here"
	}
	return ""
}

// Policy chooses keys by dates (DefaultKeyResolver). It has no state and reads
// no clock. The zero value is ASP.NET Core's; the fields are as in [Options].
type Policy struct {
	PropagationWindow time.Duration // how long a key needs to reach every node; zero means 48 h
	ClockSkew         time.Duration // how far clocks may lie apart; zero means 5 min
	// Usable tells whether an encryptor can be made for a key; nil asks the
	// key. It is asked about as few keys as possible.
	Usable func(Key) bool
}

// Resolve returns the default key among keys at now, equal to ASP.NET Core 9's
// answer for every ring:
//
// Candidates are the keys whose activation is at most ClockSkew ahead. The one
// with the latest activation is preferred, the smallest id among equals. It is
// the default unless it is revoked, expired or unusable; then there is none,
// however good the others. The fallback is the latest-created of the unrevoked
// usable keys made at least PropagationWindow ago, the preferred one left out;
// else the earliest-created of the younger ones. Where creation dates are
// equal, ASP.NET takes the store's order and Resolve the smallest id.
func (p Policy) Resolve(now time.Time, keys []Key) Resolution {
	p.PropagationWindow = cmp.Or(p.PropagationWindow, defaultPropagationWindow)
	p.ClockSkew = cmp.Or(p.ClockSkew, defaultClockSkew)
	if p.Usable == nil {
		p.Usable = Key.usable
	}
	var r Resolution
	for i := range keys {
		k := &keys[i]
		if k.ActivationDate.After(now.Add(p.ClockSkew)) {
			continue
		}
		if r.Preferred == nil || preferred(k, r.Preferred) {
			r.Preferred = k
		}
	}
	switch k := r.Preferred; {
	case k == nil:
		r.Reason = ReasonNoneActive
	case k.Revoked:
		r.Reason = ReasonPreferredRevoked
	case k.expired(now):
		r.Reason = ReasonPreferredExpired
	case !p.Usable(*k):
		r.Reason = ReasonPreferredUnusable
	default:
		r.Default, r.Reason = k, ReasonLatestActivation
		return r
	}
	r.ShouldGenerate = true
	r.Fallback = p.fallback(now, keys, r.Preferred)
	return r
}

// preferred reports whether a comes before b.
func preferred(a, b *Key) bool {
	if c := a.ActivationDate.Compare(b.ActivationDate); c != 0 {
		return c > 0
	}
	return compareIDs(a, b) < 0
}

// compareIDs compares ids in the order of their text, which is .NET's.
func compareIDs(a, b *Key) int { return bytes.Compare(a.ID[:], b.ID[:]) }

// fallback expects p with its defaults filled in.
func (p Policy) fallback(now time.Time, keys []Key, preferred *Key) *Key {
	propagated := now.Add(-p.PropagationWindow)
	var old, young []*Key
	for i := range keys {
		k := &keys[i]
		switch {
		case k.Revoked:
		case k.CreationDate.After(propagated):
			young = append(young, k)
		case k != preferred:
			old = append(old, k)
		}
	}
	slices.SortFunc(old, func(a, b *Key) int {
		return cmp.Or(b.CreationDate.Compare(a.CreationDate), compareIDs(a, b))
	})
	slices.SortFunc(young, func(a, b *Key) int {
		return cmp.Or(a.CreationDate.Compare(b.CreationDate), compareIDs(a, b))
	})
	for _, k := range append(old, young...) {
		if p.Usable(*k) {
			return k
		}
	}
	return nil
}
