package keyring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"dataprotection.example/xmlrepo"
)

// DeleteOptions limits a deletion.
type DeleteOptions struct {
	// IncludeUnexpired also deletes chosen keys that have not expired, whose
	// payloads nobody will open again.
	IncludeUnexpired bool
	// DryRun deletes nothing and returns what would go.
	DryRun bool
}

// Deleted is what a deletion removed from the store, in that order.
type Deleted struct {
	Keys  []Key
	Names []string // every element removed, keys first
}

// DeleteKeys removes the expired keys that choose picks, and the revocations
// that are then without use (IDeletableKeyManager.DeleteKeys): those of single
// keys that are gone, and mass revocations older than the latest. Keys go
// first, so that a revoked key never outlives its revocation. The store must
// implement [xmlrepo.Remover], except for a dry run. After an error some
// elements may be gone: read again.
//
// Unlike .NET it keeps the revocations of a broken key element, which may be
// mended one day, and where no key is removed, nothing is.
//
// A deleted key is no safer than a revoked one against who has copied it; the
// reason to delete is tidiness.
func (m *Manager) DeleteKeys(ctx context.Context, choose func(Key) bool, o DeleteOptions) (Deleted, error) {
	if o.DryRun {
		l, err := m.Read(ctx)
		if err != nil {
			return Deleted{}, err
		}
		return m.plan(l, choose, o), nil
	}
	remover, ok := m.repo.(xmlrepo.Remover)
	if !ok {
		return Deleted{}, errors.New("keyring: this store cannot delete")
	}
	var plan Deleted
	var readErr error
	err := remover.Remove(ctx, func(elements []xmlrepo.Element) []xmlrepo.Element {
		l, err := m.reader().understand(ctx, elements)
		if err != nil {
			readErr = err
			return nil
		}
		plan = m.plan(l, choose, o)
		byName := make(map[string]xmlrepo.Element, len(elements))
		for _, e := range elements {
			byName[e.Name] = e
		}
		var chosen []xmlrepo.Element
		for _, name := range plan.Names {
			chosen = append(chosen, byName[name])
		}
		return chosen
	})
	if err := errors.Join(readErr, err); err != nil {
		if len(plan.Names) > 0 {
			m.notify(ctx) // the first of them may be gone
		}
		return Deleted{}, fmt.Errorf("keyring: deleting keys: %w", err)
	}
	for _, k := range plan.Keys {
		m.logWrite(ctx, "key deleted", slog.String("event", "key.deleted"), slog.String("id", k.ID.String()))
	}
	m.notify(ctx)
	return plan, nil
}

// plan decides what goes, in order.
func (m *Manager) plan(l *Listing, choose func(Key) bool, o DeleteOptions) Deleted {
	now := m.opts.Now()
	var d Deleted
	stays := make(map[uuid.UUID]bool)
	for _, k := range l.Keys {
		if (o.IncludeUnexpired || k.expired(now)) && choose(k) {
			d.Keys = append(d.Keys, k)
			d.Names = append(d.Names, k.ElementName)
		} else {
			stays[k.ID] = true
		}
	}
	if len(d.Keys) == 0 {
		return d
	}
	// A broken element may be any key: while there is one whose id cannot be
	// read, no revocation is without use.
	anyKey := false
	for _, b := range l.Broken {
		stays[b.ID] = true
		anyKey = anyKey || b.ID == uuid.UUID{}
	}
	for _, r := range l.revocations {
		if !r.all && !stays[r.id] && !anyKey {
			d.Names = append(d.Names, r.source.Name)
		}
	}
	latest, _ := l.latestMassRevocation()
	for _, r := range l.revocations {
		if r.all && r.date.Before(latest.date) {
			d.Names = append(d.Names, r.source.Name)
		}
	}
	return d
}
