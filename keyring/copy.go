package keyring

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"dataprotection.example/xmlrepo"
)

// CopyOptions says in which form a ring is copied.
type CopyOptions struct {
	// Encryptor encrypts the keys in the copy, broken ones too. Nil means that
	// every key is copied as it is stored.
	Encryptor XMLEncryptor

	// Decryptors open what Encryptor writes, and nothing else, as in
	// RewrapOptions. Without an Encryptor they only help to compare the keys
	// that the target holds already.
	Decryptors []XMLDecryptor

	// SkipUnreadable copies keys that no decryptor opens as they are, and tells
	// why, instead of copying nothing at all. It is for copies with Encryptor.
	SkipUnreadable bool

	// DryRun reads, opens and encrypts everything, and stores nothing.
	DryRun bool
}

// CopiedKind says what an element of a [CopyResult] is.
type CopiedKind string

// The kinds.
const (
	CopiedKey        CopiedKind = "key" // broken ones too
	CopiedRevocation CopiedKind = "revocation"
	CopiedOther      CopiedKind = "other"
)

// CopiedElement is an element of the source.
type CopiedElement struct {
	Kind           CopiedKind
	ID             uuid.UUID // of a key, or of the key that a revocation names; zero where there is none
	Name, Location string    // in the source
	Plain          bool      // a key that lies in clear text, as a whole or in part, in the target
	Reencrypted    bool      // Encryptor has encrypted it for the copy
	Err            error     // with SkipUnreadable: why it was copied as it is
}

// CopyResult is what [Manager.CopyTo] did, or with DryRun would do.
type CopyResult struct {
	// Copied is what was stored, in that order.
	Copied []CopiedElement

	// Already is what needed no storing: the target had it before the call,
	// or got it meanwhile, from somebody else or as another element of the
	// source that says the same.
	Already []CopiedElement

	// Others are the keys that were in the target and are not in the source.
	Others []uuid.UUID

	// Verified counts the elements of the source that were found in the
	// target afterwards: all of them, unless there was an error. It is 0 with
	// DryRun.
	Verified int

	// Changed: somebody has written to the source since the call began, and
	// another call is needed to copy that, too.
	Changed bool
}

// CopyTo copies the ring, every element of it, to another store, and leaves
// alone what else there is. Nothing in .NET does that.
//
// Options.Decryptors open the keys of the source where that is needed, to
// encrypt them with o.Encryptor or to compare them. Before anything is stored,
// every key that is to be encrypted has been opened, encrypted, opened again
// with o.Decryptors alone, and found to be the same; and source and target have
// been read as rings, understood, and compared. An error up to there names all
// that is in the way, and nothing has been stored.
//
// Revocations and elements of others go first and keys last, so that whoever
// reads the target meanwhile takes no revoked key for a good one. Nodes that
// use the target see a key as soon as it is there, and a revocation of all keys
// revokes the target's own too. Elements keep their names, if those can be
// stored and are not taken, and get otherwise those that ASP.NET Core would give
// them.
//
// The target has an element already if it has one with the same XML, under
// whatever name; a key, if it has one with the same id, dates, algorithms and
// secret, in clear text or however encrypted; a revocation, if it has one of
// the same key, or of all keys before the same date, whatever the reason. Such
// an element is not stored again: a call that is repeated does what is left, and
// copying a ring to itself does nothing, not even encrypt (that is
// [Manager.Rewrap]). A key of the same id that is another, or cannot be opened
// for a comparison, is a conflict, and so is a name that something else has.
//
// Afterwards the target is read again, and an element of the source that it does
// not have is an error. Whenever CopyTo ends, by an error, by its context or
// because the process is killed, what has been stored is good, and calling it
// again does the rest. The result of a call that fails tells what it did.
func (m *Manager) CopyTo(ctx context.Context, to xmlrepo.Repository, o CopyOptions) (CopyResult, error) {
	var result CopyResult
	if to == nil {
		return result, errors.New("keyring: copying needs a store to copy to")
	}
	if o.Encryptor != nil && len(o.Decryptors) == 0 {
		return result, errors.New("keyring: copying with an encryptor needs decryptors that open what it writes")
	}
	c := copier{
		manager: m, to: to, options: o, result: &result,
		wrapping: wrapping{o.Encryptor, o.Decryptors, m.opts.allDecryptors()},
		found:    map[int]fingerprint{}, sealed: map[int]fingerprint{}, names: map[string]copyStep{},
	}
	err := c.run(ctx)
	return result, err
}
