package authenc

import (
	"bytes"
	"crypto/fips140"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// forEverySuite runs a subtest a suite; strict FIPS mode has no SHA-1.
func forEverySuite(t *testing.T, f func(t *testing.T, s Suite)) {
	for _, s := range allSuites() {
		if s.Hash == SHA1 && fips140.Enforced() {
			continue
		}
		t.Run(suiteName(s), func(t *testing.T) { f(t, s) })
	}
}

// bytesUpTo draws 0 to n bytes, often a number near a multiple of a block.
func bytesUpTo(n int) *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		size := rapid.OneOf(
			rapid.IntRange(0, n),
			rapid.Map(rapid.IntRange(0, n/16), func(i int) int { return 16 * i }),
			rapid.Map(rapid.IntRange(1, n/16), func(i int) int { return 16*i - 1 }),
		).Draw(t, "size")
		return rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "bytes")
	})
}

func exactly(n int) *rapid.Generator[[]byte] { return rapid.SliceOfN(rapid.Byte(), n, n) }

func TestSealAndOpenAgreeWithTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(allSuites()).Draw(t, "suite")
		masterKey := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "masterKey")
		aad := bytesUpTo(400).Draw(t, "aad")
		plaintext := bytesUpTo(400).Draw(t, "plaintext")
		keyModifier := exactly(16).Draw(t, "keyModifier")
		iv := exactly(s.ivSize()).Draw(t, "iv")
		prefix := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "prefix")
		spare := rapid.IntRange(0, 600).Draw(t, "spare")

		k, err := NewKey(s, masterKey)
		if err != nil {
			t.Fatal(err)
		}
		box := k.Bind(aad)
		want := refSeal(s, masterKey, aad, plaintext, keyModifier, iv)
		sealed, err := box.seal(slices.Grow(bytes.Clone(prefix), spare), plaintext, keyModifier, iv)
		if err != nil || !bytes.Equal(sealed, append(bytes.Clone(prefix), want...)) {
			t.Fatalf("sealed %x, %v\n  want %x behind %x", sealed, err, want, prefix)
		}
		opened, err := box.Open(slices.Grow(bytes.Clone(prefix), spare), want)
		if err != nil || !bytes.Equal(opened, append(bytes.Clone(prefix), plaintext...)) {
			t.Fatalf("opened %x, %v\n  want %x behind %x", opened, err, plaintext, prefix)
		}
	})
}

// TestRoundTrip runs in strict FIPS mode too, so it leaves the reference out.
func TestRoundTrip(t *testing.T) {
	forEverySuite(t, func(t *testing.T, s Suite) {
		k, err := NewKey(s, sequence(64))
		if err != nil {
			t.Fatal(err)
		}
		box := k.Bind([]byte("data"))
		var modifiers, ivs [][]byte
		for n := range 100 {
			plaintext := sequence(n)
			sealed, err := box.Seal(nil, plaintext)
			if err != nil || len(sealed) != s.SealedLen(n) {
				t.Fatalf("%d bytes are sealed into %d, %v; want %d", n, len(sealed), err, s.SealedLen(n))
			}
			opened, err := box.Open(nil, sealed)
			if err != nil || !bytes.Equal(opened, plaintext) {
				t.Fatalf("opened %x, %v; want %x", opened, err, plaintext)
			}
			for _, other := range []*Box{k.Bind(nil), k.Bind([]byte("Data")), newBox(t, s, sequence(63), []byte("data"))} {
				if opened, err := other.Open(nil, sealed); err != ErrOpen || opened != nil {
					t.Fatalf("another box opens it: %x, %v", opened, err)
				}
			}
			modifiers = append(modifiers, sealed[:16])
			ivs = append(ivs, sealed[16:16+s.ivSize()])
		}
		for what, drawn := range map[string][][]byte{"key modifiers": modifiers, "IVs": ivs} {
			slices.SortFunc(drawn, bytes.Compare)
			if n := len(slices.CompactFunc(drawn, bytes.Equal)); n != 100 {
				t.Errorf("100 messages have %d different %s", n, what)
			}
		}
	})
}

func TestNewKeyRefusesAnEmptyMasterKey(t *testing.T) {
	for _, masterKey := range [][]byte{nil, {}} {
		if k, err := NewKey(Suite{KeySize: 32, GCM: true}, masterKey); err == nil || k != nil {
			t.Errorf("NewKey accepts %v", masterKey)
		}
	}
}

