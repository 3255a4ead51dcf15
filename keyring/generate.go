package keyring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"
)

// decision is what follows from a listing at an instant.
type decision struct {
	at       time.Time
	snapshot *Snapshot
	wanted   *NewKeyOptions // the key to be made, if one is
	next     time.Time      // when to decide again, if nothing happens before
}

// decide asks the policy about the listing, now.
func (l *loader) decide() decision {
	now := l.opts.Now()
	policy := l.opts.policy()
	d := decision{at: now, snapshot: newSnapshot(l.readAt, l.listing)}
	r := policy.Resolve(now, l.listing.Keys)
	if !l.opts.DisableAutomaticKeyGeneration {
		d.wanted = wantedKey(now, r, l.listing.Keys, policy, l.opts.RefreshInterval)
	}
	switch {
	case r.Default != nil:
		d.snapshot.protectWith(r.Default, false)
	case r.Fallback != nil && d.wanted != nil:
		d.snapshot.protectWith(unexpiredFallback(now, r.Fallback, l.listing.Keys, policy), true)
	case r.Fallback != nil:
		d.snapshot.protectWith(r.Fallback, true)
	default:
		d.snapshot.noDefault = noDefaultError(r)
	}
	d.next = l.nextDecision(now, r)
	return d
}

// unexpiredFallback returns the key to do with until one is made. Where .NET's
// choice has expired it is the one that would be left if the expired keys had
// been deleted, as they will be one day, and what they protect with them.
func unexpiredFallback(now time.Time, fallback *Key, keys []Key, policy Policy) *Key {
	if !fallback.expired(now) {
		return fallback
	}
	left := policy.Resolve(now, slices.DeleteFunc(slices.Clone(keys), func(k Key) bool { return k.expired(now) }))
	return cmp.Or(left.Default, left.Fallback, fallback)
}

// meanwhile returns the snapshot for the moment until the wanted key is there,
// which no expired key bridges: what it protected would be lost with it.
func (d decision) meanwhile() *Snapshot {
	s := *d.snapshot
	if s.current >= 0 && s.keys[s.current].expired(d.at) {
		s.current, s.fallback = -1, false
		s.noDefault = fmt.Errorf("%w: one is being made", ErrNoDefaultKey)
	}
	return &s
}

// makeDo is decide for as long as the store fails. Only where nothing better is
// known does an expired key protect: the one that did before, as .NET goes on
// with the ring that it has, or else the fallback.
func (l *loader) makeDo() decision {
	d := l.decide()
	if d.meanwhile().current >= 0 {
		return d
	}
	if k, ok := l.listing.Key(l.protecting); ok && !k.Revoked && k.usable() {
		d.snapshot.protectWith(&k, true)
	}
	return d
}

func (o Options) policy() Policy {
	return Policy{PropagationWindow: o.PropagationWindow, ClockSkew: o.ClockSkew}
}

// noDefaultError says why nothing can protect.
func noDefaultError(r Resolution) error {
	err := fmt.Errorf("%w: %v", ErrNoDefaultKey, r.Reason)
	if r.Reason == ReasonPreferredUnusable {
		_, cause := r.Preferred.Encryptor()
		err = fmt.Errorf("%w: key %s: %w", ErrNoDefaultKey, r.Preferred.ID, cause)
	}
	return err
}

// wantedKey returns the dates of the key that a ring lacks, nil if none.
//
// It differs from .NET in three things. Where the preferred key is good by its
// dates and only cannot be used here, because a certificate is missing or the
// algorithm is not ours, no key is made: the other nodes can use it, and a key
// made here would push it aside for all of them. The activation may be later
// than .NET's, see activationFrom. And the lifetime counts from the activation,
// where .NET's counts from now.
func wantedKey(now time.Time, r Resolution, keys []Key, policy Policy, refresh time.Duration) *NewKeyOptions {
	if r.Default == nil {
		if r.Reason == ReasonPreferredUnusable {
			return nil
		}
		return &NewKeyOptions{Activation: activationFrom(now, r)}
	}
	limit := now.Add(refresh + policy.PropagationWindow)
	end := r.Default.ExpirationDate
	if !end.Before(limit) {
		return nil
	}
	then := policy.Resolve(end, keys)
	switch {
	case then.Reason == ReasonPreferredUnusable:
		return nil
	case then.Default != nil && !then.Default.ExpirationDate.Before(limit):
		return nil
	}
	return &NewKeyOptions{Activation: activationFrom(end, then)}
}

// activationFrom returns the activation of a key that is to protect from t on: t
// as in .NET, unless a key that will not do activates at that time or, within the clocks'
// difference, after it. The policy would stay with that one and keep asking for
// another key.
func activationFrom(t time.Time, r Resolution) time.Time {
	if r.Preferred != nil && !r.Preferred.ActivationDate.Before(t) {
		return r.Preferred.ActivationDate.Add(tick)
	}
	return t
}

// nextDecision returns when the answer may change by the passing of time
// alone: an expiration, an activation, the age of the snapshot.
func (l *loader) nextDecision(now time.Time, r Resolution) time.Time {
	next := now.Add(jitter(l.opts.RefreshInterval, 0.2))
	sooner := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	if r.Default != nil {
		sooner(r.Default.ExpirationDate)
	}
	for _, k := range l.listing.Keys {
		if !k.Revoked {
			sooner(k.ActivationDate.Add(-l.opts.ClockSkew))
		}
	}
	if l.listing.unopened {
		sooner(now.Add(lastRetry)) // a key service may be back by then
	}
	return next
}

// randomWait waits for a random part of longest, or until ctx ends. So does
// nobody for nothing or less.
func randomWait(ctx context.Context, longest time.Duration) error {
	if longest <= 0 {
		return ctx.Err()
	}
	wait := time.NewTimer(rand.N(longest))
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// generationError: the ring needs a key and could not make it.
type generationError struct{ err error }

func (e *generationError) Error() string {
	return "keyring: the ring needs a key: " + withoutPrefix(e.err)
}
func (e *generationError) Unwrap() error { return e.err }

// generate makes the key that d wants, unless another node has made it during
// a random wait: nodes that start together, or watch the same key expire,
// would each make one. The returned key is nil when none had to be made.
func (l *loader) generate(ctx context.Context, d decision) (*Key, error) {
	if l.opts.GenerationDelay > 0 {
		longest := l.opts.GenerationDelay
		if l.opened && d.meanwhile().current < 0 {
			longest = max(longest/5, 1) // nothing can be protected meanwhile
		}
		if err := randomWait(ctx, longest); err != nil {
			return nil, err
		}
		if err := l.read(ctx); err != nil {
			return nil, err
		}
		if d = l.decide(); d.wanted == nil {
			return nil, nil
		}
	}
	k, err := l.manager.createWanted(ctx, l.listing, *d.wanted)
	if err != nil {
		return nil, err
	}
	// From here on the ring may hold more than we know of.
	if err := l.read(ctx); err != nil {
		return nil, err
	}
	if _, ok := l.listing.Key(k.ID); !ok {
		return nil, errors.New("keyring: a key was stored, and the store does not show it")
	}
	l.opts.Logger.DebugContext(ctx, "the ring needed a key", slog.String("event", "key.generated"), slog.String("id", k.ID.String()))
	return &k, nil
}
