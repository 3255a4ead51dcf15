package authenc

import (
	"bytes"
	"crypto/cipher"
	"slices"
	"testing"
)

// refuse checks that sealed is not opened and that nothing is left in dst.
func refuse(t *testing.T, box *Box, sealed []byte, why string, args ...any) {
	t.Helper()
	spare := make([]byte, 5, 5+len(sealed)+64)
	opened, err := box.Open(spare, sealed)
	if err != ErrOpen || opened != nil {
		t.Errorf(why+": opened %x, %v", append(args, opened, err)...)
	}
	if left := spare[:cap(spare)]; !bytes.Equal(left, make([]byte, len(left))) {
		t.Errorf(why+": dst's spare capacity holds %x", append(args, left)...)
	}
}

func TestEveryChangedByteIsRefused(t *testing.T) {
	forEverySuite(t, func(t *testing.T, s Suite) {
		box := newBox(t, s, sequence(64), []byte("data"))
		plaintext := bytes.Repeat([]byte("secret! "), 5)
		sealed, err := box.Seal(nil, plaintext)
		if err != nil {
			t.Fatal(err)
		}
		for i := range sealed {
			for _, flip := range []byte{0x01, 0x80, 0xff} {
				changed := bytes.Clone(sealed)
				changed[i] ^= flip
				refuse(t, box, changed, "byte %d ^ %#x", i, flip)
			}
		}
		if opened, err := box.Open(nil, sealed); err != nil || !bytes.Equal(opened, plaintext) {
			t.Errorf("the unchanged bytes: %x, %v", opened, err)
		}
	})
}

func TestEveryOtherLengthIsRefused(t *testing.T) {
	forEverySuite(t, func(t *testing.T, s Suite) {
		box := newBox(t, s, sequence(64), []byte("data"))
		sealed, err := box.Seal(nil, bytes.Repeat([]byte("secret! "), 5))
		if err != nil {
			t.Fatal(err)
		}
		for n := range sealed {
			refuse(t, box, sealed[:n], "the first %d bytes", n)
			refuse(t, box, sealed[n+1:], "without the first %d bytes", n+1)
			refuse(t, box, slices.Delete(bytes.Clone(sealed), n, n+1), "without byte %d", n)
		}
		for n := 1; n <= 33; n++ {
			refuse(t, box, append(bytes.Clone(sealed), make([]byte, n)...), "%d bytes more", n)
		}
	})
}

// A holder of the key can seal what no honest sealer does. The tag fits, and the
// padding alone decides; the answer must be the same.
func TestBadPaddingUnderAGoodTagIsRefused(t *testing.T) {
	masterKey, aad := sequence(64), []byte("data")
	keyModifier, iv := sequence(16), sequence(16)
	forEverySuite(t, func(t *testing.T, s Suite) {
		if s.GCM {
			return
		}
		box := newBox(t, s, masterKey, aad)
		aesKey, macKey := refSubkeys(s, masterKey, aad, keyModifier)
		// forge seals padded as it is, without padding it.
		forge := func(padded []byte) []byte {
			ciphertext := bytes.Clone(padded)
			if len(padded)%16 == 0 {
				cipher.NewCBCEncrypter(refBlock(aesKey), iv).CryptBlocks(ciphertext, padded)
			}
			return slices.Concat(keyModifier, iv, ciphertext, refHMAC(refHash(s.Hash), macKey, iv, ciphertext))
		}
		for _, blocks := range []int{1, 2, 40} {
			for padding := range 256 {
				padded := bytes.Repeat([]byte{0xaa}, 16*blocks)
				if padding >= 1 && padding <= 16 {
					for i := range padding {
						padded[len(padded)-1-i] = byte(padding)
					}
					opened, err := box.Open(nil, forge(padded))
					if err != nil || !bytes.Equal(opened, padded[:len(padded)-padding]) {
						t.Fatalf("%d blocks, good padding %d: %x, %v", blocks, padding, opened, err)
					}
					if padding == 1 {
						continue // no further byte to spoil
					}
					for i := 2; i <= padding; i++ {
						spoiled := bytes.Clone(padded)
						spoiled[len(padded)-i] ^= 0x40
						refuse(t, box, forge(spoiled), "%d blocks, padding %d, byte %d of it spoiled", blocks, padding, i)
					}
					continue
				}
				padded[len(padded)-1] = byte(padding)
				refuse(t, box, forge(padded), "%d blocks, padding %d", blocks, padding)
			}
		}
		refuse(t, box, forge(nil), "no block at all under a good tag")
		for n := 1; n < 16; n++ {
			refuse(t, box, forge(sequence(16+n)), "a block and %d bytes under a good tag", n)
		}
	})
}
