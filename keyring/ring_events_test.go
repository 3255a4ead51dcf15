package keyring_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dataprotection.example/keyring"
)

// events records what a ring tells.
type events struct {
	mu  sync.Mutex
	all []keyring.Event
}

func (e *events) add(event keyring.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

// take returns the kinds since the last call.
func (e *events) take() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var kinds []string
	for _, event := range e.all {
		kinds = append(kinds, string(event.Kind))
	}
	e.all = nil
	return strings.Join(kinds, " ")
}

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		var seen events
		var log bytes.Buffer
		r := open(t, store, keyring.Options{OnEvent: seen.add, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		refresh := func() { _ = r.Refresh(t.Context()) }
		expect := func(when, want string) {
			t.Helper()
			if got := seen.take(); got != want {
				t.Errorf("%s: %q, want %q", when, got, want)
			}
		}
		expect("at the start", "")
		time.Sleep(time.Second)
		k, err := store.elsewhere(t).CreateKey(t.Context(), keyring.NewKeyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		refresh()
		expect("a key elsewhere", "key.created default.changed")
		if _, err := store.elsewhere(t).RevokeKey(t.Context(), k.ID, ""); err != nil {
			t.Fatal(err)
		}
		refresh()
		expect("its revocation", "key.revoked default.changed key.created default.changed")
		store.set(func(s *farmStore) { s.readErr = errStoreDown })
		refresh()
		refresh()
		expect("a failing store", "ring.failed")
		store.set(func(s *farmStore) { s.readErr = nil })
		refresh()
		expect("the store back", "ring.recovered")
		for _, name := range []string{"ring.opened", "key.created", "key.revoked", "default.changed", "ring.failed", "ring.recovered"} {
			if !strings.Contains(log.String(), "event="+name) {
				t.Errorf("the log lacks %s:\n%s", name, &log)
			}
		}
		if n := strings.Count(log.String(), "event=ring.failed"); n != 1 {
			t.Errorf("one failure was logged %d times", n)
		}
	})
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFarmStore()
		r := open(t, store, keyring.Options{})
		_, _, _ = r.WaitForKey(t.Context(), [16]byte{1})
		store.set(func(s *farmStore) { s.readErr = errStoreDown })
		_ = r.Refresh(t.Context())
		for _, err := range []error{nil, keyring.ErrKeyNotFound, fmt.Errorf("x: %w", keyring.ErrKeyRevoked),
			keyring.ErrKeyUnreadable, t.Context().Err(), errors.New("bad tag")} {
			r.CountUnprotect(err)
		}
		r.CountProtect(nil)
		r.CountProtect(keyring.ErrNoDefaultKey)
		time.Sleep(time.Hour)
		m := r.Metrics()
		want := keyring.Metrics{
			Protects: 1, ProtectErrors: 1,
			Unprotects:    keyring.Unprotects{Opened: 2, Invalid: 1, NotFound: 1, Revoked: 1, Unreadable: 1},
			Refreshes:     2,
			RefreshErrors: m.RefreshErrors, // the retries of an hour
			UnknownKeys:   1, Keys: 1,
			DefaultExpires: m.DefaultExpires, SnapshotAge: m.SnapshotAge,
		}
		if m != want || m.RefreshErrors < 30 {
			t.Errorf("%+v", m)
		}
		if m.SnapshotAge < time.Hour || m.DefaultExpires > 90*day-time.Hour || m.DefaultExpires < 89*day {
			t.Errorf("age %v, expires in %v", m.SnapshotAge, m.DefaultExpires)
		}
	})
}
