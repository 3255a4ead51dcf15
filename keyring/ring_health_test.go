package keyring_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// moody is a farmStore that words each failure anew.
type moody struct {
	*farmStore
	stores, reads func(n int64, name string) error
	n             atomic.Int64
}

func (m *moody) mood() (stores, reads func(int64, string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stores, m.reads
}

func (m *moody) Elements(ctx context.Context) ([]xmlrepo.Element, error) {
	if _, fail := m.mood(); fail != nil {
		return nil, fail(m.n.Add(1), "")
	}
	return m.farmStore.Elements(ctx)
}

func (m *moody) Store(ctx context.Context, e xmlrepo.Element) error {
	if fail, _ := m.mood(); fail != nil {
		return fail(m.n.Add(1), e.Name)
	}
	return m.farmStore.Store(ctx, e)
}

// A failure that lasts is logged once, however often it is met and however it is
// worded, and names nothing that never existed.
func TestAFailureThatLastsIsLoggedOnce(t *testing.T) {
	full := func(_ int64, name string) error {
		return &xmlrepo.FileError{Path: "/srv/keys/" + name + ".xml", Err: syscall.ENOSPC}
	}
	lost := func(n int64, _ string) error {
		return fmt.Errorf("read tcp 127.0.0.1:%d->127.0.0.1:6379: connection reset by peer", 40000+n)
	}
	for _, test := range []struct {
		name          string
		stores, reads func(int64, string) error
		code          keyring.Code
		says          string
	}{
		{name: "a full disk", stores: full, code: keyring.CodeKeyNotMade, says: "storing a new key: no space left on device"},
		{name: "a lost connection on writing", stores: lost, code: keyring.CodeKeyNotMade, says: "storing a new key: read tcp"},
		{name: "a lost connection on reading", reads: lost, code: keyring.CodeUnreadableStore, says: "reading the store: read tcp"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				store := &moody{farmStore: newFarmStore()}
				r := open(t, store, keyring.Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))})
				time.Sleep(86 * day)
				store.set(func(*farmStore) { store.stores, store.reads = test.stores, test.reads })
				time.Sleep(3 * day)
				if n := store.n.Load(); n < 10 {
					t.Fatalf("%d attempts", n)
				}
				if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "event=ring.failed") {
					t.Errorf("the log has %d lines: %.500s", n, &log)
				}
				h := r.Health()
				if !h.Ready || h.Err == nil || !found(h, test.code) {
					t.Errorf("health %+v", h)
				}
				random := regexp.MustCompile(`key-[0-9a-f]{8}-`)
				for _, f := range h.Findings {
					if f.Code == test.code && !strings.HasPrefix(f.Message, test.says) || random.MatchString(f.File+f.Message) || random.MatchString(h.Err.Error()) {
						t.Errorf("found %+v; %v", f, h.Err)
					}
				}
			})
		})
	}
}

// That the record of a revocation has vanished is told once for each key, for as
// long as it is so.
func TestAVanishedRevocationIsAFinding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		store := newFarmStore()
		r := open(t, store, keyring.Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})), AllowUnencryptedKeys: true})
		elsewhere := store.elsewhere(t)
		refresh := func() {
			t.Helper()
			if err := r.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		revoke := func(k keyring.Key) {
			t.Helper()
			if _, err := elsewhere.RevokeKey(t.Context(), k.ID, ""); err != nil {
				t.Fatal(err)
			}
		}
		var revoked []keyring.Key
		for range 2 {
			k := create(t, elsewhere, keyring.NewKeyOptions{})
			revoke(k)
			refresh()
			err := store.memory.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element {
				return slices.DeleteFunc(all, func(e xmlrepo.Element) bool { return strings.HasPrefix(e.Name, "key-") })
			})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			revoked = append(revoked, k)
		}
		for range 3 {
			refresh()
			time.Sleep(day)
		}
		if n := strings.Count(log.String(), "\n"); n != 2 || strings.Count(log.String(), string(keyring.CodeVanishedRevocation)) != 2 {
			t.Errorf("the log has %d lines:\n%s", n, &log)
		}
		findings := r.Health().Findings
		if len(findings) != 2 {
			t.Fatalf("found %+v", findings)
		}
		for i, k := range revoked {
			f := findings[i]
			if f.Code != keyring.CodeVanishedRevocation || f.Level != keyring.LevelWarning || f.File != k.ElementName || !strings.Contains(f.Message, k.ID.String()) {
				t.Errorf("found %+v", f)
			}
			if k, _ := r.Snapshot().Key(k.ID); !k.Revoked {
				t.Error("the revocation is forgotten")
			}
		}
		// What the finding says helps.
		for _, k := range revoked {
			revoke(k)
		}
		refresh()
		if h := r.Health(); len(h.Findings) != 0 {
			t.Errorf("health %+v", h)
		}
	})
}