func TestKeyAndBoxKeepNoReferenceToTheirArguments(t *testing.T) {
	forEverySuite(t, func(t *testing.T, s Suite) {
		masterKey, aad := sequence(64), sequence(20)
		k, err := NewKey(s, masterKey)
		if err != nil {
			t.Fatal(err)
		}
		clear(masterKey)
		box := k.Bind(aad)
		clear(aad)
		sealed, err := box.Seal(nil, []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := newBox(t, s, sequence(64), sequence(20)).Open(nil, sealed); err != nil {
			t.Errorf("a box of the same key and data does not open it: %v", err)
		}
	})
}

func TestRoomInDstIsUsed(t *testing.T) {
	forEverySuite(t, func(t *testing.T, s Suite) {
		box := newBox(t, s, sequence(64), nil)
		for _, n := range []int{0, 1, 15, 16, 17, 256, 5000} {
			const head = 3
			sealBuf := make([]byte, head, head+s.SealedLen(n))
			sealed, err := box.Seal(sealBuf, sequence(n))
			if err != nil || &sealed[0] != &sealBuf[0] || len(sealed) != cap(sealBuf) {
				t.Errorf("%d bytes: Seal left a buffer of exactly the right size, %v", n, err)
			}
			openBuf := make([]byte, head, head+n)
			opened, err := box.Open(openBuf, sealed[head:])
			if err != nil || &opened[0] != &openBuf[0] || len(opened) != cap(openBuf) {
				t.Errorf("%d bytes: Open left a buffer of exactly the right size, %v", n, err)
			}
		}
	})
}

func TestOneBoxServesManyGoroutines(t *testing.T) {
	forEverySuite(t, func(t *testing.T, s Suite) {
		k, err := NewKey(s, sequence(64))
		if err != nil {
			t.Fatal(err)
		}
		boxes := []*Box{k.Bind(nil), k.Bind([]byte("a")), k.Bind([]byte("b"))}
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				random := rand.New(rand.NewPCG(1, uint64(g)))
				for range 60 {
					i := random.IntN(len(boxes))
					plaintext := bytes.Repeat([]byte{byte(g)}, random.IntN(600))
					sealed, err := boxes[i].Seal(nil, plaintext)
					if err != nil {
						t.Errorf("Seal: %v", err)
						return
					}
					opened, err := boxes[i].Open(nil, sealed)
					if err != nil || !bytes.Equal(opened, plaintext) {
						t.Errorf("Open: %x, %v; want %x", opened, err, plaintext)
					}
					if _, err := boxes[(i+1)%len(boxes)].Open(nil, sealed); err != ErrOpen {
						t.Errorf("the next box: %v", err)
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestErrOpenSaysNothing(t *testing.T) {
	for _, word := range []string{"tag", "mac", "padding", "length", "short"} {
		if strings.Contains(strings.ToLower(ErrOpen.Error()), word) {
			t.Errorf("ErrOpen names a cause: %v", ErrOpen)
		}
	}
	if errors.Unwrap(ErrOpen) != nil {
		t.Errorf("ErrOpen wraps a cause: %v", errors.Unwrap(ErrOpen))
	}
}

func TestWorkingMemoryIsReturnedEmpty(t *testing.T) {
	forEverySuite(t, func(t *testing.T, s Suite) {
		k, err := NewKey(s, sequence(64))
		if err != nil {
			t.Fatal(err)
		}
		box := k.Bind([]byte("data"))
		used := k.borrow()
		subkeys := used.deriver.derive(k.kdf, box.prefixes, sequence(16), s.subkeysSize())
		if bytes.Equal(subkeys, make([]byte, len(subkeys))) {
			t.Fatal("nothing was derived")
		}
		if !s.GCM {
			used.mac.appendTag(used.tag[:0], subkeys[s.KeySize:], sequence(50))
		}
		copy(used.last[:], "plaintext")
		k.giveBack(used)
		for what, memory := range map[string][]byte{
			"sub-keys": used.deriver.subkeys[:], "derivation": used.deriver.sum[:],
			"pad": used.mac.pad[:], "digest": used.mac.sum[:], "tag": used.tag[:], "last block": used.last[:],
		} {
			if !bytes.Equal(memory, make([]byte, len(memory))) {
				t.Errorf("%s are left: %x", what, memory)
			}
		}
		state := func(h any) string {
			return fmt.Sprint(h.(interface{ MarshalBinary() ([]byte, error) }).MarshalBinary())
		}
		if state(used.deriver.hash) != state(newResumableSHA512()) {
			t.Error("the derivation's hash keeps a state")
		}
		if !s.GCM && state(used.mac.hash) != state(s.Hash.new()) {
			t.Error("the tag's hash keeps a state")
		}
	})
}
