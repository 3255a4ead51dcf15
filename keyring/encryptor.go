package keyring

import (
	"dataprotection.example/internal/authenc"
)

// Encryptor seals and opens payload bodies under one key
// (IAuthenticatedEncryptor). It is safe for concurrent use.
//
// A body is what follows magic and key id in a payload: key modifier (16
// bytes), IV (16) or nonce (12), ciphertext, tag. The AAD enters through the
// key derivation (NIST SP 800-108), so that a body opens under exactly the AAD
// it was sealed with.
type Encryptor struct{ key *authenc.Key }

// Encrypt appends the body that holds plaintext to dst.
func (e *Encryptor) Encrypt(dst, plaintext, aad []byte) ([]byte, error) {
	return e.key.Bind(aad).Seal(dst, plaintext)
}

// Decrypt appends the plaintext of body to dst. Whatever is wrong with the
// bytes or the AAD, the error is the same.
func (e *Encryptor) Decrypt(dst, body, aad []byte) ([]byte, error) {
	return e.key.Bind(aad).Open(dst, body)
}

// Bind fixes the AAD, which saves most of the key derivation of each call.
func (e *Encryptor) Bind(aad []byte) *BoundEncryptor {
	return &BoundEncryptor{e.key.Bind(aad)}
}

// BoundEncryptor is an [Encryptor] for one AAD. It is safe for concurrent use.
type BoundEncryptor struct{ box *authenc.Box }

// Encrypt appends the body that holds plaintext to dst.
func (b *BoundEncryptor) Encrypt(dst, plaintext []byte) ([]byte, error) {
	return b.box.Seal(dst, plaintext)
}

// EncryptedLen returns the length of the body of n bytes of plaintext.
func (b *BoundEncryptor) EncryptedLen(n int) int { return b.box.SealedLen(n) }

// Decrypt appends the plaintext of body to dst.
func (b *BoundEncryptor) Decrypt(dst, body []byte) ([]byte, error) {
	return b.box.Open(dst, body)
}
