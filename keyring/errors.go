package keyring

import (
	"errors"
	"strings"

	"dataprotection.example/xmlrepo"
)

// The errors of a ring that callers may want to tell apart. They arrive
// wrapped: test with errors.Is.
var (
	// ErrKeyNotFound: the key of a payload is not in the ring.
	ErrKeyNotFound = errors.New("keyring: the key was not found in the key ring")
	// ErrKeyRevoked: the key of a payload has been revoked.
	ErrKeyRevoked = errors.New("keyring: the key has been revoked")
	// ErrKeyUnreadable: the key is in the ring, but cannot be used here. It wraps the cause.
	ErrKeyUnreadable = errors.New("keyring: the key cannot be used here")
	// ErrNoDefaultKey: no key of the ring may protect new payloads now.
	ErrNoDefaultKey = errors.New("keyring: the key ring has no default key")
	// ErrNoKeys: the store holds no key, and RequireExistingKeys is set.
	ErrNoKeys = errors.New("keyring: the store holds no key, and existing keys are required")
	// ErrEncryptorRequired: the ring's keys are encrypted at rest, and making
	// an unencrypted one beside them was neither asked for nor allowed.
	ErrEncryptorRequired = errors.New("keyring: the ring's keys are encrypted at rest and no encryptor is configured for a new one")
	// ErrUnencryptedKey: the key lies in clear text and RequireEncryptedKeys is
	// set. It comes wrapped in ErrKeyUnreadable.
	ErrUnencryptedKey = errors.New("keyring: the key is not encrypted at rest, and encrypted keys are required")
)

// ElementError names the stored element at fault.
type ElementError struct {
	Name     string // the element's name in its store, such as "key-{guid}"
	Location string // where a person finds it (a file's path); may be empty
	Err      error
}

func (e *ElementError) Error() string {
	return "keyring: " + e.place() + ": " + withoutPrefix(e.Err)
}

func (e *ElementError) Unwrap() error { return e.Err }

// storeError is an error of a store as a whole.
type storeError struct {
	place string
	err   error
}

func (e *storeError) Error() string { return "keyring: " + e.place + ": " + withoutPrefix(e.err) }

func (e *storeError) Unwrap() error { return e.err }

// fault returns err as the store's, with its place if the store tells it.
func (m *Manager) fault(err error) error {
	if l, ok := m.repo.(xmlrepo.Located); ok {
		return &storeError{l.Location(), err}
	}
	return err
}

// withoutPrefix is the text of err for the end of one that begins "keyring: ".
func withoutPrefix(err error) string { return strings.TrimPrefix(err.Error(), "keyring: ") }

// unreadableError is an ErrKeyUnreadable with its cause.
type unreadableError struct{ cause error }

func (e unreadableError) Error() string {
	return ErrKeyUnreadable.Error() + ": " + withoutPrefix(e.cause)
}

func (e unreadableError) Unwrap() []error { return []error{ErrKeyUnreadable, e.cause} }
