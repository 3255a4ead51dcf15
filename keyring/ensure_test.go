package keyring_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// alone is for managers whose store nobody else writes.
func alone(now time.Time) keyring.Options {
	return keyring.Options{Now: at(now), GenerationDelay: -1, AllowUnencryptedKeys: true}
}

func ensure(t rapid.TB, store xmlrepo.Repository, opts keyring.Options) keyring.EnsureResult {
	t.Helper()
	m, err := keyring.NewManager(store, opts)
	if err != nil {
		t.Fatal(err)
	}
	result, err := m.Ensure(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestEnsureThroughAYear: the first key at once, each successor three days before
// it is needed, nothing in between, and Due says so in advance.
func TestEnsureThroughAYear(t *testing.T) {
	store := xmlrepo.NewMemory()
	first := ensure(t, store, alone(noon))
	if first.Created == nil || first.Created.ID != first.Default.ID || !first.Default.ActivationDate.Equal(noon) {
		t.Fatalf("an empty ring: %+v", first)
	}
	if want := noon.Add(87*day + tick); !first.Due.Equal(want) || !first.Next.Equal(noon.Add(day)) {
		t.Errorf("due %v, next %v; want %v and a day", first.Due, first.Next, want)
	}
	made := 1
	due := first.Due
	for now := noon; now.Before(noon.Add(365 * day)); now = now.Add(day) {
		got := ensure(t, store, alone(now))
		if needed := !now.Before(due); (got.Created != nil) != needed {
			t.Fatalf("%v: made %v, due %v", now, got.Created, due)
		}
		if got.Created != nil {
			made++
			if lead := got.Created.ActivationDate.Sub(now); !got.Created.ActivationDate.Equal(got.Default.ExpirationDate) || lead < window {
				t.Errorf("%v: the successor activates in %v, the default expires %v", now, lead, got.Default.ExpirationDate)
			}
		}
		due = got.Due
	}
	if made != 5 {
		t.Errorf("%d keys in a year", made)
	}
}

func TestEnsureNext(t *testing.T) {
	for _, test := range []struct {
		name string
		left time.Duration // of the default key
		next time.Duration
	}{
		{"a young key", 90 * day, day},
		{"due in more than a day", 4*day + time.Hour, day},
		{"due within the day", 4*day - time.Hour, 23*time.Hour + tick},
	} {
		store := xmlrepo.NewMemory()
		create(t, newManager(t, store, alone(noon.Add(-day))), keyring.NewKeyOptions{Expiration: noon.Add(test.left)})
		if got := ensure(t, store, alone(noon)); got.Created != nil || got.Next.Sub(noon) != test.next {
			t.Errorf("%s: made %v, next in %v", test.name, got.Created, got.Next.Sub(noon))
		}
	}
}

// TestEnsureWhereNothingMayBeMade: a failure is never a reason for a key.
func TestEnsureWhereNothingMayBeMade(t *testing.T) {
	down := newFarmStore()
	down.readErr = errStoreDown
	unknown := strings.Replace(goodKeyXML, "AES_256_CBC", "AES_512_CBC", 1)
	for _, test := range []struct {
		name  string
		store xmlrepo.Repository
		opts  func(*keyring.Options)
		want  error
		says  string
	}{
		{name: "a store that cannot be read", store: down, want: errStoreDown},
		{name: "the preferred key is of no use", store: files(unknown), want: keyring.ErrNoDefaultKey, says: "AES_512_CBC"},
		{name: "a broken revocation", store: files(goodKeyXML, "<revocation />"), says: "doc-1"},
		{name: "no keys where there must be some", store: files(), want: keyring.ErrNoKeys,
			opts: func(o *keyring.Options) { o.RequireExistingKeys = true }},
	} {
		opts := alone(noon)
		if test.opts != nil {
			test.opts(&opts)
		}
		got, err := newManager(t, test.store, opts).Ensure(t.Context())
		if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) || got.Created != nil {
			t.Errorf("%s: %+v, %v", test.name, got, err)
		}
	}
}

// TestEnsureWithoutTheCertificate: while the dates need nothing, a key that only
// the nodes can open is as good as any; then nothing in clear text joins it.
func TestEnsureWithoutTheCertificate(t *testing.T) {
	encrypted := strings.Replace(goodKeyXML, secretXML, inVault(secretXML), 1)
	opts := alone(noon)
	opts.AllowUnencryptedKeys = false
	if got := ensure(t, files(encrypted), opts); got.Created != nil || got.Default.ID.String() != goodKeyID {
		t.Errorf("got %+v", got)
	}
	for _, end := range []string{"2026-05-03", "2026-04-01"} { // soon, and long ago
		ending := strings.Replace(encrypted, "2099-01-02", end, 1)
		if _, err := newManager(t, files(ending), opts).Ensure(t.Context()); !errors.Is(err, keyring.ErrEncryptorRequired) {
			t.Errorf("%s: got %v", end, err)
		}
	}
}

// TestEnsureMeetsALostMount: a ring that was there a moment ago is not begun anew.
func TestEnsureMeetsALostMount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		create(t, store.elsewhere(t), keyring.NewKeyOptions{Activation: time.Now().Add(-9 * day), Expiration: time.Now().Add(-day)})
		go func() {
			time.Sleep(time.Nanosecond)
			store.set(func(s *farmStore) { s.empty = true })
		}()
		_, writes := store.counts()
		got, err := newManager(t, store, keyring.Options{}).Ensure(t.Context())
		if _, now := store.counts(); err == nil || now != writes {
			t.Errorf("%+v, %v, %d writes", got, err, now-writes)
		}
	})
}

