package authenc

import (
	"crypto/aes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
)

// Hash names the hash of a CBC suite's HMAC. The zero value names none.
type Hash uint8

// The hashes a descriptor can name. SHA1 and SHA384 occur only in the managed
// and CNG descriptors of ASP.NET Core.
const (
	SHA1 Hash = iota + 1
	SHA256
	SHA384
	SHA512
)

// size returns the digest's length in bytes, 0 for an unknown hash.
func (h Hash) size() int {
	switch h {
	case SHA1:
		return sha1.Size
	case SHA256:
		return sha256.Size
	case SHA384:
		return sha512.Size384
	case SHA512:
		return sha512.Size
	}
	return 0
}

// new returns a fresh hash object, nil for an unknown hash.
func (h Hash) new() hash.Hash {
	switch h {
	case SHA1:
		return sha1.New()
	case SHA256:
		return sha256.New()
	case SHA384:
		return sha512.New384()
	case SHA512:
		return sha512.New()
	}
	return nil
}

// Suite names the algorithms that seal a message: AES in CBC mode with an HMAC,
// or AES-GCM. Two equal suites are the same algorithms. Its sibling in ASP.NET
// Core is AuthenticatedEncryptorConfiguration.
type Suite struct {
	KeySize int  // of the AES key, in bytes: 16, 24 or 32
	GCM     bool // GCM instead of CBC with an HMAC
	Hash    Hash // of the HMAC; zero with GCM
}

// Sizes in bytes.
const (
	keyModifierSize = 16
	nonceSize       = 12
	gcmTagSize      = 16
)

// Validate reports what is wrong with s, nil if nothing is.
func (s Suite) Validate() error {
	switch {
	case s.KeySize != 16 && s.KeySize != 24 && s.KeySize != 32:
		return fmt.Errorf("authenc: an AES key has 16, 24 or 32 bytes, not %d", s.KeySize)
	case s.GCM && s.Hash != 0:
		return fmt.Errorf("authenc: GCM takes no hash, but hash %d is given", s.Hash)
	case !s.GCM && s.Hash.size() == 0:
		return fmt.Errorf("authenc: CBC needs a hash, and there is no hash %d", s.Hash)
	}
	return nil
}

// SealedLen returns the exact length in bytes of the body that n bytes of
// plaintext are sealed into.
func (s Suite) SealedLen(n int) int {
	if s.GCM {
		return keyModifierSize + nonceSize + n + gcmTagSize
	}
	padded := n - n%aes.BlockSize + aes.BlockSize
	return keyModifierSize + aes.BlockSize + padded + s.Hash.size()
}

// ivSize returns the length of the CBC initialization vector or the GCM nonce.
func (s Suite) ivSize() int {
	if s.GCM {
		return nonceSize
	}
	return aes.BlockSize
}

// subkeysSize returns how many bytes are derived for each message.
func (s Suite) subkeysSize() int { return s.KeySize + s.Hash.size() }
