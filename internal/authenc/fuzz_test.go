package authenc

import (
	"bytes"
	"crypto/cipher"
	"slices"
	"testing"
)

// FuzzOpen opens arbitrary bytes. What opens is what the reference opens, and
// seals again, under the key modifier and IV it came with, to the same bytes: no
// message has a second spelling. With forge, the bytes first get a tag that fits,
// so that the fuzzer sees what lies behind it.
func FuzzOpen(f *testing.F) {
	suites := allSuites()
	for i, s := range suites {
		for _, n := range []int{0, 3, 16, 40} {
			key, aad := []byte("master key"), []byte{6, 5, 4, 3}
			sealed := refSeal(s, key, aad, sequence(n), sequence(16), sequence(s.ivSize()))
			f.Add(uint8(i), key, aad, sealed, false)
			f.Add(uint8(i), key, aad, sealed, true)
		}
		f.Add(uint8(i), []byte{0}, []byte{}, []byte{}, true)
	}
	f.Fuzz(func(t *testing.T, suite uint8, masterKey, aad, sealed []byte, forge bool) {
		s := suites[int(suite)%len(suites)]
		if len(masterKey) == 0 {
			return
		}
		if forge {
			sealed = withFittingTag(s, masterKey, aad, sealed)
		}
		given := bytes.Clone(sealed)
		box := newBox(t, s, masterKey, aad)
		want, ok := refOpen(s, masterKey, aad, sealed)
		got, err := box.Open([]byte("prefix"), sealed)
		if !bytes.Equal(sealed, given) {
			t.Fatal("Open wrote into what it was to read")
		}
		if !ok {
			if err != ErrOpen || got != nil {
				t.Fatalf("opened %x, %v; the reference refuses it", got, err)
			}
			return
		}
		if err != nil || !bytes.Equal(got, append([]byte("prefix"), want...)) {
			t.Fatalf("opened %x, %v; want %x", got, err, want)
		}
		again, err := box.seal(nil, want, sealed[:16], sealed[16:16+s.ivSize()])
		if err != nil || !bytes.Equal(again, sealed) {
			t.Fatalf("sealed again: %x, %v\n  first:      %x", again, err, sealed)
		}
	})
}

// withFittingTag replaces the tag of sealed by the one that fits. For GCM it
// takes what stands in the ciphertext's place for the plaintext.
func withFittingTag(s Suite, masterKey, aad, sealed []byte) []byte {
	if len(sealed) < 16+s.ivSize()+max(s.Hash.size(), gcmTagSize) {
		return sealed
	}
	keyModifier, body := sealed[:16], sealed[16:]
	if s.GCM {
		return refSeal(s, masterKey, aad, body[12:len(body)-16], keyModifier, body[:12])
	}
	_, macKey := refSubkeys(s, masterKey, aad, keyModifier)
	tagged := body[:len(body)-s.Hash.size()]
	return slices.Concat(keyModifier, tagged, refHMAC(refHash(s.Hash), macKey, tagged))
}

// FuzzCBC compares the chaining with that of crypto/cipher: data as plaintext,
// and, cut to whole blocks, as ciphertext.
func FuzzCBC(f *testing.F) {
	for _, n := range []int{0, 1, 15, 16, 17, 64, 1000} {
		f.Add(sequence(32), sequence(16), sequence(n))
	}
	honest := refEncryptCBC(sequence(32), sequence(16), sequence(20))
	f.Add(sequence(32), sequence(16), honest)
	f.Fuzz(func(t *testing.T, key, iv, data []byte) {
		key = append(key, make([]byte, 32)...)[:[]int{16, 24, 32}[len(key)%3]]
		iv = append(iv, make([]byte, 16)...)[:16]
		block := refBlock(key)

		buf := append(bytes.Clone(iv), make([]byte, len(data)+16-len(data)%16)...)
		encryptCBC(block, buf, data)
		if want := refEncryptCBC(key, iv, data); !bytes.Equal(buf[16:], want) {
			t.Errorf("encrypted %x\n  want    %x", buf[16:], want)
		}
		var last [16]byte
		if got, ok := decryptCBC(nil, block, buf, &last); !ok || !bytes.Equal(got, data) {
			t.Errorf("decrypted %x, %v; want %x", got, ok, data)
		}

		ciphertext := data[:len(data)-len(data)%16]
		if len(ciphertext) == 0 {
			return
		}
		padded := make([]byte, len(ciphertext))
		cipher.NewCBCDecrypter(block, iv).CryptBlocks(padded, ciphertext)
		n := int(padded[len(padded)-1])
		wellPadded := n >= 1 && n <= 16 && bytes.HasSuffix(padded, bytes.Repeat([]byte{byte(n)}, n))
		got, ok := decryptCBC([]byte("prefix"), block, append(bytes.Clone(iv), ciphertext...), &last)
		if ok != wellPadded || ok && !bytes.Equal(got, append([]byte("prefix"), padded[:len(padded)-n]...)) {
			t.Errorf("decrypted %x, %v; with padding %x", got, ok, padded)
		}
	})
}

// FuzzHMAC compares the HMACs with those of crypto/hmac: the tag's, whose keys
// are never longer than a block, and the derivation's, whose may have any length.
func FuzzHMAC(f *testing.F) {
	for _, n := range []int{1, 20, 32, 64, 65, 128, 129, 200} {
		f.Add(uint8(n), sequence(n), sequence(5*n), []byte("more"))
	}
	f.Fuzz(func(t *testing.T, hash uint8, key, message, context []byte) {
		h := Hash(hash%4) + SHA1
		m := mac{hash: h.new()}
		macKey := key[:min(len(key), m.hash.BlockSize())]
		for range 2 { // the second time with what the first left behind
			want := append([]byte("prefix"), refHMAC(refHash(h), macKey, message)...)
			if got := m.appendTag([]byte("prefix"), macKey, message); !bytes.Equal(got, want) {
				t.Errorf("HMAC-%s(%x, %x) = %x, want %x", hashName(h), macKey, message, got, want)
			}
		}
		size := 1 + len(message)%maxSubkeysSize
		got := derive(key, message, context, context, size)
		if want := refDerive(key, message, context, context, size); !bytes.Equal(got, want) {
			t.Errorf("%d bytes derived from %x, %x, %x: %x, want %x", size, key, message, context, got, want)
		}
	})
}
