package keyring_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
)

func TestUnknownKeyIsLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		r := open(t, store, keyring.Options{})
		k, err := store.elsewhere(t).CreateKey(t.Context(), keyring.NewKeyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got, s, err := r.WaitForKey(t.Context(), k.ID)
		if err != nil || got.ID != k.ID || s != r.Snapshot() {
			t.Errorf("key %v, error %v", got.ID, err)
		}
	})
}

func TestUnknownKeyIsRememberedAsAbsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		r := open(t, store, keyring.Options{})
		id := uuid.New()
		for i := range 3 {
			start := time.Now()
			if _, _, err := r.WaitForKey(t.Context(), id); !errors.Is(err, keyring.ErrKeyNotFound) {
				t.Errorf("error %v", err)
			}
			if waited := time.Since(start); i > 0 && waited != 0 {
				t.Errorf("waited %v for an id known to be absent", waited)
			}
		}
		time.Sleep(5 * time.Second)
		before, _ := store.counts()
		_, _, _ = r.WaitForKey(t.Context(), id)
		if after, _ := store.counts(); after == before {
			t.Error("the id is still believed to be absent after 5 s")
		}
	})
}

// A flood of ids costs a read a second, and delays a good one no longer than
// that.
func TestFloodOfUnknownKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		r := open(t, store, keyring.Options{})
		before, _ := store.counts()
		ctx, stop := context.WithCancel(t.Context())
		var flood sync.WaitGroup
		for range 100 {
			flood.Go(func() {
				for ctx.Err() == nil {
					_, _, _ = r.WaitForKey(ctx, uuid.New())
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
		time.Sleep(300 * time.Millisecond)
		k, err := store.elsewhere(t).CreateKey(t.Context(), keyring.NewKeyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, _, err := r.WaitForKey(t.Context(), k.ID); err != nil {
			t.Errorf("error %v after %v", err, time.Since(start))
		}
		time.Sleep(10 * time.Second)
		stop()
		flood.Wait()
		after, _ := store.counts()
		if n := after - before; n < 10 || n > 12 {
			t.Errorf("%d reads in 10 s of flood", n)
		}
	})
}

func TestTooManyWaitersAreTurnedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		r := open(t, store, keyring.Options{})
		_, _, _ = r.WaitForKey(t.Context(), uuid.New()) // closes the gate for a second
		var at atomic.Int64
		var waiters sync.WaitGroup
		for range 1500 {
			waiters.Go(func() {
				start := time.Now()
				_, _, err := r.WaitForKey(t.Context(), uuid.New())
				if !errors.Is(err, keyring.ErrKeyNotFound) {
					t.Error(err)
				}
				if time.Since(start) == 0 {
					at.Add(1)
				}
			})
		}
		waiters.Wait()
		if n := at.Load(); n != 500 {
			t.Errorf("%d of 1500 were turned away at once, want 500", n)
		}
	})
}

func TestUnknownKeyWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		r := open(t, store, keyring.Options{UnknownKeyWait: 300 * time.Millisecond})
		_, _, _ = r.WaitForKey(t.Context(), uuid.New())
		start := time.Now()
		_, _, err := r.WaitForKey(t.Context(), uuid.New())
		if took := time.Since(start); took != 300*time.Millisecond || !errors.Is(err, keyring.ErrKeyNotFound) {
			t.Errorf("error %v after %v", err, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, _, err := r.WaitForKey(ctx, uuid.New()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}
