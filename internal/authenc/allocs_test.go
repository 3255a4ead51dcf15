//go:build !race

package authenc

import "testing"

// The race detector drops what goes into a pool, at random; hence not under it.

func TestAllocationsPerMessage(t *testing.T) {
	forEverySuite(t, func(t *testing.T, s Suite) {
		want := 1.0 // the AES key schedule
		if s.GCM {
			want = 2 // and the mode's object
		}
		box := newBox(t, s, sequence(64), sequence(114))
		for _, n := range []int{0, 256, 100_000} {
			plaintext, dst := make([]byte, n), make([]byte, 0, s.SealedLen(n))
			sealed, err := box.Seal(nil, plaintext)
			if err != nil {
				t.Fatal(err)
			}
			if got := testing.AllocsPerRun(100, func() { box.Seal(dst, plaintext) }); got > want {
				t.Errorf("Seal of %d bytes allocates %v times, want %v", n, got, want)
			}
			if got := testing.AllocsPerRun(100, func() { box.Open(dst, sealed) }); got > want {
				t.Errorf("Open of %d bytes allocates %v times, want %v", n, got, want)
			}
			if got := testing.AllocsPerRun(100, func() { box.Seal(nil, plaintext) }); got > want+1 {
				t.Errorf("Seal of %d bytes into nil allocates %v times, want %v", n, got, want+1)
			}
		}
	})
}
