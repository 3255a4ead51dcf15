package storetest

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"dataprotection.example/internal/servertest"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo/redisrepo"
)

// A server is killed and started again while rings are open. They serve on,
// recover by themselves, hear of each other again, and make no key.
func TestServerIsKilled(t *testing.T) {
	farms(t, func(t *testing.T, f farm) {
		a, b := ring(t, f.node(t)), ring(t, f.node(t))
		id := onlyKey(t, a)
		payload, err := protectorOf(a).Protect(t.Context(), []byte("hello"))
		if err != nil {
			t.Fatal(err)
		}
		for round := range 3 {
			f.server.Kill()
			for _, r := range []*keyring.Ring{a, b} {
				if err := r.Refresh(t.Context()); err == nil {
					t.Error("a ring reads from a server that is down")
				}
				serves(t, r, payload)
				if h := r.Health(); !h.Ready || h.Err == nil {
					t.Errorf("the health of a ring whose server is down: %+v", h)
				}
			}
			if _, err := a.Manager().CreateKey(t.Context(), keyring.NewKeyOptions{}); err == nil {
				t.Error("a key was made on a server that is down")
			}
			f.server.Start()
			eventually(t, "both rings recover by themselves", func() bool { return a.Health().Err == nil && b.Health().Err == nil })
			for _, r := range []*keyring.Ring{a, b} {
				serves(t, r, payload)
				if keys := r.Snapshot().Keys(); len(keys) != 1+round || keys[0].ID != id {
					t.Errorf("after the outage there are %d keys", len(keys))
				}
			}
			made, err := a.Manager().CreateKey(t.Context(), keyring.NewKeyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "the other ring sees a key that was made after the outage", func() bool {
				_, ok := b.Snapshot().Key(made.ID)
				return ok
			})
		}
		if keys := ring(t, f.node(t)).Snapshot().Keys(); len(keys) != 4 {
			t.Errorf("there are %d keys, want one and the three that were asked for", len(keys))
		}
	})
}

// onlyKey returns the id of the single key of a new ring.
func onlyKey(t *testing.T, r *keyring.Ring) [16]byte {
	t.Helper()
	keys := r.Snapshot().Keys()
	if len(keys) != 1 {
		t.Fatalf("a new ring has %d keys", len(keys))
	}
	return keys[0].ID
}

// serves checks that a ring opens a payload and one of its own.
func serves(t *testing.T, r *keyring.Ring, payload []byte) {
	t.Helper()
	p := protectorOf(r)
	own, err := p.Protect(t.Context(), []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	for _, payload := range [][]byte{payload, own} {
		if data, err := p.Unprotect(t.Context(), payload); err != nil || string(data) != "hello" {
			t.Fatalf("got %q, %v", data, err)
		}
	}
}

// A sentinel makes the replica the master when the master dies. Rings follow, and
// go on hearing of each other.
func TestFailover(t *testing.T) {
	master := servertest.Redis(t)
	host, port, err := net.SplitHostPort(master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	replica := servertest.Redis(t, "--replicaof", host, port)
	sentinel := servertest.Sentinel(t, master)
	node := func() *keyring.Ring {
		client := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "ring", SentinelAddrs: []string{sentinel.Addr}, DialerRetries: 1})
		t.Cleanup(func() { client.Close() })
		return ring(t, newStore(t)(redisrepo.New(client, redisrepo.Options{PollInterval: 200 * time.Millisecond})))
	}
	a, b := node(), node()
	payload, err := protectorOf(a).Protect(t.Context(), []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	// Replication is asynchronous, and the sentinel has to know of the replica.
	admin := redis.NewClient(&redis.Options{Addr: replica.Addr})
	defer admin.Close()
	sentinels := redis.NewSentinelClient(&redis.Options{Addr: sentinel.Addr})
	defer sentinels.Close()
	eventually(t, "the replica has the ring, and the sentinel the replica", func() bool {
		replicas, err := sentinels.Replicas(t.Context(), "ring").Result()
		return err == nil && len(replicas) == 1 && admin.LLen(t.Context(), "DataProtection-Keys").Val() == 1
	})
	master.Kill()
	eventually(t, "the rings read from the new master", func() bool {
		return a.Refresh(t.Context()) == nil && b.Refresh(t.Context()) == nil
	})
	serves(t, a, payload)
	serves(t, b, payload)
	onlyKey(t, b)
	made, err := a.Manager().CreateKey(t.Context(), keyring.NewKeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other ring sees a key on the new master", func() bool {
		_, ok := b.Snapshot().Key(made.ID)
		return ok
	})
}

// A Redis that keeps nothing on disk comes back empty. Open rings take that for
// the failure that it is; they neither forget their keys nor begin a new ring.
func TestServerForgets(t *testing.T) {
	server := servertest.Redis(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr, DialerRetries: 1})
	defer client.Close()
	repo, err := redisrepo.New(client, redisrepo.Options{PollInterval: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	r := ring(t, repo)
	payload, err := protectorOf(r).Protect(t.Context(), []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	server.Kill()
	server.Start()
	for range 3 {
		if err := r.Refresh(t.Context()); err == nil {
			t.Error("a ring whose keys have vanished is refreshed")
		}
		serves(t, r, payload)
	}
	if n := client.LLen(t.Context(), repo.Key()).Val(); n != 0 {
		t.Errorf("%d elements were written to the server that forgot", n)
	}
	if _, err := protectorOf(r).Unprotect(t.Context(), payload[:len(payload)-1]); !errors.Is(err, protector.ErrInvalidPayload) {
		t.Errorf("a damaged payload: %v", err)
	}
}
