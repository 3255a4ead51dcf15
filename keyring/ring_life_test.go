package keyring_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dataprotection.example/keyring"
)

const day = 24 * time.Hour

// The successor is made within the days before the expiration, activates at
// it, and protects from then on, without anybody asking.
func TestRollover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		r := open(t, store, keyring.Options{})
		first := store.keys(t)[0]
		time.Sleep(86 * day)
		if n := len(store.keys(t)); n != 1 {
			t.Fatalf("%d keys four days before the expiration", n)
		}
		time.Sleep(2 * day)
		keys := store.keys(t)
		if len(keys) != 2 {
			t.Fatalf("%d keys two days before the expiration", len(keys))
		}
		second := keys[1]
		if !second.ActivationDate.Equal(first.ExpirationDate) {
			t.Errorf("the successor activates at %v, the first key expires at %v", second.ActivationDate, first.ExpirationDate)
		}
		time.Sleep(time.Until(first.ExpirationDate) - 6*time.Minute)
		if got := defaultID(t, r); got != first.ID {
			t.Error("the successor protects before its time")
		}
		time.Sleep(6 * time.Minute)
		if got := defaultID(t, r); got != second.ID {
			t.Error("the successor does not protect")
		}
		if n := len(store.keys(t)); n != 2 {
			t.Errorf("%d keys", n)
		}
	})
}

// A key made elsewhere protects from its activation, not from the next daily
// refresh.
func TestActivationInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		r := open(t, store, keyring.Options{})
		k, err := store.elsewhere(t).CreateKey(t.Context(), keyring.NewKeyOptions{Activation: time.Now().Add(48 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Hour) // one refresh
		if defaultID(t, r) == k.ID {
			t.Fatal("protects too early")
		}
		time.Sleep(23*time.Hour - 4*time.Minute) // the skew is 5 min
		if defaultID(t, r) != k.ID {
			t.Error("does not protect although its activation is due")
		}
	})
}

func TestAFailingStoreMakesNoKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		r := open(t, store, keyring.Options{})
		first := defaultID(t, r)
		for _, fail := range []func(*farmStore){
			func(s *farmStore) { s.readErr = errStoreDown },
			func(s *farmStore) { s.readErr, s.empty = nil, true },
		} {
			store.set(fail)
			if err := r.Refresh(t.Context()); err == nil {
				t.Error("the refresh succeeded")
			}
			time.Sleep(120 * day) // far beyond the expiration
			if got := defaultID(t, r); got != first {
				t.Error("another key protects")
			}
			if h := r.Health(); h.Err == nil {
				t.Errorf("health %+v", h)
			}
			if n := len(store.keys(t)); n != 1 {
				t.Fatalf("%d keys: one was made because the store failed", n)
			}
		}
		store.set(func(s *farmStore) { s.empty = false })
		time.Sleep(3 * time.Minute) // the longest pause between attempts is 2
		if h := r.Health(); h.Err != nil {
			t.Errorf("health %+v", h)
		}
		if got := defaultID(t, r); got == first || len(store.keys(t)) != 2 {
			t.Error("the expired key has no successor after the store came back")
		}
	})
}

// An attempt every two minutes at most, so that a broken store is not stormed.
func TestRetriesBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		r := open(t, store, keyring.Options{})
		store.set(func(s *farmStore) { s.readErr = errStoreDown })
		before, _ := store.counts()
		_ = r.Refresh(t.Context())
		time.Sleep(time.Hour)
		after, _ := store.counts()
		if n := after - before; n < 30 || n > 50 {
			t.Errorf("%d attempts in an hour", n)
		}
	})
}

func TestARevocationIsNeverForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		r := open(t, store, keyring.Options{})
		k := store.keys(t)[0]
		result, err := store.elsewhere(t).RevokeKey(t.Context(), k.ID, "stolen")
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		store.set(func(s *farmStore) { s.hidden[result.Names[0]] = true })
		if err := r.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, _ := r.Snapshot().Key(k.ID)
		if !got.Revoked || got.RevocationReason != "stolen" {
			t.Errorf("the key is %+v after its revocation vanished", got)
		}
		if defaultID(t, r) == k.ID {
			t.Error("the revoked key protects")
		}
	})
}

func TestTheRingsOwnWritesShowAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, newFarmStore(), keyring.Options{})
		time.Sleep(time.Second) // or two activations would be equal, and the ids decide
		k, err := r.Manager().CreateKey(t.Context(), keyring.NewKeyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if defaultID(t, r) != k.ID {
			t.Error("a key made through the ring does not protect")
		}
		if _, err := r.Manager().RevokeAllKeys(t.Context(), time.Time{}, ""); err != nil {
			t.Fatal(err)
		}
		for _, k := range r.Snapshot().Keys() {
			if !k.Revoked && k.ID != defaultID(t, r) {
				t.Errorf("key %v is not revoked", k.ID)
			}
		}
	})
}

// A mass revocation by a node whose clock is ahead must not revoke the key
// that replaces the revoked ones.
func TestGenerationUnderAMassRevocationInTheFuture(t *testing.T) {
	for _, test := range []struct {
		ahead time.Duration
		ready bool
	}{{4 * time.Minute, true}, {6 * time.Minute, false}} {
		synctest.Test(t, func(t *testing.T) {
			store := newFarmStore()
			r := open(t, store, keyring.Options{})
			date := time.Now().Add(test.ahead)
			if _, err := store.elsewhere(t).RevokeAllKeys(t.Context(), date, ""); err != nil {
				t.Fatal(err)
			}
			err := r.Refresh(t.Context())
			h := r.Health()
			if h.Ready != test.ready || (err == nil) != test.ready {
				t.Fatalf("%v ahead: error %v, health %+v", test.ahead, err, h)
			}
			if !test.ready {
				var at *keyring.ElementError
				if !errors.As(err, &at) || len(store.keys(t)) != 1 {
					t.Errorf("error %v, %d keys", err, len(store.keys(t)))
				}
				return
			}
			k, _ := r.Snapshot().DefaultKey()
			if want := date.UTC().Truncate(100).Add(100); !k.CreationDate.Equal(want) {
				t.Errorf("created %v, want %v", k.CreationDate, want)
			}
		})
	}
}

func TestCloseEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, newFarmStore(), keyring.Options{})
		waiting := make(chan error)
		go func() {
			_, _, err := r.WaitForKey(t.Context(), [16]byte{1})
			waiting <- err
		}()
		r.Close()
		r.Close()
		if err := <-waiting; !errors.Is(err, keyring.ErrKeyNotFound) {
			t.Errorf("a waiter got %v", err)
		}
		if err := r.Refresh(t.Context()); err == nil {
			t.Error("a closed ring refreshes")
		}
		if _, err := r.Snapshot().DefaultKey(); err != nil {
			t.Error(err)
		}
	}) // and synctest fails if a goroutine is left
}
