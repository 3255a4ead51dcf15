package keyring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"dataprotection.example/internal/secret"
	"dataprotection.example/xmlrepo"
)

// maxRewrapRounds bounds how often Rewrap starts over because nodes still write
// keys under the old certificate.
const maxRewrapRounds = 16

// RewrapOptions says what keys are to be encrypted with.
type RewrapOptions struct {
	// Encryptor encrypts the keys from now on.
	Encryptor XMLEncryptor

	// Decryptors open what Encryptor writes, and nothing else: a key that they
	// open is one that needs nothing done. For a certificate that is a
	// decryptor with this certificate alone.
	Decryptors []XMLDecryptor

	// Backup is a store that gets a copy of every element of the ring before
	// the first one is replaced. It is not the ring's own, and empty, or it is
	// that of an earlier call which did not come to its end: what it has of
	// this ring stays as it is, and what is missing is added. Anything else in
	// it is ErrForeignBackup, and nothing is changed. Nil means that there is
	// no backup.
	Backup xmlrepo.Repository

	// SkipUnreadable leaves keys alone that no decryptor opens, instead of
	// doing nothing at all.
	SkipUnreadable bool

	// DryRun opens and encrypts everything, and stores nothing anywhere.
	DryRun bool
}

// RewrappedKey is a key of a [RewrapResult]. ID is zero where the element has
// no readable one.
type RewrappedKey struct {
	ID             uuid.UUID
	Name, Location string // of its element
	WasPlain       bool   // it lay in clear text, as a whole or in part
	Err            error  // why it was skipped
}

// RewrapResult is what [Manager.Rewrap] did, or with DryRun would do.
type RewrapResult struct {
	Rewrapped []RewrappedKey
	Skipped   []RewrappedKey // with SkipUnreadable
	Already   int            // keys that needed nothing done at the start
	BackedUp  int            // elements in the backup, those of an earlier call too; 0 if nothing was to be replaced
	// PlainBackup: the backup holds keys in clear text, and must be guarded or
	// destroyed.
	PlainBackup bool
}

// Rewrap encrypts every key of the ring anew: to another certificate, or a ring
// in clear text to its first. It is the one operation that replaces what is
// stored, and needs a store that is a [xmlrepo.Replacer].
//
// Options.Decryptors open the keys as they are. Before anything is replaced,
// every key has been opened with them, encrypted, opened again with
// o.Decryptors, and found to be the same. If one cannot be opened, nothing is
// changed, and the error names them all. Then, if there is a backup, the ring is
// copied to it, and then each key is replaced, in one step each. That is done
// again until nothing is left to do, for nodes may go on making keys under the
// old certificate.
//
// A key is replaced as a whole or not at all, and both forms can be read by a
// node that has both certificates. So whenever Rewrap ends, by an error, by its
// context or because the process is killed, the ring is good, and calling it
// again, with the same backup or another, does what is left. The result of a
// call that fails tells what it did.
//
// Every node needs the new certificate before. After a certificate has been
// stolen, rewrapping does not help: who had it may have read the keys, and
// they must be revoked.
func (m *Manager) Rewrap(ctx context.Context, o RewrapOptions) (RewrapResult, error) {
	var result RewrapResult
	if o.Encryptor == nil || len(o.Decryptors) == 0 {
		return result, errors.New("keyring: rewrapping needs an encryptor, and decryptors that open what it writes")
	}
	store, ok := m.repo.(xmlrepo.Replacer)
	if !ok {
		return result, fmt.Errorf("keyring: a store of the type %T cannot replace its elements", m.repo)
	}
	r := rewrapper{manager: m, options: o, store: store, result: &result,
		wrapping: wrapping{o.Encryptor, o.Decryptors, m.opts.allDecryptors()}}
	for range maxRewrapRounds {
		more, err := r.round(ctx)
		if err != nil || !more {
			return result, err
		}
	}
	return result, errors.New("keyring: rewrapping does not come to an end: nodes go on writing keys that are not encrypted with the new certificate")
}

// rewrapper is one call of Rewrap.
type rewrapper struct {
	manager  *Manager
	options  RewrapOptions
	wrapping wrapping
	store    xmlrepo.Replacer
	result   *RewrapResult
	backedUp map[string]bool // what the backup holds, by its name there; nil: not known yet
	started  bool
}

// replacement is a key and what is to take its place.
type replacement struct {
	key       RewrappedKey
	old, with xmlrepo.Element
}

// round reads the ring and replaces what needs it. It reports whether the ring
// has to be looked at again.
func (r *rewrapper) round(ctx context.Context) (more bool, err error) {
	elements, err := r.manager.repo.Elements(ctx)
	if err != nil {
		return false, fmt.Errorf("keyring: reading the store: %w", err)
	}
	// A ring that cannot be read is not one to be rewritten. No secret has to
	// be opened to see that.
	if _, err := new(reader).understand(ctx, elements); err != nil {
		return false, err
	}
	plan, err := r.plan(ctx, elements)
	if err != nil {
		return false, err
	}
	if len(plan) > 0 {
		if err := r.readBackup(ctx, elements); err != nil {
			return false, err
		}
	}
	if r.options.DryRun {
		for _, p := range plan {
			r.result.Rewrapped = append(r.result.Rewrapped, p.key)
		}
		return false, nil
	}
	if len(plan) == 0 {
		return false, nil
	}
	if err := r.backUp(ctx, elements); err != nil {
		return false, err
	}
	defer r.manager.notify(context.WithoutCancel(ctx))
	for _, p := range plan {
		err := r.store.Replace(ctx, p.old, p.with)
		if errors.Is(err, xmlrepo.ErrChanged) {
			continue // the next round sees what has become of it
		}
		if err != nil {
			return false, fmt.Errorf("keyring: replacing a key: %w", err)
		}
		r.result.Rewrapped = append(r.result.Rewrapped, p.key)
		r.manager.logWrite(ctx, "key rewrapped", slog.String("event", "key.rewrapped"),
			slog.String("id", p.key.ID.String()), slog.String("file", p.key.Name))
	}
	return true, nil
}

// plan encrypts what needs it, in memory.
func (r *rewrapper) plan(ctx context.Context, elements []xmlrepo.Element) (plan []replacement, err error) {
	var faults []error
	first := !r.started
	r.started = true
	r.result.Skipped = nil
	for _, e := range elements {
		var xml []byte
		var key RewrappedKey
		secret.Do(func() { xml, key, err = r.rewrap(ctx, e) })
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil && r.options.SkipUnreadable && errors.Is(err, errCannotOpen):
			key.Err = err
			r.result.Skipped = append(r.result.Skipped, key)
		case err != nil:
			faults = append(faults, &ElementError{e.Name, e.Location, err})
		case xml != nil:
			plan = append(plan, replacement{key, e, xmlrepo.Element{Name: e.Name, XML: xml}})
		case first && key.Name != "":
			r.result.Already++
		}
	}
	return plan, errors.Join(faults...)
}
