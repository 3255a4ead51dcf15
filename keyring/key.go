package keyring

import (
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/internal/secret"
)

// Key is one key of a ring as it stood when the ring was read (IKey). It is a
// value: changing one changes no ring. Its secret is sealed inside and cannot
// be taken out or printed.
type Key struct {
	ID uuid.UUID

	// All dates are UTC, in whole units of 100 ns. The key may protect from
	// its activation until just before its expiration; an expired key still
	// opens what it protected.
	CreationDate, ActivationDate, ExpirationDate time.Time

	// Revoked keys open nothing. RevocationDate and RevocationReason are those
	// of the record that names this key, else of the latest mass revocation
	// that covers it; a record without a date leaves the date zero.
	Revoked          bool
	RevocationDate   time.Time
	RevocationReason string

	// Algorithms is zero where the descriptor does not tell (unknown type, or
	// encrypted as a whole and not opened).
	Algorithms Algorithms

	// EncryptedAtRest: the stored secret is encrypted, readable here or not.
	EncryptedAtRest bool

	// DecryptorMissing: the key is encrypted with something that none of the
	// configured decryptors opens, and has no other fault. Another node may be
	// able to use it.
	DecryptorMissing bool

	// ElementName and Location say where the key is stored.
	ElementName, Location string

	material *material
}

// Encryptor returns what seals and opens payload bodies under k
// (IKey.CreateEncryptor). It is made at the first call and then kept. The
// error wraps ErrKeyUnreadable and the cause. Revocation is the caller's
// affair.
func (k Key) Encryptor() (*Encryptor, error) {
	if k.material == nil {
		return nil, ErrKeyUnreadable
	}
	return k.material.encryptor()
}

// usable is the policy's question: could k protect, dates and revocation apart?
func (k Key) usable() bool {
	_, err := k.Encryptor()
	return err == nil
}

// expired reports whether k may no longer protect at now.
func (k Key) expired(now time.Time) bool { return !now.Before(k.ExpirationDate) }

// material holds a key's secret in the form in which it was found, and makes
// the encryptor when somebody first asks: a ring of ten thousand keys uses a
// handful. It is shared by every copy of a Key and by successive snapshots.
type material struct {
	algorithms Algorithms
	text       secret.Bytes // the master key in base64
	made       atomic.Pointer[encryptorOrError]
	from       fingerprint // of the element it was read from, if a reader may know it again
}

type encryptorOrError struct {
	encryptor *Encryptor
	err       error
}

// newMaterial returns the material of a key whose descriptor has been read, or
// could not be because of fault.
func newMaterial(a Algorithms, text secret.Bytes, fault error) *material {
	m := &material{algorithms: a, text: text}
	if fault != nil {
		m.made.Store(&encryptorOrError{err: unreadableError{fault}})
	}
	return m
}

func (m *material) encryptor() (*Encryptor, error) {
	made := m.made.Load()
	if made == nil {
		made = new(encryptorOrError)
		if made.encryptor, made.err = newEncryptor(m.algorithms, m.text); made.err != nil {
			made.err = unreadableError{made.err}
		}
		if !m.made.CompareAndSwap(nil, made) {
			made = m.made.Load() // so that everybody has the same one
		}
	}
	return made.encryptor, made.err
}
