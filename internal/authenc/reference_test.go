package authenc

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"
)

// This file is the package once more, written as plainly as it can be over
// crypto/hmac and crypto/cipher. The tests compare the two.

func refHash(h Hash) func() hash.Hash {
	return map[Hash]func() hash.Hash{SHA1: sha1.New, SHA256: sha256.New, SHA384: sha512.New384, SHA512: sha512.New}[h]
}

func refHMAC(newHash func() hash.Hash, key []byte, message ...[]byte) []byte {
	h := hmac.New(newHash, key)
	for _, part := range message {
		h.Write(part)
	}
	return h.Sum(nil)
}

// refDerive is SP 800-108 in counter mode, the context being header ‖ context.
func refDerive(masterKey, label, header, context []byte, size int) []byte {
	var out []byte
	for i := uint32(1); len(out) < size; i++ {
		counter := binary.BigEndian.AppendUint32(nil, i)
		bits := binary.BigEndian.AppendUint32(nil, uint32(8*size))
		out = append(out, refHMAC(sha512.New, masterKey, counter, label, []byte{0}, header, context, bits)...)
	}
	return out[:size]
}

// refSubkeys returns the AES key and the HMAC key, which GCM does not have.
func refSubkeys(s Suite, masterKey, aad, keyModifier []byte) (aesKey, macKey []byte) {
	macSize := 0
	if !s.GCM {
		macSize = refHash(s.Hash)().Size()
	}
	both := refDerive(masterKey, aad, s.ContextHeader(), keyModifier, s.KeySize+macSize)
	return both[:s.KeySize], both[s.KeySize:]
}

func refBlock(key []byte) cipher.Block {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	return block
}

func refGCM(key []byte) cipher.AEAD {
	aead, err := cipher.NewGCM(refBlock(key))
	if err != nil {
		panic(err)
	}
	return aead
}

func refEncryptCBC(key, iv, plaintext []byte) []byte {
	padding := 16 - len(plaintext)%16
	padded := append(bytes.Clone(plaintext), bytes.Repeat([]byte{byte(padding)}, padding)...)
	cipher.NewCBCEncrypter(refBlock(key), iv).CryptBlocks(padded, padded)
	return padded
}

func refSeal(s Suite, masterKey, aad, plaintext, keyModifier, iv []byte) []byte {
	aesKey, macKey := refSubkeys(s, masterKey, aad, keyModifier)
	if s.GCM {
		return refGCM(aesKey).Seal(slices.Concat(keyModifier, iv), iv, plaintext, nil)
	}
	ciphertext := refEncryptCBC(aesKey, iv, plaintext)
	return slices.Concat(keyModifier, iv, ciphertext, refHMAC(refHash(s.Hash), macKey, iv, ciphertext))
}

func refOpen(s Suite, masterKey, aad, sealed []byte) ([]byte, bool) {
	if len(sealed) < 16 {
		return nil, false
	}
	keyModifier, body := sealed[:16], sealed[16:]
	aesKey, macKey := refSubkeys(s, masterKey, aad, keyModifier)
	if s.GCM {
		if len(body) < 12 {
			return nil, false
		}
		plaintext, err := refGCM(aesKey).Open(nil, body[:12], body[12:], nil)
		return plaintext, err == nil
	}
	n := len(body) - len(macKey)
	if n < 32 || n%16 != 0 || !hmac.Equal(body[n:], refHMAC(refHash(s.Hash), macKey, body[:n])) {
		return nil, false
	}
	padded := make([]byte, n-16)
	cipher.NewCBCDecrypter(refBlock(aesKey), body[:16]).CryptBlocks(padded, body[16:n])
	padding := int(padded[len(padded)-1])
	if padding < 1 || padding > 16 || !bytes.HasSuffix(padded, bytes.Repeat([]byte{byte(padding)}, padding)) {
		return nil, false
	}
	return padded[:len(padded)-padding], true
}

// allSuites returns the fifteen valid suites.
func allSuites() []Suite {
	var suites []Suite
	for _, keySize := range []int{16, 24, 32} {
		for _, h := range []Hash{SHA1, SHA256, SHA384, SHA512} {
			suites = append(suites, Suite{KeySize: keySize, Hash: h})
		}
		suites = append(suites, Suite{KeySize: keySize, GCM: true})
	}
	return suites
}

func hashName(h Hash) string {
	return []string{"none", "SHA1", "SHA256", "SHA384", "SHA512"}[h]
}

// suiteName spells a suite as ASP.NET Core does.
func suiteName(s Suite) string {
	if s.GCM {
		return fmt.Sprintf("AES_%d_GCM", 8*s.KeySize)
	}
	return fmt.Sprintf("AES_%d_CBC-HMAC%s", 8*s.KeySize, hashName(s.Hash))
}
