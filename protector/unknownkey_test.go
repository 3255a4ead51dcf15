package protector_test

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

// unwatched is a store that tells nobody of changes.
type unwatched struct{ xmlrepo.Repository }

// A flood of random ids must not delay the payload of a key that another process
// has just made, beyond the second that lies between two looks at the store.
func TestFloodOfUnknownKeys(t *testing.T) {
	needsBubble(t)
	synctest.Test(t, func(t *testing.T) {
		store := xmlrepo.NewMemory()
		ring := openRing(t, unwatched{store}, keyring.Options{UnknownKeyWait: 2 * time.Second})
		p := protector.New(ring, protector.Options{}).CreateProtector("p")
		sample := protect(t, p, "x")

		ctx, stop := context.WithCancel(t.Context())
		var flood sync.WaitGroup
		for range 50 {
			flood.Go(func() {
				forged := append([]byte(nil), sample...)
				for ctx.Err() == nil {
					rand.Read(forged[4:20])
					if _, err := p.Unprotect(ctx, forged); !errors.Is(err, keyring.ErrKeyNotFound) && ctx.Err() == nil {
						t.Errorf("forged: %v", err)
					}
					time.Sleep(10 * time.Millisecond)
				}
			})
		}

		time.Sleep(300 * time.Millisecond)
		elsewhere := openRing(t, store, keyring.Options{})
		key := createKey(t, elsewhere)
		payload := protect(t, protector.New(elsewhere, protector.Options{}).CreateProtector("p"), "the first")
		if keyOf(t, payload) != key.ID {
			t.Fatal("the new key does not protect")
		}
		start := time.Now()
		wantOpens(t, p, payload, "the first")
		if waited := time.Since(start); waited > 1100*time.Millisecond {
			t.Errorf("opened after %v", waited)
		}
		stop()
		flood.Wait()

		// Known by now, it waits no more; and it is what this ring protects with.
		start = time.Now()
		if u, err := p.UnprotectDetails(t.Context(), payload); err != nil || u.RequiresMigration || time.Since(start) != 0 {
			t.Errorf("%+v, %v after %v", u, err, time.Since(start))
		}
	})
}

func TestUnknownKeyEndsWithTheContext(t *testing.T) {
	needsBubble(t)
	synctest.Test(t, func(t *testing.T) {
		ring := openRing(t, xmlrepo.NewMemory(), keyring.Options{UnknownKeyWait: time.Minute})
		p := protector.New(ring, protector.Options{}).CreateProtector("p")
		payload := protect(t, p, "x")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantOpens(t, p, payload, "x")
		if _, err := p.Unprotect(ctx, payload); err != nil {
			t.Errorf("a known key needs no wait: %v", err)
		}
		payload[5]++
		if _, err := p.Unprotect(ctx, payload); !errors.Is(err, context.Canceled) || errors.Is(err, protector.ErrInvalidPayload) {
			t.Errorf("%v", err)
		}
	})
}
