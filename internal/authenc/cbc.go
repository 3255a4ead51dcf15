package authenc

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"slices"
)

// The chaining of CBC (NIST SP 800-38A, 6.2) is done here, block by block,
// rather than by cipher.NewCBCEncrypter and NewCBCDecrypter: those copy the key
// schedule into an object of their own, which costs 200 ns and 512 bytes a
// message, and where AES has instructions of its own they are no faster at any
// length (decryption is slower). Both functions below work on a buffer in which
// the ciphertext follows its IV, so that the block to chain with is always the
// one sixteen bytes before.

// encryptCBC encrypts plaintext, padded by PKCS #7, into buf behind the IV that
// buf starts with. buf is exactly as long as the IV and the padded plaintext,
// and overlaps plaintext nowhere.
func encryptCBC(block cipher.Block, buf, plaintext []byte) {
	full := len(plaintext) - len(plaintext)%aes.BlockSize
	previous, out := buf[:aes.BlockSize], buf[aes.BlockSize:]
	for i := 0; i < full; i += aes.BlockSize {
		current := out[i : i+aes.BlockSize]
		subtle.XORBytes(current, plaintext[i:i+aes.BlockSize], previous)
		block.Encrypt(current, current)
		previous = current
	}
	last := out[full:]
	rest := copy(last, plaintext[full:])
	for i := rest; i < len(last); i++ {
		last[i] = byte(aes.BlockSize - rest)
	}
	subtle.XORBytes(last, last, previous)
	block.Encrypt(last, last)
}

// decryptCBC appends to dst what the IV and ciphertext in buf decrypt to,
// without its padding; false if the padding is wrong. buf is at least two
// blocks long, its length a multiple of the block's, and its authenticity has
// been verified: only then is it harmless to answer about padding. last is
// working memory of one block.
//
// The last block is decrypted first, for with it the plaintext's length is
// known: dst grows to that and no further, and nothing is written into it
// unless all is well.
func decryptCBC(dst []byte, block cipher.Block, buf []byte, last *[aes.BlockSize]byte) ([]byte, bool) {
	full := len(buf) - 2*aes.BlockSize
	in := buf[aes.BlockSize:]
	block.Decrypt(last[:], in[full:])
	subtle.XORBytes(last[:], last[:], buf[full:])
	rest, ok := unpadded(last)
	if !ok {
		return nil, false
	}

	head := len(dst)
	dst = slices.Grow(dst, full+rest)[:head+full+rest]
	out := dst[head:]
	for i := 0; i < full; i += aes.BlockSize {
		block.Decrypt(out[i:i+aes.BlockSize], in[i:i+aes.BlockSize])
	}
	subtle.XORBytes(out[:full], out[:full], buf)
	copy(out[full:], last[:rest])
	return dst, true
}

// unpadded returns how many bytes of a last block are plaintext, false if its
// PKCS #7 padding (RFC 5652, 6.3) is wrong.
func unpadded(last *[aes.BlockSize]byte) (int, bool) {
	padding := last[aes.BlockSize-1]
	if padding == 0 || padding > aes.BlockSize {
		return 0, false
	}
	rest := aes.BlockSize - int(padding)
	for _, b := range last[rest:] {
		if b != padding {
			return 0, false
		}
	}
	return rest, true
}
