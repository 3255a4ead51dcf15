package keyring_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// outages is one node's way to a store that all share. At times it is down for
// hours, for reading, for writing, or it looks empty, as a lost mount does.
// It has no Watch: what nodes know of each other they learn once a day.
type outages struct {
	xmlrepo.Repository
	writes *atomic.Int64

	mu    sync.Mutex
	until time.Time
	kind  int
}

func (o *outages) failing() (kind int, failing bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.kind, time.Now().Before(o.until)
}

// strike begins an outage now and then: one in a week, up to a day long.
func (o *outages) strike() {
	if _, failing := o.failing(); !failing && rand.N(7*24) == 0 {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.kind, o.until = rand.N(3), time.Now().Add(rand.N(24*time.Hour))
	}
}

func (o *outages) Elements(ctx context.Context) ([]xmlrepo.Element, error) {
	switch kind, failing := o.failing(); {
	case failing && kind == 0:
		return nil, errStoreDown
	case failing && kind == 1:
		return nil, nil
	}
	return o.Repository.Elements(ctx)
}

func (o *outages) Store(ctx context.Context, e xmlrepo.Element) error {
	if _, failing := o.failing(); failing {
		return errStoreDown
	}
	o.writes.Add(1)
	return o.Repository.Store(ctx, e)
}

// farmNode is a ring with a clock of its own.
type farmNode struct {
	*keyring.Ring
	way *outages
}

// A farm lives through a year: clocks up to five minutes apart, a daily look at
// the store, outages. Every payload of every node opens on every other at once,
// and no more keys are made than a year needs.
func TestAYear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nodes = 5
		shared := xmlrepo.NewMemory()
		var writes atomic.Int64
		farm := make([]farmNode, nodes)
		for i := range farm {
			skew := time.Duration(i) * 5 * time.Minute / (nodes - 1)
			way := &outages{Repository: shared, writes: &writes}
			ring, err := keyring.Open(t.Context(), way, keyring.Options{
				Now: func() time.Time { return time.Now().Add(skew) },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer ring.Close()
			farm[i] = farmNode{ring, way}
		}
		payloads := 0
		used := map[string]bool{}
		for range 365 * 24 {
			time.Sleep(time.Hour - time.Duration(rand.N(time.Minute)))
			synctest.Wait()
			writer := farm[rand.N(nodes)]
			k, body := seal(t, writer.Ring)
			used[k.ID.String()] = true
			for _, reader := range farm {
				unseal(t, reader.Ring, k, body)
				payloads++
			}
			for _, n := range farm {
				n.way.strike()
			}
		}
		// 365 days, a key each 90: the first and four successors.
		if n := writes.Load(); n != 5 {
			t.Errorf("%d keys were made in a year, want 5", n)
		}
		t.Logf("%d payloads opened, %d keys made, %d used", payloads, writes.Load(), len(used))
	})
}

var yearAAD = []byte("a year")

func seal(t *testing.T, r *keyring.Ring) (keyring.Key, []byte) {
	t.Helper()
	k, err := r.Snapshot().DefaultKey()
	if err != nil {
		t.Fatalf("%v: %v", time.Now(), err)
	}
	e, err := k.Encryptor()
	if err != nil {
		t.Fatal(err)
	}
	body, err := e.Encrypt(nil, []byte("payload"), yearAAD)
	if err != nil {
		t.Fatal(err)
	}
	return k, body
}

func unseal(t *testing.T, r *keyring.Ring, by keyring.Key, body []byte) {
	t.Helper()
	k, ok := r.Snapshot().Key(by.ID)
	if !ok {
		t.Fatalf("%v: a node does not have the key %v, which protects elsewhere", time.Now(), by.ID)
	}
	if k.Revoked {
		t.Fatal("nobody revoked a key")
	}
	e, err := k.Encryptor()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Decrypt(nil, body, yearAAD); err != nil {
		t.Fatal(err)
	}
}
