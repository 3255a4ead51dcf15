package keyring

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// EnsureResult says what Ensure found and did.
type EnsureResult struct {
	// Created is the key that was made, nil if none was needed.
	Created *Key
	// Default is the key that protects now.
	Default Key
	// Due is when the ring will need its next key, if nothing but time passes.
	Due time.Time
	// Next is when to call Ensure again at the latest: at Due, or
	// Options.RefreshInterval from now where that is sooner, since a
	// revocation may change everything.
	Next time.Time
}

// Ensure makes a key if the ring needs one: a key that activates now where there
// is no default key, its successor where the default key expires within
// RefreshInterval and PropagationWindow (three days) and has none. That is what
// an open [Ring] does by itself; Ensure is for rings whose nodes may not write,
// and does it also where DisableAutomaticKeyGeneration is set. Called once a day
// it leaves every successor the PropagationWindow to reach the nodes.
//
// Called again it makes nothing more. Before it makes a key it waits for a random
// time up to GenerationDelay and looks again, so that of many who call it at the
// same moment mostly one makes a key. When two do, the policy of every node
// takes the same one, and the other does no harm.
//
// No key is made because something failed: not when the store cannot be read,
// nor when the key that the dates choose is there but of no use, and then the
// error wraps [ErrNoDefaultKey] and says what is the matter with it. A key that
// only lacks its decryptor here is of use to the nodes, and counts. With
// RequireExistingKeys a ring without any key is an error too: a lost mount
// looks like that. After an error Created tells whether a key was made before
// it.
func (m *Manager) Ensure(ctx context.Context) (EnsureResult, error) {
	l, wanted, err := m.lacking(ctx)
	if err == nil && wanted != nil {
		l, wanted, err = m.stillLacking(ctx, l)
	}
	if err != nil {
		return EnsureResult{}, err
	}
	var result EnsureResult
	if wanted != nil {
		k, err := m.createWanted(ctx, l, *wanted)
		if err != nil {
			return result, err
		}
		result.Created = &k
		m.notify(ctx)
		if l, err = m.Read(ctx); err != nil {
			return result, fmt.Errorf("keyring: key %s was made, and the ring cannot be read again: %w", k.ID, err)
		}
	}
	now := m.opts.Now()
	r := m.opts.nodesPolicy().Resolve(now, l.Keys)
	if r.Default == nil {
		return result, noDefaultError(r)
	}
	result.Default = *r.Default
	result.Due = m.opts.due(now, l.Keys)
	result.Next = now.Add(m.opts.RefreshInterval)
	if !result.Due.IsZero() && result.Due.Before(result.Next) {
		result.Next = result.Due
	}
	return result, nil
}

// createWanted makes the key that a ring was found to lack. Nobody asked for it,
// so that it is never the first in clear text after encrypted ones.
func (m *Manager) createWanted(ctx context.Context, l *Listing, wanted NewKeyOptions) (Key, error) {
	if err := m.opts.refuseDowngrade(l); err != nil {
		return Key{}, err
	}
	return m.createKey(ctx, l, wanted)
}

// refuseDowngrade refuses a key in clear text after an encrypted one, also when
// that has expired: nobody may have looked at the failures before. A clear-text
// key that was revoked does not tell that the next one may be like it.
func (o Options) refuseDowngrade(l *Listing) error {
	if o.Encryptor != nil || o.AllowUnencryptedKeys {
		return nil
	}
	if last, ok := l.lastEncrypted(); ok {
		return &ElementError{last.ElementName, last.Location, ErrEncryptorRequired}
	}
	return nil
}

// Downgraded reports whether a key in clear text, made now, would be the first
// after encrypted ones, expired or not. No ring makes such a key by itself.
func (l *Listing) Downgraded() bool {
	_, ok := l.lastEncrypted()
	return ok
}

// lastEncrypted returns the youngest key, if it is encrypted; revoked ones in clear
// text are passed over.
func (l *Listing) lastEncrypted() (Key, bool) {
	for _, last := range slices.Backward(l.Keys) {
		if last.EncryptedAtRest || !last.Revoked {
			return last, last.EncryptedAtRest
		}
	}
	return Key{}, false
}

// lacking reads the ring and returns the dates of the key that it lacks, nil if
// none.
func (m *Manager) lacking(ctx context.Context) (*Listing, *NewKeyOptions, error) {
	l, err := m.Read(ctx)
	if err != nil {
		return nil, nil, err
	}
	if m.opts.RequireExistingKeys && len(l.Keys) == 0 {
		return nil, nil, m.fault(ErrNoKeys)
	}
	now, policy := m.opts.Now(), m.opts.nodesPolicy()
	return l, wantedKey(now, policy.Resolve(now, l.Keys), l.Keys, policy, m.opts.RefreshInterval), nil
}

// stillLacking is lacking after a random wait. That all keys of l have gone
// meanwhile is a failure of the store.
func (m *Manager) stillLacking(ctx context.Context, l *Listing) (*Listing, *NewKeyOptions, error) {
	if err := randomWait(ctx, m.opts.GenerationDelay); err != nil {
		return nil, nil, err
	}
	later, wanted, err := m.lacking(ctx)
	if err == nil && len(l.Keys) > 0 && len(later.Keys) == 0 {
		return nil, nil, m.fault(errVanished)
	}
	return later, wanted, err
}

// nodesPolicy is the policy of the nodes as far as it can be told from here,
// where a decryptor may be missing that they have.
func (o Options) nodesPolicy() Policy {
	p := o.policy()
	p.Usable = func(k Key) bool { return k.DecryptorMissing || k.usable() }
	return p
}

// due returns when the passing of time alone will make a ring need a key; zero
// for never. Between the dates looked at, the answer of wantedKey does not
// change.
func (o Options) due(now time.Time, keys []Key) time.Time {
	policy := o.nodesPolicy()
	var dates []time.Time
	for _, k := range keys {
		for _, t := range []time.Time{
			k.ActivationDate.Add(tick - policy.ClockSkew), // not a tick sooner: then nothing could be preferred to k
			k.ExpirationDate.Add(tick - o.RefreshInterval - policy.PropagationWindow),
			k.ExpirationDate,
		} {
			if t.After(now) {
				dates = append(dates, t)
			}
		}
	}
	slices.SortFunc(dates, time.Time.Compare)
	for _, t := range slices.CompactFunc(dates, time.Time.Equal) {
		if wantedKey(t, policy.Resolve(t, keys), keys, policy, o.RefreshInterval) != nil {
			return t
		}
	}
	return time.Time{}
}
