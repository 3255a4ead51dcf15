package redisrepo_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"dataprotection.example/internal/servertest"
	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/redisrepo"
)

// The client complains of every connection that a test takes from it.
func TestMain(m *testing.M) {
	redis.SetLogger(silent{})
	os.Exit(m.Run())
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// keyNumber tells lists on one server apart.
var keyNumber atomic.Int64

func newKey() string { return fmt.Sprint("DataProtection-Keys-", keyNumber.Add(1)) }

// connect returns a client of a server that lives until the test ends.
func connect(t testing.TB, addr string) *redis.Client {
	client := redis.NewClient(&redis.Options{
		Addr: addr,
		// Failing is part of the tests: let it be quick, and not fill the log.
		MaxRetries: 1, DialerRetries: 1, DialTimeout: time.Second, ReadTimeout: 10 * time.Second,
	})
	t.Cleanup(func() { client.Close() })
	return client
}

func newList(t testing.TB, client redis.UniversalClient, opts redisrepo.Options) *redisrepo.List {
	t.Helper()
	l, err := redisrepo.New(client, opts)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// fixture is an empty list on a server of its own.
type fixture struct {
	*redisrepo.List
	server *servertest.Server
	client *redis.Client
}

func start(t *testing.T, options ...string) fixture {
	t.Helper()
	server := servertest.Redis(t, options...)
	client := connect(t, server.Addr)
	return fixture{newList(t, client, redisrepo.Options{}), server, client}
}

// push appends values as another writer does.
func (f fixture) push(t *testing.T, values ...string) {
	t.Helper()
	for _, value := range values {
		if err := f.client.RPush(t.Context(), f.Key(), value).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// values returns what the list holds.
func (f fixture) values(t *testing.T) []string {
	t.Helper()
	values, err := f.client.LRange(t.Context(), f.Key(), 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// elements returns what the repository makes of it.
func (f fixture) elements(t *testing.T) []xmlrepo.Element {
	t.Helper()
	list, err := f.Elements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}
