package keyring_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"regexp"
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
				time.Sleep(2 * day)
				if n := store.n.Load(); n < 40 && test.reads == nil {
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
