package sqltest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"

	"dataprotection.example/internal/servertest"
	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/sqlrepo"
	"dataprotection.example/xmlrepo/sqlrepo/pgxlisten"
)

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	run(t, startPostgres(t))
}

func startPostgres(t testing.TB) database {
	server := servertest.Postgres(t)
	return database{sqlrepo.PostgreSQL, "pgx", server.PostgresURL(), server}
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

// A user who may write to the table and nothing else can do everything but make it.
func TestLeastPrivileges(t *testing.T) {
	d := startPostgres(t)
	admin := d.connect(t)
	opts := sqlrepo.Options{Schema: "app"}
	if err := d.table(t, admin, opts).CreateTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`CREATE USER ring`, `GRANT USAGE ON SCHEMA app TO ring`, `GRANT SELECT, INSERT, UPDATE, DELETE ON app."DataProtectionKeys" TO ring`,
	} {
		if _, err := admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	d.source = strings.Replace(d.source, "postgres@", "ring@", 1)
	table := d.table(t, d.connect(t), opts)
	e := xmlrepo.Element{Name: "key-" + id, XML: []byte(key("<a />"))}
	_, printErr := table.Fingerprint(t.Context())
	for _, err := range []error{
		table.CreateTable(t.Context()), printErr,
		table.Store(t.Context(), e),
		table.Replace(t.Context(), e, xmlrepo.Element{Name: e.Name, XML: []byte(key("<b />"))}),
		table.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element { return all }),
	} {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestListen(t *testing.T) {
	d := startPostgres(t)
	proxy := servertest.NewProxy(t, d.server.Addr)
	writer := d.newTable(t, d.connect(t))
	watcher := d.table(t, d.connect(t), sqlrepo.Options{
		Table: writer.Name(), PollInterval: time.Hour, Listen: listen(t, d.through(proxy).source),
	})
	changes, err := watcher.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	receive(t, changes, "at the start")
	time.Sleep(300 * time.Millisecond)
	drain(changes)
	e := xmlrepo.Element{Name: "key-" + id, XML: []byte(key("<a />"))}
	with := xmlrepo.Element{Name: e.Name, XML: []byte(key("<b />"))}
	if err := writer.Store(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	receive(t, changes, "of a Store")
	if err := writer.Replace(t.Context(), e, with); err != nil {
		t.Fatal(err)
	}
	receive(t, changes, "of a Replace")
	if err := writer.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element { return all }); err != nil {
		t.Fatal(err)
	}
	receive(t, changes, "of a Remove")
	// What happens while nobody listens shows when somebody does again.
	proxy.Down()
	if err := writer.Store(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changes:
		t.Error("a change was told that nobody could know of")
	case <-time.After(300 * time.Millisecond):
	}
	if err := proxy.Up(); err != nil {
		t.Fatal(err)
	}
	receive(t, changes, "of a Store during an outage")
	// Whoever was told may have failed to read, if the connection broke then.
	drain(changes)
	proxy.Cut()
	receive(t, changes, "of a connection that was lost and is back")
}
