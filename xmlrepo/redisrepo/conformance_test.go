package redisrepo_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"dataprotection.example/internal/servertest"
	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/redisrepo"
	"dataprotection.example/xmlrepo/repotest"
)

func TestConformance(t *testing.T) {
	client := connect(t, servertest.Redis(t).Addr)
	repotest.Run(t, func(t *testing.T) xmlrepo.Repository {
		return newList(t, client, redisrepo.Options{Key: newKey()})
	})
}

func TestShared(t *testing.T) {
	server := servertest.Redis(t)
	repotest.RunShared(t, func(t *testing.T) (a, b xmlrepo.Repository) {
		opts := redisrepo.Options{Key: newKey()}
		return newList(t, connect(t, server.Addr), opts), newList(t, connect(t, server.Addr), opts)
	})
}

func TestOutage(t *testing.T) {
	server := servertest.Redis(t)
	repotest.RunOutage(t, func(t *testing.T) repotest.Outage {
		opts := redisrepo.Options{Key: newKey()}
		proxy := servertest.NewProxy(t, server.Addr)
		return repotest.Outage{
			Repo:   newList(t, connect(t, proxy.Addr), opts),
			Direct: newList(t, connect(t, server.Addr), opts),
			Cut:    proxy.Cut,
			Down:   proxy.Down,
			Up: func() {
				if err := proxy.Up(); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}

// A cluster of one server is enough to refuse what a cluster cannot do.
func TestCluster(t *testing.T) {
	server := servertest.Redis(t, "--cluster-enabled", "yes")
	admin := connect(t, server.Addr)
	if err := admin.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if info := admin.ClusterInfo(t.Context()).Val(); len(info) > 0 && info[:16] == "cluster_state:ok" {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{server.Addr}})
	defer client.Close()
	repotest.Run(t, func(t *testing.T) xmlrepo.Repository {
		return newList(t, client, redisrepo.Options{Key: newKey()})
	})
	if d, err := newList(t, client, redisrepo.Options{}).Durability(t.Context()); err != nil || !d.Known {
		t.Errorf("Durability: %+v, %v", d, err)
	}
}
