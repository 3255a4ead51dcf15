package sqltest

import (
	"bytes"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dataprotection.example/internal/servertest"
	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/sqlrepo"
)

// database is one that is ready for tables.
type database struct {
	dialect sqlrepo.Dialect
	driver  string
	source  string
	server  *servertest.Server // nil for SQLite
}

// run runs every test, each in a database of its own on the server of d.
func run(t *testing.T, d database) {
	tests := []struct {
		name string
		test func(t *testing.T, d database)
	}{
		{"Conformance", testConformance},
		{"OneConnection", testOneConnection},
		{"Shared", testShared},
		{"Outage", testOutage},
		{"WritesAsDotNet", testWritesAsDotNet},
		{"Reads", testReads},
		{"MalformedRow", testMalformedRow},
		{"NamesThatOccurAgain", testNamesThatOccurAgain},
		{"FingerprintSeesEverything", testFingerprintSeesEverything},
		{"NoTable", testNoTable},
		{"CreateTable", testCreateTable},
		{"Names", testNames},
		{"LockedByAnother", testLockedByAnother},
		{"Silence", testSilence},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, d.another(t)) })
	}
}

// another returns an empty database on the same server.
func (d database) another(t *testing.T) database {
	t.Helper()
	if d.dialect == sqlrepo.SQLite {
		return startSQLite(t)
	}
	name := strings.ToLower(newName())
	if _, err := d.connect(t).ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	d.source = strings.NewReplacer("/postgres?", "/"+name+"?", "/test", "/"+name).Replace(d.source)
	return d
}

// connect returns a pool of connections to a database that lives until the test
// ends.
func (d database) connect(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.driver, d.source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// through is the same database behind a proxy.
func (d database) through(proxy *servertest.Proxy) database {
	d.source = strings.ReplaceAll(d.source, d.server.Addr, proxy.Addr)
	return d
}

// tableNumber tells tables in one database apart.
var tableNumber atomic.Int64

func newName() string { return fmt.Sprint("DataProtectionKeys", tableNumber.Add(1)) }

// table returns a table that is looked at often. Some tests make it first.
func (d database) table(t testing.TB, db *sql.DB, opts sqlrepo.Options) *sqlrepo.Table {
	t.Helper()
	if opts.PollInterval == 0 {
		opts.PollInterval = 200 * time.Millisecond
	}
	table, err := sqlrepo.New(db, d.dialect, opts)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func (d database) newTable(t testing.TB, db *sql.DB) *sqlrepo.Table {
	t.Helper()
	table := d.table(t, db, sqlrepo.Options{Table: newName()})
	if err := table.CreateTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	return table
}

// elements returns what a repository holds.
func elements(t testing.TB, repo xmlrepo.Repository) []xmlrepo.Element {
	t.Helper()
	list, err := repo.Elements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// receive waits for a change.
func receive(t *testing.T, changes <-chan struct{}, what string) {
	t.Helper()
	select {
	case _, ok := <-changes:
		if !ok {
			t.Fatalf("the channel was closed %s", what)
		}
	case <-time.After(time.Minute):
		t.Fatalf("no change was told %s", what)
	}
}

// drain forgets a change that is waiting.
func drain(changes <-chan struct{}) {
	select {
	case <-changes:
	default:
	}
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
