package keyring_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dataprotection.example/keyring"
)

func TestOpenMakesTheFirstKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		start := time.Now()
		r := open(t, store, keyring.Options{})
		if took := time.Since(start); took > time.Second {
			t.Errorf("the first start took %v", took)
		}
		keys := store.keys(t)
		if len(keys) != 1 {
			t.Fatalf("%d keys", len(keys))
		}
		k := keys[0]
		if got := defaultID(t, r); got != k.ID {
			t.Errorf("default %v, want %v", got, k.ID)
		}
		if life := k.ExpirationDate.Sub(k.ActivationDate); life != 90*24*time.Hour {
			t.Errorf("lifetime %v", life)
		}
		if h := r.Health(); !h.Ready || h.Err != nil || len(h.Findings) != 1 || h.Findings[0].Code != keyring.CodeUnencryptedKeys {
			t.Errorf("health %+v", h)
		}
	})
}

func TestOpenFailsOnAStoreThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		store.readErr = errStoreDown
		if _, err := keyring.Open(t.Context(), store, keyring.Options{}); !errors.Is(err, errStoreDown) {
			t.Errorf("error %v", err)
		}
		if _, writes := store.counts(); writes != 0 {
			t.Error("it wrote to a store that it could not read")
		}
	})
}

func TestOpenNamesABrokenRevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		store.put(t, "revocation-broken", `<revocation version="1"><revocationDate>soon</revocationDate><key id="*"/></revocation>`)
		_, err := keyring.Open(t.Context(), store, keyring.Options{})
		var at *keyring.ElementError
		if !errors.As(err, &at) || at.Name != "revocation-broken" {
			t.Errorf("error %v", err)
		}
	})
}

func TestOpenRequiringExistingKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		_, err := keyring.Open(t.Context(), store, keyring.Options{RequireExistingKeys: true})
		if err == nil || len(store.keys(t)) != 0 {
			t.Errorf("error %v, %d keys", err, len(store.keys(t)))
		}
		open(t, store, keyring.Options{})
		open(t, store, keyring.Options{RequireExistingKeys: true})
	})
}

func TestOpenWithoutGenerationWaitsForAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		r := open(t, store, keyring.Options{DisableAutomaticKeyGeneration: true})
		if _, err := r.Snapshot().DefaultKey(); !errors.Is(err, keyring.ErrNoDefaultKey) {
			t.Errorf("error %v", err)
		}
		if h := r.Health(); h.Ready || len(h.Findings) != 1 || h.Findings[0].Code != "no-default-key" {
			t.Errorf("health %+v", h)
		}
		k, err := store.elsewhere(t).CreateKey(t.Context(), keyring.NewKeyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := defaultID(t, r); got != k.ID || !r.Health().Ready {
			t.Errorf("default %v, want %v; health %+v", got, k.ID, r.Health())
		}
	})
}

// A node that may not write, with keys that are all expired, must still open
// what those keys protected.
func TestOpenWithKeysThatCannotBeRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		open(t, store, keyring.Options{}).Close()
		old := store.keys(t)[0]
		time.Sleep(200 * 24 * time.Hour)
		store.set(func(s *farmStore) { s.writeErr = errStoreDown })
		r := open(t, store, keyring.Options{})
		if _, ok := r.Snapshot().Key(old.ID); !ok {
			t.Error("the expired key is not there to unprotect with")
		}
		if _, err := r.Snapshot().DefaultKey(); !errors.Is(err, keyring.ErrNoDefaultKey) {
			t.Errorf("error %v", err)
		}
		if h := r.Health(); h.Ready || !errors.Is(h.Err, errStoreDown) {
			t.Errorf("health %+v", h)
		}
		// It keeps trying.
		store.set(func(s *farmStore) { s.writeErr = nil })
		time.Sleep(5 * time.Minute)
		if h := r.Health(); !h.Ready || h.Err != nil || len(store.keys(t)) != 2 {
			t.Errorf("health %+v, %d keys", h, len(store.keys(t)))
		}
	})
}

func TestOpenOnAnEmptyStoreThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		store.writeErr = errStoreDown
		if _, err := keyring.Open(t.Context(), store, keyring.Options{}); !errors.Is(err, errStoreDown) {
			t.Errorf("error %v", err)
		}
	})
}

func TestOpenRefusesContradictoryOptions(t *testing.T) {
	for name, opts := range map[string]keyring.Options{
		"short lifetime":      {NewKeyLifetime: 6 * 24 * time.Hour},
		"negative interval":   {RefreshInterval: -1},
		"GCM with validation": {Algorithms: keyring.Algorithms{Encryption: keyring.AES_256_GCM, Validation: keyring.HMACSHA256}},
		"SHA-1 for new keys":  {Algorithms: keyring.Algorithms{Validation: keyring.HMACSHA1}},
	} {
		t.Run(name, func(t *testing.T) {
			if r, err := keyring.Open(t.Context(), newFarmStore(), opts); err == nil {
				r.Close()
				t.Error("it opened")
			}
		})
	}
}

func TestOpenIsBoundedByItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := keyring.Open(ctx, newFarmStore(), keyring.Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

// slowWatch is a store whose watch takes a while to end.
type slowWatch struct {
	*farmStore
	ended atomic.Bool
}

func (s *slowWatch) Watch(ctx context.Context) (<-chan struct{}, error) {
	changes := make(chan struct{})
	context.AfterFunc(ctx, func() {
		time.Sleep(time.Second)
		s.ended.Store(true)
		close(changes)
	})
	return changes, nil
}

// Nothing that Open has begun outlives its failure.
func TestAFailedOpenLeavesNoWatch(t *testing.T) {
	for name, spoil := range map[string]func(*farmStore, context.CancelFunc){
		"the store is down": func(s *farmStore, _ context.CancelFunc) { s.readErr = errStoreDown },
		"interrupted":       func(_ *farmStore, cancel context.CancelFunc) { time.AfterFunc(time.Millisecond, cancel) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				store := &slowWatch{farmStore: newFarmStore()}
				spoil(store.farmStore, cancel)
				if _, err := keyring.Open(ctx, store, keyring.Options{GenerationDelay: time.Hour}); err == nil {
					t.Fatal("it opened")
				}
				if !store.ended.Load() {
					t.Error("the watch goes on")
				}
			})
		})
	}
}

// Nodes that start together look again after a random wait, so that most of
// them find the key of the first; all agree at the next read.
func TestFirstStartOfAFarm(t *testing.T) {
	made := 0
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			store := newFarmStore()
			store.writing = 20 * time.Millisecond
			rings := make([]*keyring.Ring, 20)
			opened := make(chan struct{})
			for i := range rings {
				go func() {
					defer func() { opened <- struct{}{} }()
					rings[i], _ = keyring.Open(context.WithoutCancel(t.Context()), store, keyring.Options{})
				}()
			}
			for range rings {
				<-opened
			}
			keys := len(store.keys(t))
			made += keys
			if keys > 5 {
				t.Errorf("%d keys at one first start", keys)
			}
			var agreed = map[any]bool{}
			for _, r := range rings {
				if err := r.Refresh(t.Context()); err != nil {
					t.Error(err)
				}
				agreed[defaultID(t, r)] = true
				r.Close()
			}
			if len(agreed) != 1 {
				t.Errorf("%d default keys after one refresh", len(agreed))
			}
		})
	}
	t.Logf("20 first starts of 20 nodes made %d keys", made)
}
