package keyring_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dataprotection.example/keyring"
)

// A successor that is known takes over at its activation, whatever the store
// does: what is protected then outlives the expired key.
func TestTheSuccessorTakesOverDuringAnOutage(t *testing.T) {
	for name, fail := range map[string]func(*farmStore){
		"down":    func(s *farmStore) { s.readErr = errStoreDown },
		"emptied": func(s *farmStore) { s.empty = true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newFarmStore()
				var seen events
				r := open(t, store, keyring.Options{OnEvent: seen.add})
				time.Sleep(89 * day)
				keys := store.keys(t)
				if len(keys) != 2 || defaultID(t, r) != keys[0].ID {
					t.Fatalf("%d keys, %v protects", len(keys), defaultID(t, r))
				}
				store.set(fail)
				_ = r.Refresh(t.Context())
				taken := r.Snapshot().TakenAt()
				seen.take()
				time.Sleep(time.Until(keys[0].ExpirationDate) - time.Minute)
				if got := seen.take(); got != "default.changed" {
					t.Errorf("it told of %q", got)
				}
				k, body := seal(t, r)
				if k.ID != keys[1].ID || r.Snapshot().Fallback() {
					t.Errorf("key %v protects, want the successor", k.ID)
				}
				if h := r.Health(); !h.Ready || !h.TakenAt.Equal(taken) || !r.Snapshot().TakenAt().Equal(taken) {
					t.Errorf("the store was last read at %v; health %+v", taken, h)
				}
				time.Sleep(day)
				if _, err := store.elsewhere(t).DeleteKeys(t.Context(), func(keyring.Key) bool { return true }, keyring.DeleteOptions{}); err != nil {
					t.Fatal(err)
				}
				store.set(func(s *farmStore) { s.readErr, s.empty = nil, false })
				if err := r.Refresh(t.Context()); err != nil {
					t.Fatal(err)
				}
				if keys := store.keys(t); len(keys) != 1 {
					t.Fatalf("%d keys", len(keys))
				}
				unseal(t, r, k, body)
			})
		})
	}
}

// Where no better key is known, the one that protects goes on beyond its
// expiration, be it that the store cannot be read or takes nothing.
func TestTheExpiredKeyGoesOnForWantOfABetterOne(t *testing.T) {
	for name, fail := range map[string]func(*farmStore){
		"unreadable": func(s *farmStore) { s.readErr = errStoreDown },
		"full":       func(s *farmStore) { s.writeErr = errStoreDown },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newFarmStore()
				var seen events
				r := open(t, store, keyring.Options{OnEvent: seen.add})
				first := defaultID(t, r)
				time.Sleep(80 * day)
				store.set(fail)
				time.Sleep(9 * day)
				seen.take()
				for range 1000 { // attempts to do better
					time.Sleep(7 * time.Minute)
					if got := defaultID(t, r); got != first {
						t.Fatalf("key %v protects", got)
					}
				}
				if h := r.Health(); !h.Ready || !errors.Is(h.Err, errStoreDown) || !found(h, keyring.CodeFallbackKey) || found(h, keyring.CodeNoDefaultKey) {
					t.Errorf("health %+v", h)
				}
				if got := seen.take(); got != "" {
					t.Errorf("it told of %q", got)
				}
				store.set(func(s *farmStore) { s.readErr, s.writeErr = nil, nil })
				time.Sleep(3 * time.Minute)
				if keys := store.keys(t); len(keys) != 2 || defaultID(t, r) != keys[1].ID {
					t.Errorf("%d keys after the outage, %v protects", len(keys), defaultID(t, r))
				}
			})
		})
	}
}

// .NET's fallback may be an expired key although another one fits.
func TestAKeyThatHasNotExpiredIsTheBetterFallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		now := time.Now()
		create(t, store.elsewhere(t), keyring.NewKeyOptions{Activation: now.Add(-2 * day), Expiration: now.Add(-day)})
		time.Sleep(time.Second)
		current := create(t, store.elsewhere(t), keyring.NewKeyOptions{})
		later := create(t, store.elsewhere(t), keyring.NewKeyOptions{Activation: now.Add(day)})
		r := open(t, store, keyring.Options{})
		if _, err := store.elsewhere(t).RevokeKey(t.Context(), current.ID, ""); err != nil {
			t.Fatal(err)
		}
		store.set(func(s *farmStore) { s.writeErr = errStoreDown })
		if err := r.Refresh(t.Context()); !errors.Is(err, errStoreDown) {
			t.Fatal(err)
		}
		if got := defaultID(t, r); got != later.ID || !r.Snapshot().Fallback() {
			t.Errorf("key %v protects, want %v", got, later.ID)
		}
		for _, f := range r.Health().Findings {
			if f.Code == keyring.CodeFallbackKey && f.File != later.ElementName {
				t.Errorf("found %+v", f)
			}
		}
	})
}

// A ring that fails to make a key obeys what it has read while it tried.
func TestARevocationReadBeforeAFailedGenerationIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		spare := create(t, store.elsewhere(t), keyring.NewKeyOptions{})
		time.Sleep(time.Second)
		current := create(t, store.elsewhere(t), keyring.NewKeyOptions{})
		r := open(t, store, keyring.Options{GenerationDelay: time.Hour})
		revoke := func(k keyring.Key) {
			t.Helper()
			if _, err := store.elsewhere(t).RevokeKey(context.WithoutCancel(t.Context()), k.ID, ""); err != nil {
				t.Error(err)
			}
		}
		revoke(current)
		store.set(func(s *farmStore) { s.writeErr = errStoreDown })
		go func() {
			time.Sleep(time.Nanosecond) // the ring waits at random before its second look
			revoke(spare)
		}()
		if err := r.Refresh(t.Context()); !errors.Is(err, errStoreDown) {
			t.Fatal(err)
		}
		if k, err := r.Snapshot().DefaultKey(); !errors.Is(err, keyring.ErrNoDefaultKey) {
			t.Errorf("key %v protects, %v", k.ID, err)
		}
		if k, _ := r.Snapshot().Key(spare.ID); !k.Revoked {
			t.Error("the revocation is not obeyed")
		}
	})
}
