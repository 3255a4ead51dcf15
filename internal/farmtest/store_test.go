package farmtest

import (
	"database/sql"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"

	"dataprotection.example/internal/servertest"
	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/redisrepo"
	"dataprotection.example/xmlrepo/sqlrepo"
	"dataprotection.example/xmlrepo/sqlrepo/pgxlisten"
)

// store is what the nodes of a farm share.
type store struct {
	place  string             // what a node opens
	server *servertest.Server // nil for a directory
	ruins  []ruin             // what happens to it, in turn
}

// ruin is a way in which a store fails for a while.
type ruin struct {
	name   string
	strike func(f *farm)
}

// spoiled is the ruin of a store that is there and of no use. spoil returns what
// makes it whole again.
func spoiled(name string, spoil func(t *testing.T) (mend func())) ruin {
	return ruin{name, func(f *farm) { f.without(spoil) }}
}

// The ruins of a server.
var (
	crash             = ruin{"crash", func(f *farm) { f.crash(0) }}
	crashWhileWriting = ruin{"crash while writing", func(f *farm) { f.crash(3) }}
)

// junk is what nobody can take for a revocation, and nobody may skip.
const junk = "<revocation><key"

// newDirectory returns a directory that is not there yet.
func newDirectory(t *testing.T) store {
	dir := filepath.Join(t.TempDir(), "ring")
	return store{place: dir, ruins: []ruin{
		spoiled("empty", func(t *testing.T) func() { return away(t, dir) }),
		spoiled("junk", func(t *testing.T) func() { return junkFile(t, dir) }),
	}}
}

// newRedis starts a server that keeps on disk what it has acknowledged.
func newRedis(t *testing.T) store {
	const list, aside = "DataProtection-Keys", "aside"
	server := servertest.Redis(t, "--appendonly", "yes", "--appendfsync", "always")
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	t.Cleanup(func() { client.Close() })
	empty := func(t *testing.T) (mend func()) {
		if err := client.Rename(t.Context(), list, aside).Err(); err != nil {
			t.Fatal(err)
		}
		return func() {
			if free, err := client.RenameNX(t.Context(), aside, list).Result(); err != nil || !free {
				t.Fatalf("something was written in place of the list that was away, or else: %v", err)
			}
		}
	}
	spoil := func(t *testing.T) (mend func()) {
		if err := client.RPush(t.Context(), list, junk).Err(); err != nil {
			t.Fatal(err)
		}
		return func() {
			if n, err := client.LRem(t.Context(), list, 0, junk).Result(); err != nil || n != 1 {
				t.Fatalf("%d values of junk were taken out again: %v", n, err)
			}
		}
	}
	return store{place: "redis://" + server.Addr, server: server, ruins: []ruin{
		crashWhileWriting, spoiled("empty", empty), crash, spoiled("junk", spoil),
	}}
}

// newPostgres starts a server with an empty table. It does not wait for the disk,
// which only a crash of the machine would tell.
func newPostgres(t *testing.T) store {
	server := servertest.Postgres(t, "max_connections=300", "synchronous_commit=on")
	db, err := sql.Open("pgx", server.PostgresURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	table, err := sqlrepo.New(db, sqlrepo.PostgreSQL, sqlrepo.Options{})
	if err == nil {
		err = table.CreateTable(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	spoil := func(statement, undo string, args ...any) func(*testing.T) func() {
		run := func(t *testing.T, statement string) {
			// A connection of its own: those of a pool do not survive a crash.
			conn, err := pgx.Connect(t.Context(), server.PostgresURL())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			if _, err := conn.Exec(t.Context(), statement, args...); err != nil {
				t.Fatal(err)
			}
		}
		return func(t *testing.T) (mend func()) {
			run(t, statement)
			return func() { run(t, undo) }
		}
	}
	return store{place: server.PostgresURL(), server: server, ruins: []ruin{
		crashWhileWriting,
		spoiled("no table", spoil(`ALTER TABLE "DataProtectionKeys" RENAME TO aside`, `ALTER TABLE aside RENAME TO "DataProtectionKeys"`)),
		crash,
		spoiled("junk", spoil(`INSERT INTO "DataProtectionKeys" ("Xml") VALUES ($1)`, `DELETE FROM "DataProtectionKeys" WHERE "Xml" = $1`, junk)),
	}}
}

// unwatched is a directory that tells nobody of changes.
type unwatched struct {
	xmlrepo.Repository
	xmlrepo.Fingerprinter
}

// open opens the store at a place, with the options that it has by itself: a
// directory, or a server whose URL it is. shut comes after the last use.
func open(place string, log *slog.Logger) (repo xmlrepo.Repository, shut func() error, err error) {
	switch kind, path, _ := strings.Cut(place, "://"); kind {
	case "unwatched":
		dir, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{Logger: log})
		return unwatched{dir, dir}, func() error { return nil }, err
	case "redis":
		opts, err := redis.ParseURL(place)
		if err != nil {
			return nil, nil, err
		}
		client := redis.NewClient(opts)
		repo, err = redisrepo.New(client, redisrepo.Options{Logger: log})
		return repo, client.Close, err
	case "postgres":
		db, err := sql.Open("pgx", place)
		if err != nil {
			return nil, nil, err
		}
		config, err := pgx.ParseConfig(place)
		if err != nil {
			return nil, nil, err
		}
		repo, err = sqlrepo.New(db, sqlrepo.PostgreSQL, sqlrepo.Options{Listen: pgxlisten.New(config), Logger: log})
		return repo, db.Close, err
	}
	repo, err = xmlrepo.NewDir(place, xmlrepo.DirOptions{Logger: log})
	return repo, func() error { return nil }, err
}
