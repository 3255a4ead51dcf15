package keyring

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"dataprotection.example/internal/secret"
	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/xmlrepo"
)

// ErrForeignBackup says that the store for a backup holds something else
// already.
var ErrForeignBackup = errors.New("keyring: a backup must be empty, or what an earlier call has left of this ring")

// readBackup looks once at what the backup has from an earlier call, which must
// be of this ring.
func (r *rewrapper) readBackup(ctx context.Context, elements []xmlrepo.Element) error {
	if r.backedUp != nil || r.options.Backup == nil {
		return nil
	}
	kept, err := r.options.Backup.Elements(ctx)
	if err != nil {
		return fmt.Errorf("keyring: reading the backup: %w", err)
	}
	ring := make(map[string]xmlrepo.Element, len(elements))
	for _, e := range elements {
		ring[backupName(e.Name)] = e
	}
	backedUp := make(map[string]bool, len(kept))
	for _, k := range kept {
		var same bool
		secret.Do(func() { same = r.isEarlier(ctx, k.XML, ring[k.Name].XML) })
		if err := ctx.Err(); err != nil {
			return err
		}
		if !same {
			return &ElementError{k.Name, k.Location, fmt.Errorf("%w; this is not what the ring has or had under the name", ErrForeignBackup)}
		}
		backedUp[k.Name] = true
		r.result.PlainBackup = r.result.PlainBackup || IsPlainKey(k.XML)
	}
	r.backedUp = backedUp
	r.result.BackedUp = len(backedUp)
	return nil
}

// isEarlier reports whether an element of the backup is what the ring has, or
// had before it was encrypted anew.
func (r *rewrapper) isEarlier(ctx context.Context, kept, now []byte) bool {
	a, err := xmldoc.Parse(kept)
	if err != nil {
		return false
	}
	b, err := xmldoc.Parse(now)
	if err != nil {
		return false
	}
	if bytes.Equal(xmldoc.Compact(a), xmldoc.Compact(b)) {
		return true
	}
	if len(appendAll(nil, b)) == 0 {
		return false // nothing of it is encrypted, so that it was never another
	}
	old, err := openKey(ctx, kept, r.wrapping.old)
	if err != nil {
		return false
	}
	defer old.clear()
	return r.wrapping.check(ctx, old, now) == nil
}

// backUp copies the ring before the first replacement, and before each further
// one what has come since.
func (r *rewrapper) backUp(ctx context.Context, elements []xmlrepo.Element) error {
	if r.options.Backup == nil {
		return nil
	}
	for _, e := range elements {
		name := backupName(e.Name)
		if r.backedUp[name] {
			continue // the first form of it is the one to keep
		}
		if err := r.options.Backup.Store(ctx, xmlrepo.Element{Name: name, XML: e.XML}); err != nil {
			return fmt.Errorf("keyring: the backup failed, and no key was replaced without: %w", err)
		}
		r.backedUp[name] = true
		r.result.BackedUp++
		r.result.PlainBackup = r.result.PlainBackup || IsPlainKey(e.XML)
	}
	return nil
}
