package keyring

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/xmlrepo"
)

const (
	firstRetry = time.Second     // after a failed load, doubling up to
	lastRetry  = 2 * time.Minute // which is .NET's constant
	// clockCheck bounds how long the ring sleeps without a look at the clock:
	// timers stand still while a machine is suspended, expirations do not.
	clockCheck = 10 * time.Minute
)

// errVanished: a lost mount looks like an empty directory.
var errVanished = errors.New("keyring: every key of the ring has vanished from the store, which is taken for a failure of the store")

// loader does a ring's reading and its automatic writing. It belongs to one
// goroutine.
type loader struct {
	manager *Manager
	opts    Options
	reader  reader

	listing     *Listing  // the last good one; nil before the first
	fingerprint string    // of listing; "" matches nothing
	readAt      time.Time // when the store was last asked and held listing

	// revoked is every revocation of a present key that was ever seen, for
	// the case that its record vanishes.
	revoked map[uuid.UUID]revocation

	opened     bool      // some snapshot has been published
	protecting uuid.UUID // by the last decision; zero: none
	lacking    bool      // the last attempt to make a key failed
	failures   int       // loads failed in a row
	next       time.Time
}

// publisher makes a snapshot the ring's.
type publisher func(context.Context, *Snapshot)

func newLoader(m *Manager) *loader {
	return &loader{
		manager: m,
		opts:    m.opts,
		reader:  reader{decryptors: m.opts.allDecryptors(), cache: map[string]cached{}},
		revoked: map[uuid.UUID]revocation{},
	}
}

// wait returns how long to sleep before asking due again.
func (l *loader) wait() time.Duration {
	return max(0, min(l.next.Sub(l.opts.Now()), clockCheck))
}

// due reports whether a load is due by the clock.
func (l *loader) due() bool { return !l.opts.Now().Before(l.next) }

// load reads the ring, makes a key if one is due, and publishes what came of
// it. Whatever fails, what was read before stays, and time goes on in it: a
// successor that is known takes over.
func (l *loader) load(ctx context.Context, publish publisher) error {
	err := l.loadOnce(ctx, publish)
	if err != nil {
		backoff := min(firstRetry<<min(l.failures, 10), lastRetry)
		if retry := l.opts.Now().Add(jitter(backoff, 0.2)); retry.Before(l.next) {
			l.next = retry
		}
		l.failures++
		return err
	}
	l.failures = 0
	return nil
}

func (l *loader) loadOnce(ctx context.Context, publish publisher) error {
	if err := l.read(ctx); err != nil {
		if l.opened {
			l.settle(ctx, l.makeDo(), publish)
		}
		return err
	}
	d := l.decide()
	if d.wanted == nil {
		l.lacking = false
		l.settle(ctx, d, publish)
		return nil
	}
	if l.opened { // what was read must not wait for what is to be made
		if l.lacking {
			publish(ctx, l.makeDo().snapshot) // which may take long
		} else {
			publish(ctx, d.meanwhile())
		}
	}
	made, err := l.generate(ctx, d)
	l.lacking = err != nil
	if err != nil {
		err = &generationError{err}
		if l.opened || len(l.listing.Keys) > 0 {
			l.settle(ctx, l.makeDo(), publish)
		}
		return err
	}
	d = l.decide()
	if d.snapshot.current < 0 && made != nil && made.usable() {
		// Clocks disagree about the key; it is still the best there is.
		if k, ok := l.listing.Key(made.ID); ok && !k.Revoked {
			d.snapshot.protectWith(&k, true)
		}
	}
	l.settle(ctx, d, publish)
	return nil
}

// settle publishes a decision and plans the next load by it.
func (l *loader) settle(ctx context.Context, d decision, publish publisher) {
	publish(ctx, d.snapshot)
	l.opened, l.protecting = true, d.snapshot.currentID()
	l.next = d.next
}

// read brings listing up to date, unless the store says that it is.
func (l *loader) read(ctx context.Context) error {
	fingerprint, now := "", l.opts.Now()
	if f, ok := l.manager.repo.(xmlrepo.Fingerprinter); ok {
		var err error
		if fingerprint, err = f.Fingerprint(ctx); err != nil {
			return fmt.Errorf("keyring: reading the store: %w", err)
		}
		if fingerprint != "" && fingerprint == l.fingerprint && !l.listing.unopened {
			l.readAt = now
			return nil
		}
	}
	fresh, err := l.reader.read(ctx, l.manager.repo)
	if err != nil {
		return err
	}
	l.opts.refuseUnencrypted(fresh)
	if l.opts.RequireExistingKeys && !l.opened && len(fresh.Keys) == 0 {
		return l.manager.fault(ErrNoKeys)
	}
	if l.vanished(fresh) {
		return l.manager.fault(errVanished)
	}
	l.neverForget(fresh)
	l.listing, l.fingerprint, l.readAt = fresh, fingerprint, now
	return nil
}

// vanished reports whether none of the keys we had is left.
func (l *loader) vanished(fresh *Listing) bool {
	if l.listing == nil || len(l.listing.Keys) == 0 {
		return false
	}
	present := make(map[uuid.UUID]bool, len(fresh.Keys))
	for _, k := range fresh.Keys {
		present[k.ID] = true
	}
	for _, k := range l.listing.Keys {
		if present[k.ID] {
			return false
		}
	}
	return true
}

// neverForget applies to fresh the revocations that the ring has seen before.
func (l *loader) neverForget(fresh *Listing) {
	for i := range fresh.Keys {
		k := &fresh.Keys[i]
		old, seen := l.revoked[k.ID]
		switch {
		case k.Revoked:
			l.revoked[k.ID] = revocation{date: k.RevocationDate, reason: k.RevocationReason}
		case seen:
			k.Revoked, k.RevocationDate, k.RevocationReason = true, old.date, old.reason
			fresh.vanished = append(fresh.vanished, *k)
		}
	}
}

// jitter takes up to a fraction off d at random.
func jitter(d time.Duration, fraction float64) time.Duration {
	return d - time.Duration(rand.Float64()*fraction*float64(d))
}
