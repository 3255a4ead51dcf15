package authenc

import (
	"crypto/aes"
	"crypto/fips140"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"slices"

	"dataprotection.example/internal/secret"
)

// ErrOpen is the one error of [Box.Open]. It does not say what was wrong: too
// short, altered, sealed under another key or for other additional data, badly
// padded. Whoever could tell these apart could decrypt.
var ErrOpen = errors.New("authenc: the sealed bytes cannot be opened")

// Seal appends to dst the sealed plaintext, [Suite.SealedLen] bytes of it, under
// a fresh key modifier and IV or nonce. If dst has room it allocates the AES key
// schedule and, for GCM, the mode's object. dst's spare capacity must not overlap
// plaintext. The only plaintext refused is one of 64 GiB for GCM.
func (b *Box) Seal(dst, plaintext []byte) (sealed []byte, err error) {
	secret.Do(func() { sealed, err = b.sealAtRandom(dst, plaintext) })
	return sealed, err
}

// sealAtRandom is Seal without care for what is left in memory.
func (b *Box) sealAtRandom(dst, plaintext []byte) ([]byte, error) {
	var random [keyModifierSize + aes.BlockSize]byte
	keyModifier, iv := random[:keyModifierSize], random[keyModifierSize:][:b.key.suite.ivSize()]
	if b.key.suite.GCM && fips140.Enabled() {
		iv = nil // to be drawn in the module
	}
	rand.Read(random[:keyModifierSize+len(iv)])
	return b.seal(dst, plaintext, keyModifier, iv)
}

// SealedLen returns the length of what Seal appends for n bytes of plaintext.
func (b *Box) SealedLen(n int) int { return b.key.suite.SealedLen(n) }

// seal is Seal under the given key modifier and IV or nonce. With GCM, no nonce
// means one that the FIPS module draws.
func (b *Box) seal(dst, plaintext, keyModifier, iv []byte) ([]byte, error) {
	suite := b.key.suite
	if suite.GCM && uint64(len(plaintext)) > maxGCMPlaintext {
		return nil, errors.New("authenc: the plaintext is longer than GCM can seal")
	}
	head, n := len(dst), suite.SealedLen(len(plaintext))
	dst = slices.Grow(dst, n)[:head+n]
	context, body := dst[head:head+keyModifierSize], dst[head+keyModifierSize:]
	copy(context, keyModifier)

	s := b.key.borrow()
	defer b.key.giveBack(s)
	subkeys := s.deriver.derive(b.key.kdf, b.prefixes, context, suite.subkeysSize())
	if suite.GCM {
		if err := sealGCM(subkeys, body, iv, plaintext); err != nil {
			return nil, err
		}
		return dst, nil
	}

	block, err := aes.NewCipher(subkeys[:suite.KeySize])
	if err != nil {
		return nil, err
	}
	tagged := body[:len(body)-suite.Hash.size()]
	copy(tagged, iv)
	encryptCBC(block, tagged, plaintext)
	copy(body[len(tagged):], s.mac.appendTag(s.tag[:0], subkeys[suite.KeySize:], tagged))
	return dst, nil
}

// Open appends to dst the plaintext that was sealed. The tag is verified, in
// constant time, before anything is decrypted. Every failure is [ErrOpen], with
// a nil slice and with nothing of the plaintext in dst's spare capacity. If dst
// has room for the plaintext, Open allocates what Seal does. dst's spare
// capacity must not overlap sealed, which is only read.
func (b *Box) Open(dst, sealed []byte) (plaintext []byte, err error) {
	secret.Do(func() { plaintext, err = b.open(dst, sealed) })
	return plaintext, err
}

// open is Open without care for what is left in memory.
func (b *Box) open(dst, sealed []byte) ([]byte, error) {
	suite := b.key.suite
	excess := len(sealed) - suite.SealedLen(0)
	if excess < 0 || !suite.GCM && excess%aes.BlockSize != 0 {
		return nil, ErrOpen
	}
	s := b.key.borrow()
	defer b.key.giveBack(s)
	keyModifier, body := sealed[:keyModifierSize], sealed[keyModifierSize:]
	subkeys := s.deriver.derive(b.key.kdf, b.prefixes, keyModifier, suite.subkeysSize())
	if suite.GCM {
		return openGCM(dst, subkeys, body)
	}

	tagged := body[:len(body)-suite.Hash.size()]
	tag := s.mac.appendTag(s.tag[:0], subkeys[suite.KeySize:], tagged)
	if subtle.ConstantTimeCompare(tag, body[len(tagged):]) != 1 {
		return nil, ErrOpen
	}
	block, err := aes.NewCipher(subkeys[:suite.KeySize])
	if err != nil {
		return nil, ErrOpen
	}
	dst, ok := decryptCBC(dst, block, tagged, &s.last)
	if !ok {
		return nil, ErrOpen
	}
	return dst, nil
}
