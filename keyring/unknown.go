package keyring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	unknownKeyLoadGap   = time.Second     // between the beginnings of two loads for unknown keys
	maxUnknownWaiters   = 1000            // beyond them the answer is immediate
	maxUnknownKeys      = 1024            // ids remembered as absent
	unknownKeyRemembers = 5 * time.Second // how long, unless a new snapshot comes first
)

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// unknownKeys are ids that a load has just failed to find. Ids come from
// whoever sends payloads, so everything about them is bounded.
type unknownKeys struct {
	mu      sync.Mutex
	waiters int
	absent  map[uuid.UUID]time.Time // until when
}

func (u *unknownKeys) clear() {
	u.mu.Lock()
	defer u.mu.Unlock()
	clear(u.absent)
}

// enter admits one more waiter, unless the id is known to be absent or there
// are too many.
func (u *unknownKeys) enter(id uuid.UUID, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if until, ok := u.absent[id]; ok {
		if now.Before(until) {
			return false
		}
		delete(u.absent, id)
	}
	if u.waiters >= maxUnknownWaiters {
		return false
	}
	u.waiters++
	return true
}

func (u *unknownKeys) leave() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.waiters--
}

// remember notes that a load did not find id.
func (u *unknownKeys) remember(id uuid.UUID, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.absent == nil {
		u.absent = make(map[uuid.UUID]time.Time)
	}
	if len(u.absent) >= maxUnknownKeys {
		for old, until := range u.absent {
			if !now.Before(until) {
				delete(u.absent, old)
			}
		}
	}
	if len(u.absent) < maxUnknownKeys {
		u.absent[id] = now.Add(unknownKeyRemembers)
	}
}

// WaitForKey returns the key with an id, and the snapshot that has it. For an
// id that the present snapshot does not have it waits, at most UnknownKeyWait
// and ctx, for a load of the store that began after the call: another node may
// have made the key a moment ago.
//
// Whoever sends payloads chooses ids, so this is bounded: all waiters share one
// load, such loads begin at most once a second, an id just not found is
// remembered for 5 s or until something changes, and beyond 1,000 waiters there
// is no wait. The error is or wraps ErrKeyNotFound or ctx's error.
func (r *Ring) WaitForKey(ctx context.Context, id uuid.UUID) (Key, *Snapshot, error) {
	s := r.Snapshot()
	if k, ok := s.Key(id); ok {
		return k, s, nil
	}
	r.counters.unknownKeys.Add(1)
	if !r.unknown.enter(id, r.opts.Now()) {
		return Key{}, nil, ErrKeyNotFound
	}
	defer r.unknown.leave()
	r.opts.Logger.DebugContext(ctx, "a payload names a key that the ring does not have",
		slog.String("event", "key.unknown"), slog.String("id", id.String()))
	waiting, cancel := context.WithTimeout(ctx, r.opts.UnknownKeyWait)
	defer cancel()
	err := r.calls.wait(waiting, r.calls.patient, r.done)
	s = r.Snapshot()
	if k, ok := s.Key(id); ok {
		return k, s, nil
	}
	switch {
	case ctx.Err() != nil:
		return Key{}, nil, ctx.Err()
	case err == nil:
		r.unknown.remember(id, r.opts.Now())
		return Key{}, nil, ErrKeyNotFound
	case errors.Is(err, context.DeadlineExceeded):
		return Key{}, nil, ErrKeyNotFound
	}
	return Key{}, nil, fmt.Errorf("%w, and the ring could not be read again: %w", ErrKeyNotFound, err)
}
