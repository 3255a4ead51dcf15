//go:build !race

package protector_test

import (
	"context"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

// The race detector drops what goes into a pool, at random; hence not under it.

func TestAllocationsPerCall(t *testing.T) {
	ctx := context.Background()
	for _, a := range algorithms {
		t.Run(algorithmsName(a), func(t *testing.T) {
			want := 1.0 // the AES key schedule
			if a.Encryption.GCM() {
				want = 2 // and the mode's object
			}
			ring := openRing(t, xmlrepo.NewMemory(), keyring.Options{Algorithms: a})
			p := protector.New(ring, protector.Options{}).CreateProtector("p", "q")
			text := strings.Repeat("x", 256)
			plaintext, dst := []byte(text), make([]byte, 0, 1024)
			payload := protect(t, p, text)
			encoded, err := p.ProtectString(ctx, text)
			if err != nil {
				t.Fatal(err)
			}
			old := protect(t, p, text)
			createKey(t, ring)
			for what, test := range map[string]struct {
				most float64
				f    func() error
			}{
				"AppendProtect":                   {want, func() error { return second(p.AppendProtect(ctx, dst, plaintext)) }},
				"AppendUnprotect":                 {want, func() error { return second(p.AppendUnprotect(ctx, dst, payload)) }},
				"AppendUnprotect, the former key": {want, func() error { return second(p.AppendUnprotect(ctx, dst, old)) }},
				"Protect":                         {want + 1, func() error { return second(p.Protect(ctx, plaintext)) }},
				"Unprotect":                       {want + 1, func() error { return second(p.Unprotect(ctx, payload)) }},
				"ProtectString":                   {want + 1, func() error { return second(p.ProtectString(ctx, text)) }},
				"UnprotectString":                 {want + 1, func() error { return second(p.UnprotectString(ctx, encoded)) }},
			} {
				if got := testing.AllocsPerRun(100, func() {
					if err := test.f(); err != nil {
						t.Error(err)
					}
				}); got > test.most {
					t.Errorf("%s allocates %v times, want %v", what, got, test.most)
				}
			}
		})
	}
}
