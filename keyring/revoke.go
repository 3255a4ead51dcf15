package keyring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/xmlrepo"
)

// RevokeResult says what a revocation did to the store.
type RevokeResult struct {
	// Names are the records written, in the order of writing. None, when the
	// store already said all of it.
	Names []string
	// Misleading are elements found under a name of ours that do not revoke
	// what their name says; nothing was changed about them.
	Misleading []string
}

// RevokeKey revokes the key with an id, present or not (IKeyManager.RevokeKey).
// Payloads under it stop opening: here at once, elsewhere when the nodes have
// read the store.
//
// The record is stored as "revocation-{id}". If that name is taken, the ring
// is read again: when the key is revoked in it, that is a success with nothing
// written, otherwise the record is stored under another name.
//
// The ring need not be readable: a record too many does no harm, and one too few
// does. In a ring that is refused, for one broken file perhaps, it is stored like
// any other, under another name if its own is taken. It takes effect when the ring
// can be read again; until then open rings, here and in .NET, go on with what they
// have read, and rings that are opened fail.
//
// The reason is for people. Text that XML cannot hold is refused; line ends come
// back as line feeds.
func (m *Manager) RevokeKey(ctx context.Context, id uuid.UUID, reason string) (RevokeResult, error) {
	var result RevokeResult
	if err := checkReason(reason); err != nil {
		return result, err
	}
	err := m.revokeOne(ctx, &result, revocation{id: id, date: dotnet.Truncate(m.opts.Now()), reason: reason})
	if err == nil {
		m.notify(ctx)
	}
	return result, err
}

// RevokeAllKeys revokes every key created before a date
// (IKeyManager.RevokeAllKeys): strictly before, and also keys of which this
// node does not know yet. The zero date means now, and then every key present
// is revoked, whatever its creation date says. A date in the future revokes
// keys that are made until then, too.
//
// With an error the result tells what was stored all the same.
func (m *Manager) RevokeAllKeys(ctx context.Context, before time.Time, reason string) (RevokeResult, error) {
	var result RevokeResult
	if err := checkReason(reason); err != nil {
		return result, err
	}
	present := before.IsZero()
	if present {
		before = m.opts.Now()
	}
	mass := revocation{all: true, date: dotnet.Truncate(before), reason: reason}
	var keys []Key
	if present {
		var err error
		if keys, err = m.Keys(ctx); err != nil {
			return result, err
		}
	}
	if err := m.revokeOne(ctx, &result, mass); err != nil {
		return result, err
	}
	defer m.notify(ctx) // also when only some of the rest could be stored
	for _, k := range keys {
		if mass.covers(k) {
			continue
		}
		one := revocation{id: k.ID, date: mass.date, reason: reason}
		if err := m.revokeOne(ctx, &result, one); err != nil {
			return result, err
		}
	}
	return result, nil
}

// checkReason refuses text that XML cannot hold.
func checkReason(reason string) error {
	if !utf8.ValidString(reason) {
		return errors.New("keyring: the reason is not valid UTF-8")
	}
	for _, r := range reason {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return fmt.Errorf("keyring: the reason holds the character %U, which XML cannot", r)
		}
	}
	return nil
}

// revokeOne stores one record, or finds it stored.
func (m *Manager) revokeOne(ctx context.Context, result *RevokeResult, r revocation) error {
	el := xmlrepo.Element{Name: r.name(), XML: xmldoc.Compact(r.element())}
	err := m.repo.Store(ctx, el)
	if errors.Is(err, xmlrepo.ErrExist) {
		l, readErr := m.Read(ctx)
		switch {
		case readErr != nil: // what has the name cannot be told
		case l.says(r):
			return nil
		default:
			result.Misleading = append(result.Misleading, el.Name)
			m.opts.Logger.WarnContext(ctx, "an element is not what its name says",
				slog.String("event", "element.misleading"), slog.String("name", el.Name))
		}
		el.Name = "revocation-" + uuid.NewString()
		err = m.repo.Store(ctx, el)
		if readErr != nil && !r.all && errors.Is(err, xmlrepo.ErrExist) {
			return nil // a store that names elements by what they say, and one says this
		}
	}
	if err != nil {
		return fmt.Errorf("keyring: storing a revocation: %w", err)
	}
	result.Names = append(result.Names, el.Name)
	m.logWrite(ctx, "revoked", slog.String("event", "key.revoked"),
		slog.String("id", r.target()), slog.String("name", el.Name))
	return nil
}

// target names what r revokes.
func (r revocation) target() string {
	if r.all {
		return "*"
	}
	return r.id.String()
}

// says reports whether the records of l already revoke all that r would.
func (l *Listing) says(r revocation) bool {
	if r.all {
		mass, ok := l.latestMassRevocation()
		return ok && !mass.date.Before(r.date)
	}
	if k, ok := l.Key(r.id); ok {
		return k.Revoked
	}
	for _, old := range l.revocations {
		if !old.all && old.id == r.id {
			return true
		}
	}
	return false
}
