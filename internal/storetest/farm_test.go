package storetest

import (
	"context"
	"database/sql"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/internal/servertest"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/redisrepo"
	"dataprotection.example/xmlrepo/sqlrepo"
	"dataprotection.example/xmlrepo/sqlrepo/pgxlisten"
)

// Clients complain of every connection that a test takes from them.
func TestMain(m *testing.M) {
	redis.SetLogger(silent{})
	_ = mysql.SetLogger(log.New(io.Discard, "", 0))
	os.Exit(m.Run())
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// farm is a server with an empty store, and what its nodes need to know.
type farm struct {
	name   string
	server *servertest.Server
	dotnet dotnettest.Store

	// connect makes the store of one node, with connections of its own, to a
	// server at addr. A poll of zero is the store's default.
	connect func(t testing.TB, addr string, poll time.Duration) xmlrepo.Repository
}

// farms runs a test on each kind of server.
func farms(t *testing.T, test func(t *testing.T, f farm)) {
	for name, start := range map[string]func(testing.TB) farm{"Redis": startRedis, "PostgreSQL": startPostgres, "MariaDB": startMariaDB} {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

// startRedis starts a server that keeps what it has acknowledged.
func startRedis(t testing.TB) farm {
	server := servertest.Redis(t, "--appendonly", "yes", "--appendfsync", "always")
	return farm{
		name:   "Redis",
		server: server,
		dotnet: dotnettest.Store{Kind: "redis", Connection: server.Addr + ",abortConnect=false", Name: "DataProtection-Keys"},
		connect: func(t testing.TB, addr string, poll time.Duration) xmlrepo.Repository {
			client := redis.NewClient(&redis.Options{Addr: addr, DialerRetries: 1})
			t.Cleanup(func() { client.Close() })
			return newStore(t)(redisrepo.New(client, redisrepo.Options{PollInterval: poll}))
		},
	}
}

func startPostgres(t testing.TB) farm {
	server := servertest.Postgres(t, "max_connections=1000", "synchronous_commit=on")
	host, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	f := farm{
		name:   "PostgreSQL",
		server: server,
		dotnet: dotnettest.Store{Kind: "postgres", Name: "DataProtectionKeys",
			Connection: "Host=" + host + ";Port=" + port + ";Username=postgres;Database=postgres"},
		connect: func(t testing.TB, addr string, poll time.Duration) xmlrepo.Repository {
			url := "postgres://postgres@" + addr + "/postgres?sslmode=disable"
			return newStore(t)(sqlrepo.New(open(t, "pgx", url), sqlrepo.PostgreSQL, sqlrepo.Options{PollInterval: poll, Listen: listen(t, url)}))
		},
	}
	createTable(t, f)
	return f
}

func startMariaDB(t testing.TB) farm {
	server := servertest.MariaDB(t)
	host, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	f := farm{
		name:   "MariaDB",
		server: server,
		dotnet: dotnettest.Store{Kind: "mysql", Name: "DataProtectionKeys",
			Connection: "Server=" + host + ";Port=" + port + ";User=root;Database=test;SslMode=None"},
		connect: func(t testing.TB, addr string, poll time.Duration) xmlrepo.Repository {
			return newStore(t)(sqlrepo.New(open(t, "mysql", "root@tcp("+addr+")/test"), sqlrepo.MySQL, sqlrepo.Options{PollInterval: poll}))
		},
	}
	createTable(t, f)
	return f
}

func newStore(t testing.TB) func(xmlrepo.Repository, error) xmlrepo.Repository {
	return func(repo xmlrepo.Repository, err error) xmlrepo.Repository {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return repo
	}
}

func createTable(t testing.TB, f farm) {
	t.Helper()
	if err := f.node(t).(*sqlrepo.Table).CreateTable(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, driver, source string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// listen is sqlrepo's Options.Listen for the server at a URL.
func listen(t testing.TB, url string) func(ctx context.Context, channel string, heard func()) error {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return pgxlisten.New(config)
}

// node returns the store of a new node, which looks at it often.
func (f farm) node(t testing.TB) xmlrepo.Repository {
	return f.connect(t, f.server.Addr, 200*time.Millisecond)
}

// ring opens a ring over a store, until the test ends. When it needs a key it
// does not wait long for others to make one.
func ring(t testing.TB, repo xmlrepo.Repository) *keyring.Ring {
	t.Helper()
	r, err := keyring.Open(t.Context(), repo, keyring.Options{GenerationDelay: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func protectorOf(r *keyring.Ring) *protector.Protector {
	return protector.New(r, protector.Options{}).CreateProtector("p")
}

// dotnetRing returns a .NET node of the farm.
func (f farm) dotnetRing(peer *dotnettest.Peer) *dotnettest.Ring {
	return peer.Open("", dotnettest.RingOptions{Repository: &f.dotnet})
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	timeout := time.After(time.Minute)
	for !condition() {
		select {
		case <-timeout:
			t.Fatalf("not within a minute: %s", what)
		case <-time.After(time.Millisecond):
		}
	}
}

func redisClient(t testing.TB, f farm) *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: f.server.Addr})
	t.Cleanup(func() { client.Close() })
	return client
}

func lines(text string) []string { return strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") }
