package protector_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

// forEachMode runs f for a ring with CBC keys and one with GCM keys.
func forEachMode(t *testing.T, f func(t *testing.T, ring *keyring.Ring, p *protector.Protector)) {
	for _, a := range []keyring.Algorithms{{}, {Encryption: keyring.AES_256_GCM}} {
		t.Run(fmt.Sprint(a.Encryption.GCM()), func(t *testing.T) {
			ring := openRing(t, xmlrepo.NewMemory(), keyring.Options{Algorithms: a})
			f(t, ring, protector.New(ring, protector.Options{}).CreateProtector("p"))
		})
	}
}

func TestEveryAlteredByteIsNoticed(t *testing.T) {
	forEachMode(t, func(t *testing.T, _ *keyring.Ring, p *protector.Protector) {
		payload := protect(t, p, "attack at dawn, by the northern gate")
		for i := range payload {
			for _, flip := range []byte{0x01, 0x80, 0xff} {
				want := protector.ErrInvalidPayload
				if i >= 4 && i < 20 {
					want = keyring.ErrKeyNotFound
				}
				payload[i] ^= flip
				_, err := p.Unprotect(t.Context(), payload)
				payload[i] ^= flip
				if !errors.Is(err, want) {
					t.Errorf("byte %d ^ %#x: %v", i, flip, err)
				}
			}
		}
		wantOpens(t, p, payload, "attack at dawn, by the northern gate")
	})
}

func TestEveryOtherLengthIsNoticed(t *testing.T) {
	forEachMode(t, func(t *testing.T, _ *keyring.Ring, p *protector.Protector) {
		payload := protect(t, p, "attack at dawn, by the northern gate")
		for n := range payload {
			wantRefused(t, p, payload[:n], protector.ErrInvalidPayload)
		}
		for n := 1; n <= 32; n++ {
			wantRefused(t, p, append(payload[:len(payload):len(payload)], make([]byte, n)...), protector.ErrInvalidPayload)
		}
		for n := 1; n < 20; n++ {
			wantRefused(t, p, payload[n:], protector.ErrInvalidPayload)
		}
		wantRefused(t, p, nil, protector.ErrInvalidPayload)
	})
}

// A newer version of the format is not to be told from a forgery.
func TestHeaders(t *testing.T) {
	p := newProvider(t, "").CreateProtector("p")
	payload := protect(t, p, "x")
	for version := byte(1); version < 16; version++ {
		payload[3] = 0xf0 | version
		if _, err := p.Unprotect(t.Context(), payload); err != protector.ErrInvalidPayload {
			t.Errorf("version %d: %v", version, err)
		}
		if _, _, err := protector.ParsePayload(payload); err != protector.ErrInvalidPayload {
			t.Errorf("version %d: parsed, %v", version, err)
		}
	}
}

// What goes wrong with a payload's bytes is one error, not one that wraps it.
func TestInvalidPayloadsLookTheSame(t *testing.T) {
	forEachMode(t, func(t *testing.T, _ *keyring.Ring, p *protector.Protector) {
		payload := protect(t, p, "x")
		tag, iv := append([]byte(nil), payload...), append([]byte(nil), payload...)
		tag[len(tag)-1] ^= 1
		iv[40] ^= 1
		for what, err := range map[string]error{
			"tag":     second(p.Unprotect(t.Context(), tag)),
			"IV":      second(p.Unprotect(t.Context(), iv)),
			"cut":     second(p.Unprotect(t.Context(), payload[:30])),
			"header":  second(p.Unprotect(t.Context(), []byte("x"))),
			"purpose": second(p.CreateProtector("q").Unprotect(t.Context(), payload)),
			"text":    second(p.UnprotectString(t.Context(), "!")),
			"limit":   second(p.TimeLimited().UnprotectDetails(t.Context(), payload)),
		} {
			if err != protector.ErrInvalidPayload {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

// A payload does not open under the id of another key.
func TestSwappedKeyIDs(t *testing.T) {
	forEachMode(t, func(t *testing.T, ring *keyring.Ring, p *protector.Protector) {
		first := protect(t, p, "first")
		createKey(t, ring)
		other := protect(t, p, "second")
		if [16]byte(first[4:20]) == [16]byte(other[4:20]) {
			t.Fatal("the new key does not protect")
		}
		swapped := append(append([]byte(nil), other[:20]...), first[20:]...)
		wantRefused(t, p, swapped, protector.ErrInvalidPayload)
		wantOpens(t, p, first, "first")
		wantOpens(t, p, other, "second")

		id, _, err := protector.ParsePayload(first)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ring.Manager().RevokeKey(t.Context(), id, "lost"); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, p, append(append([]byte(nil), first[:20]...), other[20:]...), keyring.ErrKeyRevoked)
	})
}

func TestErrorsNameTheKey(t *testing.T) {
	p := newProvider(t, "").CreateProtector("p")
	payload := protect(t, p, "x")
	clear(payload[4:20])
	_, err := p.Unprotect(t.Context(), payload)
	var typed *protector.Error
	if !errors.As(err, &typed) || typed.KeyID != uuid.Nil || !errors.Is(err, keyring.ErrKeyNotFound) {
		t.Errorf("%#v", err)
	}
	const want = "protector: key 00000000-0000-0000-0000-000000000000: the key was not found in the key ring"
	if err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}
