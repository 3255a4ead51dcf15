package keyring

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// EventKind names what happened to an open ring. The names are stable: they
// are the "event" attribute in logs and what keyctl prints.
type EventKind string

// The events.
const (
	EventKeyCreated     EventKind = "key.created"     // a key has come into the ring
	EventKeyRevoked     EventKind = "key.revoked"     // a key of the ring is now revoked
	EventKeyDeleted     EventKind = "key.deleted"     // a key has left the ring
	EventDefaultChanged EventKind = "default.changed" // another key protects, or none
	EventRingFailed     EventKind = "ring.failed"     // the store cannot be read or a key not made; what was read stays
	EventRingRecovered  EventKind = "ring.recovered"  // the store can be read again
)

// Event is one change that an open ring has seen, whoever made it.
type Event struct {
	Time time.Time // when the ring saw it
	Kind EventKind
	ID   uuid.UUID // the key; zero for the ring's own events, and where no key protects any more
	Err  error     // of EventRingFailed
}

// changes returns what happened between two snapshots, in the order of the
// keys' creation, as events of the time at.
func changes(at time.Time, old, now *Snapshot) []Event {
	var events []Event
	add := func(kind EventKind, id uuid.UUID) {
		events = append(events, Event{Time: at, Kind: kind, ID: id})
	}
	if old.from != now.from {
		for _, k := range now.keys {
			before, known := old.Key(k.ID)
			if !known {
				add(EventKeyCreated, k.ID)
			}
			if k.Revoked && !before.Revoked {
				add(EventKeyRevoked, k.ID)
			}
		}
		for _, k := range old.keys {
			if _, stays := now.Key(k.ID); !stays {
				add(EventKeyDeleted, k.ID)
			}
		}
	}
	if id := now.currentID(); id != old.currentID() {
		add(EventDefaultChanged, id)
	}
	return events
}

// tell logs an event and hands it to the observer.
func (r *Ring) tell(ctx context.Context, e Event) {
	level, attrs := slog.LevelInfo, []slog.Attr{slog.String("event", string(e.Kind))}
	if e.ID != (uuid.UUID{}) {
		attrs = append(attrs, slog.String("id", e.ID.String()))
	}
	if e.Err != nil {
		f := FindingOf(e.Err)
		level, attrs = slog.LevelError, append(attrs, slog.Any("error", e.Err),
			slog.String("code", string(f.Code)), slog.String("file", f.File))
	}
	r.opts.Logger.LogAttrs(ctx, level, e.Kind.sentence(), attrs...)
	if r.opts.OnEvent != nil {
		r.opts.OnEvent(e)
	}
}

// sentence is the message of the log.
func (k EventKind) sentence() string {
	switch k {
	case EventKeyCreated:
		return "a key has come into the ring"
	case EventKeyRevoked:
		return "a key has been revoked"
	case EventKeyDeleted:
		return "a key has left the ring"
	case EventDefaultChanged:
		return "another key protects"
	case EventRingFailed:
		return "the ring could not be brought up to date"
	case EventRingRecovered:
		return "the ring could be brought up to date again"
	}
	return string(k)
}
