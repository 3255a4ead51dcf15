package authenc

import (
	"crypto/aes"
	"crypto/fips140"
	"crypto/sha512"
	"errors"
	"sync"

	"dataprotection.example/internal/secret"
)

// A Key is a master key with the suite it serves. It is safe for concurrent use.
type Key struct {
	suite   Suite
	kdf     kdf
	scratch sync.Pool // of *scratch
}

// NewKey returns the key for a suite. The master key may have any length but
// zero (ASP.NET Core makes 64 bytes); NewKey keeps no reference to it. Strict
// FIPS mode (GODEBUG=fips140=only) has no SHA-1, and a suite with it is refused.
func NewKey(s Suite, masterKey []byte) (*Key, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if len(masterKey) == 0 {
		return nil, errors.New("authenc: the master key is empty")
	}
	if s.Hash == SHA1 && fips140.Enforced() {
		return nil, errors.New("authenc: HMAC-SHA1 is not allowed in FIPS 140-only mode")
	}
	k := &Key{suite: s}
	secret.Do(func() { k.kdf = newKDF(masterKey) })
	return k, nil
}

// Bind returns the box that seals and opens for the additional data, which may
// have any length. That costs a few hashes and half a kilobyte: keep the box
// rather than binding anew. Bind keeps no reference to aad.
func (k *Key) Bind(aad []byte) *Box {
	b := &Box{key: k}
	header := k.suite.ContextHeader()
	secret.Do(func() {
		for size := 0; size < k.suite.subkeysSize(); size += sha512.Size {
			round := uint32(len(b.prefixes) + 1)
			b.prefixes = append(b.prefixes, k.kdf.absorb(round, aad, header))
		}
	})
	return b
}

// A Box seals and opens messages under one key for one additional data. It is
// safe for concurrent use. Its siblings in ASP.NET Core are
// ManagedAuthenticatedEncryptor and AesGcmAuthenticatedEncryptor.
type Box struct {
	key      *Key
	prefixes []secret.Bytes // one a round of the derivation, see kdf.absorb
}

// A scratch is the working memory of one Seal or Open. In the pool it holds no
// secret.
type scratch struct {
	deriver deriver
	mac     mac                 // has no hash with GCM
	last    [aes.BlockSize]byte // the last decrypted block
	tag     [sha512.Size]byte   // the tag a message ought to have
}

// borrow returns working memory for the key's suite; giveBack clears it.
func (k *Key) borrow() *scratch {
	if s, ok := k.scratch.Get().(*scratch); ok {
		return s
	}
	return &scratch{
		deriver: deriver{hash: newResumableSHA512()},
		mac:     mac{hash: k.suite.Hash.new()},
	}
}

func (k *Key) giveBack(s *scratch) {
	s.deriver.clear()
	s.mac.clear()
	clear(s.last[:])
	clear(s.tag[:])
	k.scratch.Put(s)
}
