package readmetest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"slices"
)

// What docs/FORMAT.md says, in the fewest words and without the module.

func be32(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

// stringOf is a short string behind its length.
func stringOf(s string) []byte { return append([]byte{byte(len(s))}, s...) }

func additionalData(keyID []byte, purposes ...string) []byte {
	aad := slices.Concat([]byte{0x09, 0xf0, 0xc9, 0xf0}, keyID, be32(len(purposes)))
	for _, p := range purposes {
		aad = append(aad, stringOf(p)...)
	}
	return aad
}

// derivationInput is what the PRF of block i is given.
func derivationInput(i int, aad, header, keyModifier []byte, size int) []byte {
	return slices.Concat(be32(i), aad, []byte{0}, header, keyModifier, be32(8*size))
}

// derive returns size bytes; more than one block of the PRF is not needed here.
func derive(masterKey, aad, header, keyModifier []byte, size int) []byte {
	prf := hmac.New(sha512.New, masterKey)
	prf.Write(derivationInput(1, aad, header, keyModifier, size))
	return prf.Sum(nil)[:size]
}

func encryptCBC(key, iv, plaintext []byte) []byte { return encryptBlocks(key, iv, pad(plaintext)) }

// encryptBlocks is encryptCBC of what has been padded.
func encryptBlocks(key, iv, padded []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	ciphertext := make([]byte, len(padded))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(ciphertext, padded)
	return ciphertext
}

func pad(plaintext []byte) []byte {
	n := aes.BlockSize - len(plaintext)%aes.BlockSize
	return append(slices.Clone(plaintext), bytes.Repeat([]byte{byte(n)}, n)...)
}

func hmacSHA256(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// sealGCM returns ciphertext and tag.
func sealGCM(key, nonce, plaintext []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm.Seal(nil, nonce, plaintext, nil)
}

// headerCBC is the context header of AES-256-CBC with HMAC-SHA256.
func headerCBC() []byte {
	keys := derive(nil, nil, nil, nil, 32+32)
	return slices.Concat([]byte{0, 0}, be32(32), be32(16), be32(32), be32(32),
		encryptCBC(keys[:32], make([]byte, 16), nil), hmacSHA256(keys[32:]))
}

// headerGCM is the context header of AES-256-GCM.
func headerGCM() []byte {
	key := derive(nil, nil, nil, nil, 32)
	return slices.Concat([]byte{0, 1}, be32(32), be32(12), be32(16), be32(16), sealGCM(key, make([]byte, 12), nil))
}
