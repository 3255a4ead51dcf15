package authenc

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
)

// maxGCMPlaintext is the longest plaintext GCM seals (NIST SP 800-38D, 5.2.1.1).
const maxGCMPlaintext = (1<<32 - 2) * aes.BlockSize

// sealGCM encrypts plaintext into body as nonce ‖ ciphertext ‖ tag. With an
// empty nonce a random one is drawn inside the FIPS module, the only nonce
// that strict FIPS mode accepts.
func sealGCM(key, body, nonce, plaintext []byte) error {
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	if len(nonce) == 0 {
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return err
		}
		aead.Seal(body[:0], nil, plaintext, nil)
		return nil
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return err
	}
	copy(body, nonce)
	aead.Seal(body[nonceSize:nonceSize], body[:nonceSize], plaintext, nil)
	return nil
}

// openGCM appends to dst the plaintext of body, which is nonce ‖ ciphertext ‖
// tag; any failure is ErrOpen.
func openGCM(dst, key, body []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, ErrOpen
	}
	newGCM, nonce := cipher.NewGCM, body[:nonceSize]
	if fips140.Enabled() { // strict mode refuses NewGCM even for opening
		newGCM, nonce = cipher.NewGCMWithRandomNonce, nil
	}
	aead, err := newGCM(block)
	if err != nil {
		return nil, ErrOpen
	}
	dst, err = aead.Open(dst, nonce, body[len(nonce):], nil)
	if err != nil {
		return nil, ErrOpen
	}
	return dst, nil
}
