package redisrepo

import (
	"context"
	"log/slog"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Durability is what a server's configuration does with a ring.
type Durability struct {
	// Known is false where the server does not show its configuration, as
	// managed ones do not. Then nothing else is true.
	Known bool

	// OnDisk is whether the server keeps anything on disk: whether it saves
	// snapshots or an append-only file.
	OnDisk bool

	// Evicts is whether a server whose memory is full may drop the ring: its
	// maxmemory-policy is of the kind "allkeys-", which takes what has no
	// expiry too.
	Evicts bool
}

// Durability asks the server that holds the list for its configuration.
func (l *List) Durability(ctx context.Context) (Durability, error) {
	var client redis.Cmdable = l.client
	if cluster, ok := l.client.(*redis.ClusterClient); ok {
		node, err := cluster.MasterForKey(ctx, l.key)
		if err != nil {
			return Durability{}, l.fault("configuration of", err)
		}
		client = node
	}
	config := map[string]string{}
	for _, name := range []string{"save", "appendonly", "maxmemory", "maxmemory-policy"} {
		values, err := client.ConfigGet(ctx, name).Result()
		if refused(err) {
			return Durability{}, nil // that is for the administrator to see
		}
		if err != nil {
			return Durability{}, l.fault("configuration of", err)
		}
		for name, value := range values {
			config[name] = value
		}
	}
	save, known := config["save"]
	if !known {
		return Durability{}, nil
	}
	return Durability{
		Known:  true,
		OnDisk: save != "" || config["appendonly"] == "yes",
		Evicts: strings.HasPrefix(config["maxmemory-policy"], "allkeys-") && config["maxmemory"] != "0",
	}, nil
}

// warn logs, once in the life of the list, that the server may lose the ring.
func (l *List) warn(ctx context.Context) {
	if l.log == nil || l.warned.Load() {
		return
	}
	d, err := l.Durability(ctx)
	if err != nil || !l.warned.CompareAndSwap(false, true) {
		return // the next connection may tell
	}
	if d.Known && !d.OnDisk {
		l.log.WarnContext(ctx, "the Redis server keeps nothing on disk: when it restarts, the ring is lost and so is all that it protects",
			slog.String("event", "redis.volatile"), slog.String("key", l.key))
	}
	if d.Evicts {
		l.log.WarnContext(ctx, "the Redis server may evict the ring when its memory is full",
			slog.String("event", "redis.evicts"), slog.String("key", l.key))
	}
}