// TestEnsureOnManyNodes: what cron starts everywhere at the same second makes few
// keys, and all agree on one.
func TestEnsureOnManyNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := xmlrepo.NewMemory()
		var mu sync.Mutex
		made := 0
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				got := ensure(t, store, keyring.Options{})
				mu.Lock()
				defer mu.Unlock()
				if got.Created != nil {
					made++
				}
			})
		}
		all.Wait()
		again := ensure(t, store, keyring.Options{})
		if again.Created != nil || made != 1 {
			t.Errorf("%d keys by 20 nodes, then %v", made, again.Created)
		}
	})
}

// TestEnsureTwice: whatever the ring, the second call makes nothing, and neither
// does any before Due, while the one at Due does.
func TestEnsureTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		store := xmlrepo.NewMemory()
		// Even minutes: no two dates lie the five minutes of ClockSkew apart, where
		// for a tick nothing can be preferred.
		minutes := rapid.SampledFrom([]int{-6, -4, -2, 0, 2, 4, 6})
		days := rapid.SampledFrom([]int{-100, -3, -1, 0, 1, 2, 3, 60})
		for range rapid.IntRange(0, 5).Draw(rt, "keys") {
			activation := noon.Add(time.Duration(days.Draw(rt, "day"))*day + time.Duration(minutes.Draw(rt, "minute"))*time.Minute)
			lifetime := rapid.SampledFrom([]time.Duration{2 * time.Minute, day, 3 * day, 4 * day, 90 * day}).Draw(rt, "lifetime")
			k := create(t, newManager(t, store, alone(noon.Add(-200*day))), keyring.NewKeyOptions{Activation: activation, Expiration: activation.Add(lifetime)})
			if rapid.Bool().Draw(rt, "revoked") {
				if _, err := newManager(t, store, alone(noon)).RevokeKey(t.Context(), k.ID, ""); err != nil {
					rt.Fatal(err)
				}
			}
		}
		now := noon
		for range 3 {
			first := ensure(rt, store, alone(now))
			again := ensure(rt, store, alone(now))
			late := ensure(rt, store, alone(first.Due.Add(-2*tick)))
			if again.Created != nil || late.Created != nil || !again.Due.Equal(first.Due) {
				rt.Fatalf("at %v: %v, %v just before it is due at %v", now, again.Created, late.Created, first.Due)
			}
			now = first.Due
			if at := ensure(rt, store, alone(now)); at.Created == nil {
				rt.Fatalf("nothing made at %v", now)
			}
		}
	})
}
