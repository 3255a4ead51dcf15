package protector_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

// Protectors serve while keys come and go under them: whatever was protected
// opens, or its key has been revoked meanwhile.
func TestServingWhileTheRingChanges(t *testing.T) {
	ring := openRing(t, xmlrepo.NewMemory(), keyring.Options{})
	p := protector.New(ring, protector.Options{ApplicationName: "app"}).CreateProtector("p")
	ctx, stop := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	for i := range 4 {
		serving.Go(func() {
			var earlier []string
			for n := 0; ctx.Err() == nil; n++ {
				text := fmt.Sprintf("%d of %d", n, i)
				payload, err := p.ProtectString(t.Context(), text)
				if err != nil {
					t.Error(err)
					return
				}
				if n%16 == 0 {
					earlier = append(earlier, payload)
				}
				got, err := p.UnprotectString(t.Context(), payload)
				if got != text && !errors.Is(err, keyring.ErrKeyRevoked) {
					t.Errorf("%q, %v", got, err)
				}
				if _, err := p.UnprotectString(t.Context(), earlier[n%len(earlier)]); err != nil && !errors.Is(err, keyring.ErrKeyRevoked) {
					t.Error(err)
				}
				if _, _, err := p.TimeLimited().UnprotectString(t.Context(), payload); err == nil {
					t.Error("another purpose opened")
				}
			}
		})
	}
	manager := ring.Manager()
	for i := range 25 {
		k := createKey(t, ring)
		if err := ring.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
		if i%3 == 0 {
			if _, err := manager.RevokeKey(t.Context(), k.ID, ""); err != nil {
				t.Error(err)
			}
		}
	}
	stop()
	serving.Wait()
}
