package keyring

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"dataprotection.example/xmlrepo"
)

// Ring is an open key ring (IKeyRingProvider): the latest snapshot of a store,
// kept fresh behind the back of whoever serves. It is safe for concurrent use.
//
// How soon it sees what another process writes is up to the store: a local
// directory within a second, usually a tenth of one; a network file system
// within xmlrepo.DirOptions.PollInterval, 30 s, and what its client caches; a
// store that is no xmlrepo.Watcher within RefreshInterval.
//
// One goroutine belongs to it and does all reading and writing; Close ends it.
// Serving takes the latest snapshot with one atomic load and never waits, with
// one exception: a payload under an unknown key, see WaitForKey.
type Ring struct {
	repo    xmlrepo.Repository
	opts    Options
	manager *Manager
	loader  *loader
	current atomic.Pointer[Snapshot]

	calls    *loadCalls
	unknown  unknownKeys
	counters counters

	healthMu sync.Mutex
	health   Health

	cancel context.CancelFunc
	done   chan struct{}
}

// Open reads the ring in repo, makes a key if it needs one and may, and returns
// when the first snapshot is there.
//
// It fails, and names the file at fault where there is one, when the store
// cannot be read, when it holds something that must not be skipped, when it is
// empty and no key can be made, and, with RequireExistingKeys, when it is
// empty. A ring of keys none of which may protect opens: its payloads are read,
// Protect returns ErrNoDefaultKey, and Health says why.
//
// ctx bounds the opening, not the life of the ring.
func Open(ctx context.Context, repo xmlrepo.Repository, opts Options) (*Ring, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	r := &Ring{repo: repo, opts: opts, done: make(chan struct{})}
	r.manager = &Manager{repo: repo, opts: opts, wrote: func(ctx context.Context) { _ = r.Refresh(ctx) }}
	r.loader = newLoader(r.manager)
	r.calls = newLoadCalls()
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.cancel = cancel
	// Watch before the first read, so that no change falls between the two.
	var changes <-chan struct{}
	if w, ok := repo.(xmlrepo.Watcher); ok {
		if changes, err = w.Watch(life); err != nil {
			cancel()
			return nil, fmt.Errorf("keyring: watching the store: %w", err)
		}
	}
	err = r.load(ctx)
	if r.Snapshot() == nil || ctx.Err() != nil {
		cancel()
		drain(changes)
		return nil, cmp.Or(ctx.Err(), err)
	}
	go func() {
		defer close(r.done)
		r.run(life, changes)
		drain(changes)
	}()
	return r, nil
}

// drain returns when the watch behind changes has ended, if there is one.
func drain(changes <-chan struct{}) {
	if changes == nil {
		return
	}
	for range changes {
	}
}

// Close ends the ring's goroutine and waits for it. Snapshots stay usable, but
// nothing is refreshed any more. Further calls do nothing.
func (r *Ring) Close() error {
	r.cancel()
	<-r.done
	return nil
}

// Snapshot returns the ring as last read.
func (r *Ring) Snapshot() *Snapshot { return r.current.Load() }

// Manager returns a manager of the same store whose writes the ring sees
// before they return.
func (r *Ring) Manager() *Manager { return r.manager }

// Refresh reads the store and returns when a load that began after the call
// has ended, with that load's error.
func (r *Ring) Refresh(ctx context.Context) error {
	return r.calls.wait(ctx, r.calls.urgent, r.done)
}

// run is the ring's goroutine.
func (r *Ring) run(ctx context.Context, changes <-chan struct{}) {
	due := time.NewTimer(r.loader.wait())
	defer due.Stop()
	gate := time.NewTimer(unknownKeyLoadGap)
	defer gate.Stop()
	gateOpen := true
	for {
		patient := r.calls.patient
		if !gateOpen {
			patient = nil
		}
		select {
		case <-ctx.Done():
			return
		case <-gate.C:
			gateOpen = true
			continue
		case <-patient:
			gateOpen = false
			gate.Reset(unknownKeyLoadGap)
		case <-r.calls.urgent:
		case _, ok := <-changes:
			if !ok {
				changes = nil
				continue
			}
		case <-due.C:
			if !r.loader.due() {
				due.Reset(r.loader.wait())
				continue
			}
		}
		_ = r.load(ctx) // kept in Health, and told to whoever waits
		due.Reset(r.loader.wait())
	}
}

// load runs one load and tells of it.
func (r *Ring) load(ctx context.Context) error {
	r.calls.begin()
	err := r.loader.load(ctx, r.publish)
	if err == nil {
		r.counters.refreshes.Add(1)
	} else {
		r.counters.refreshErrors.Add(1)
	}
	if ctx.Err() == nil {
		r.report(ctx, err)
	}
	r.calls.end(err)
	return err
}

// publish makes s the snapshot that everybody sees, and tells what is new.
func (r *Ring) publish(ctx context.Context, s *Snapshot) {
	old := r.current.Swap(s)
	if old == nil {
		r.opts.Logger.InfoContext(ctx, "the ring is open", slog.String("event", "ring.opened"),
			slog.Int("keys", len(s.keys)), slog.String("default", s.currentID().String()))
		return
	}
	if old.from != s.from {
		r.unknown.clear()
	}
	for _, e := range changes(r.opts.Now(), old, s) {
		r.tell(ctx, e)
	}
}
