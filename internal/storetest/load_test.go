package storetest

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/internal/servertest"
	"dataprotection.example/keyring"
)

var (
	nodes = flag.Int("nodes", 20, "rings in TestLoad")
	watch = flag.Duration("watch", 2*time.Second, "how long TestLoad counts what polling costs")
)

// Two rings of Go over one server: how long until the other knows of a
// revocation. Run it with -v to see.
func TestRevocationLatency(t *testing.T) {
	for name, start := range map[string]func(testing.TB) farm{"Redis": startRedis, "PostgreSQL": startPostgres} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			a := ring(t, f.connect(t, f.server.Addr, 0))
			b := ring(t, f.connect(t, f.server.Addr, 0))
			time.Sleep(500 * time.Millisecond) // until both listen
			var took []time.Duration
			for range 30 {
				key, err := a.Manager().CreateKey(t.Context(), keyring.NewKeyOptions{})
				if err != nil {
					t.Fatal(err)
				}
				eventually(t, "the other ring sees a key", func() bool { _, ok := b.Snapshot().Key(key.ID); return ok })
				start := time.Now()
				done := revoke(t, a, key.ID)
				eventually(t, "the other ring sees a revocation", revoked(b, key.ID))
				took = append(took, time.Since(start))
				<-done
			}
			slices.Sort(took)
			t.Logf("%s: from the call of RevokeKey to the other ring: median %v, worst of %d %v",
				f.name, took[len(took)/2].Round(100*time.Microsecond), len(took), took[len(took)-1].Round(100*time.Microsecond))
		})
	}
}

// revoke revokes a key behind the back of the test: the call lasts until its own
// ring has made up for the lost key, if that was the default.
func revoke(t *testing.T, r *keyring.Ring, id uuid.UUID) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		if _, err := r.Manager().RevokeKey(t.Context(), id, "test"); err != nil {
			t.Error(err)
		}
	}()
	return done
}

func revoked(r *keyring.Ring, id uuid.UUID) func() bool {
	return func() bool {
		k, ok := r.Snapshot().Key(id)
		return ok && k.Revoked
	}
}

// Many rings at the intervals that are the defaults: what watching costs each of
// them, and how soon all know of a revocation.
//
//	go test -v -run TestLoad ./internal/storetest -nodes 200 -watch 60s
func TestLoad(t *testing.T) {
	for name, start := range map[string]func(testing.TB) farm{"Redis": startRedis, "PostgreSQL": startPostgres} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			counter := commandCounter(t, f)
			proxy := servertest.NewProxy(t, f.server.Addr)
			first := ring(t, f.connect(t, f.server.Addr, 0))
			const keys = 20 // five years of a farm
			for len(first.Snapshot().Keys()) < keys {
				if _, err := first.Manager().CreateKey(t.Context(), keyring.NewKeyOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			rings := make([]*keyring.Ring, *nodes)
			for i := range rings {
				rings[i] = ring(t, f.connect(t, proxy.Addr, 0))
			}
			time.Sleep(min(*watch, 12*time.Second)) // until all listen, and PostgreSQL has counted what was
			commands := counter()
			sent, received := proxy.Bytes()
			time.Sleep(*watch)
			commands = counter() - commands
			sent2, received2 := proxy.Bytes()
			if *watch >= 30*time.Second { // less says nothing about intervals of this size
				perNode := func(n int64) float64 { return float64(n) / float64(*nodes) / watch.Seconds() }
				t.Logf("%s, %d rings of %d keys, nothing happens for %v: a node costs %.3f commands/s, %.0f bytes/s to the server and %.0f from it",
					f.name, *nodes, keys, *watch, perNode(commands), perNode(sent2-sent), perNode(received2-received))
			}

			id := first.Snapshot().Keys()[0].ID
			sent, received = proxy.Bytes()
			begin := time.Now()
			done := revoke(t, first, id)
			var took []time.Duration
			eventually(t, "every ring sees a revocation", func() bool {
				know := 0
				for _, r := range rings {
					if revoked(r, id)() {
						know++
					}
				}
				for len(took) < know {
					took = append(took, time.Since(begin))
				}
				return know == len(rings)
			})
			<-done
			sent2, received2 = proxy.Bytes()
			t.Logf("%s: of a revocation the first of %d rings knew after %v, half after %v, all after %v; a node moved %d bytes",
				f.name, len(rings), took[0].Round(time.Millisecond), took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond),
				(sent2-sent+received2-received)/int64(len(rings)))
		})
	}
}

// commandCounter returns a function that says how many commands, or transactions,
// a server has carried out.
func commandCounter(t *testing.T, f farm) func() int64 {
	if f.name == "Redis" {
		client := redisClient(t, f)
		return func() (total int64) {
			for _, line := range lines(client.Info(t.Context(), "stats").Val()) {
				if _, err := fmt.Sscanf(line, "total_commands_processed:%d", &total); err == nil {
					return total
				}
			}
			t.Fatal("the server does not count its commands")
			return 0
		}
	}
	db := open(t, "pgx", f.server.PostgresURL())
	return func() (total int64) {
		time.Sleep(1500 * time.Millisecond) // the server counts a second later
		if err := db.QueryRowContext(t.Context(), "SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'").Scan(&total); err != nil {
			t.Fatal(err)
		}
		return total
	}
}
