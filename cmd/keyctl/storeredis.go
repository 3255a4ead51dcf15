package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo/redisrepo"
)

// connectTime bounds how long a server may take to answer at all.
const connectTime = 10 * time.Second

// openRedis finds a list on a server, a cluster, or whatever server sentinels
// name.
func (p *program) openRedis(ctx context.Context, l location, o storeOptions) (*store, error) {
	client, db, err := redisClient(l)
	if err != nil {
		return nil, usagef("the URL of the Redis server: %w", err)
	}
	p.atEnd(func() { _ = client.Close() })
	list, err := redisrepo.New(client, redisrepo.Options{Key: l.parameter("key"), Channel: l.parameter("channel"), PollInterval: o.poll, Logger: o.logger})
	if err != nil {
		return nil, err
	}
	s := &store{repo: list, place: l.place(l.url.Scheme, l.url.Host, fmt.Sprintf("/%d", db)), what: "Redis list " + list.Key(), poll: orDefault(o.poll, defaultPoll)}
	s.examine = func(ctx context.Context) ([]keyring.Finding, error) { return examineRedis(ctx, list, s.place) }
	n, err := client.LLen(ctx, list.Key()).Result() // EXISTS is one right more
	if err != nil {
		return nil, s.unreachable(err)
	}
	s.absent = n == 0
	return s, nil
}

// redisClient returns the client that a URL asks for, and its database.
func redisClient(l location) (redis.UniversalClient, int, error) {
	const retries = 1
	query := l.url.Query()
	switch {
	case query.Has("master_name"):
		o, err := redis.ParseFailoverURL(l.url.String())
		if err != nil {
			return nil, 0, err
		}
		o.ContextTimeoutEnabled, o.DialTimeout = true, cmp.Or(o.DialTimeout, connectTime)
		o.MaxRetries, o.DialerRetries = cmp.Or(o.MaxRetries, retries), cmp.Or(o.DialerRetries, retries)
		return redis.NewFailoverClient(o), o.DB, nil
	case query.Has("addr"):
		o, err := redis.ParseClusterURL(l.url.String())
		if err != nil {
			return nil, 0, err
		}
		o.ContextTimeoutEnabled, o.DialTimeout = true, cmp.Or(o.DialTimeout, connectTime)
		o.MaxRetries, o.DialerRetries = cmp.Or(o.MaxRetries, retries), cmp.Or(o.DialerRetries, retries)
		return redis.NewClusterClient(o), 0, nil
	}
	o, err := redis.ParseURL(l.url.String())
	if err != nil {
		return nil, 0, err
	}
	o.ContextTimeoutEnabled, o.DialTimeout = true, cmp.Or(o.DialTimeout, connectTime)
	o.MaxRetries, o.DialerRetries = cmp.Or(o.MaxRetries, retries), cmp.Or(o.DialerRetries, retries)
	return redis.NewClient(o), o.DB, nil
}

// examineRedis returns what the server's configuration means for the ring.
func examineRedis(ctx context.Context, list *redisrepo.List, place string) ([]keyring.Finding, error) {
	d, err := list.Durability(ctx)
	if err != nil {
		return nil, err
	}
	var found []keyring.Finding
	if !d.Known {
		found = append(found, keyring.NewFinding(keyring.CodeStoreUnknown, place, "the server does not show its configuration, so that nobody can tell from here whether it keeps the ring on disk"))
	}
	if d.Known && !d.OnDisk {
		found = append(found, keyring.NewFinding(keyring.CodeStoreForgets, place, "the server keeps nothing on disk: when it restarts, the ring is lost, and so is all that it protects"))
	}
	if d.Evicts {
		found = append(found, keyring.NewFinding(keyring.CodeStoreEvicts, place, "the server may drop the ring when its memory is full (maxmemory-policy)"))
	}
	return found, nil
}
