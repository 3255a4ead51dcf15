package sqltest

import (
	"context"
	"database/sql/driver"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/sqlrepo"
)

// Without its table a database is another one, and not an empty ring.
func testNoTable(t *testing.T, d database) {
	table := d.table(t, d.connect(t), sqlrepo.Options{})
	_, readErr := table.Elements(t.Context())
	_, printErr := table.Fingerprint(t.Context())
	storeErr := table.Store(t.Context(), xmlrepo.Element{Name: "x", XML: []byte("<x />")})
	for _, err := range []error{readErr, printErr, storeErr} {
		if err == nil || !strings.Contains(err.Error(), "DataProtectionKeys") {
			t.Errorf("got %v", err)
		}
	}
}

// Many nodes may make the table at the same time, and do it as Entity Framework
// does. What is there stays.
func testCreateTable(t *testing.T, d database) {
	columns := map[sqlrepo.Dialect]string{
		sqlrepo.PostgreSQL: `SELECT column_name, data_type, is_nullable, coalesce(identity_generation, '') FROM information_schema.columns WHERE table_name = 'DataProtectionKeys' ORDER BY ordinal_position`,
		sqlrepo.MySQL:      `SELECT column_name, column_type, is_nullable, CONCAT(extra, COALESCE(character_set_name, '')) FROM information_schema.columns WHERE table_name = 'DataProtectionKeys' AND table_schema = DATABASE() ORDER BY ordinal_position`,
		sqlrepo.SQLite:     `SELECT name, type, "notnull", pk FROM pragma_table_info('DataProtectionKeys')`,
	}
	shape := func(db database) (shape string) {
		rows, err := db.connect(t).QueryContext(t.Context(), columns[d.dialect])
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var a, b, c, d string
			if err := rows.Scan(&a, &b, &c, &d); err != nil {
				t.Fatal(err)
			}
			shape += strings.Join([]string{a, b, c, d}, " ") + "\n"
		}
		return shape
	}
	theirs := d.another(t)
	fixture{database: theirs, db: theirs.connect(t)}.exec(t, entityFramework[d.dialect])
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := d.table(t, d.connect(t), sqlrepo.Options{}).CreateTable(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, want := shape(d), shape(theirs); got != want || strings.Count(got, "\n") != 3 {
		t.Errorf("CreateTable makes\n%s, and Entity Framework\n%s", got, want)
	}
	table := d.table(t, d.connect(t), sqlrepo.Options{})
	if err := table.Store(t.Context(), xmlrepo.Element{Name: "x", XML: []byte("<x />")}); err != nil {
		t.Fatal(err)
	}
	if err := table.CreateTable(t.Context()); err != nil || len(elements(t, table)) != 1 {
		t.Errorf("CreateTable of a table that is there: %v", err)
	}
}

// Names are whatever the application chose.
func testNames(t *testing.T, d database) {
	opts := []sqlrepo.Options{
		{Table: "data_protection_keys", IDColumn: "id", NameColumn: "friendly_name", XMLColumn: "xml"},
		{Table: "a'b\"c`d]e f", IDColumn: "select", NameColumn: "\"", XMLColumn: "`"},
		{Table: "Schlüssel"},
	}
	if d.dialect == sqlrepo.PostgreSQL {
		opts = append(opts, sqlrepo.Options{Schema: "app"}, sqlrepo.Options{Schema: "it's \"mine\""})
	}
	db := d.connect(t)
	for _, opts := range opts {
		table := d.table(t, db, opts)
		if there, err := table.Exists(t.Context()); there || err != nil {
			t.Errorf("%+v: before it is made: %v, %v", opts, there, err)
		}
		if err := table.CreateTable(t.Context()); err != nil {
			t.Errorf("%+v: %v", opts, err)
			continue
		}
		if there, err := table.Exists(t.Context()); !there || err != nil {
			t.Errorf("%+v: when it is made: %v, %v", opts, there, err)
		}
		e := xmlrepo.Element{Name: "key-" + id, XML: []byte(key("<a />"))}
		with := xmlrepo.Element{Name: e.Name, XML: []byte(key("<b />"))}
		_, printErr := table.Fingerprint(t.Context())
		for _, err := range []error{
			table.Store(t.Context(), e), table.Replace(t.Context(), e, with), printErr,
			table.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element { return all }),
		} {
			if err != nil {
				t.Errorf("%+v: %v", opts, err)
			}
		}
		if list := elements(t, table); len(list) != 0 {
			t.Errorf("%+v: %d elements are left", opts, len(list))
		}
	}
}

// Somebody who holds the lock and does not let go delays no longer than the
// context allows, and nothing is written then.
func testLockedByAnother(t *testing.T, d database) {
	locks := map[sqlrepo.Dialect]string{
		sqlrepo.PostgreSQL: "SELECT pg_advisory_lock(75111653013875)",
		sqlrepo.MySQL:      "SELECT GET_LOCK('DataProtectionKeys', 0)",
		sqlrepo.SQLite:     "BEGIN IMMEDIATE",
	}
	table := d.newTable(t, d.connect(t))
	conn, err := d.connect(t).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), locks[d.dialect]); err != nil {
		t.Fatal(err)
	}
	e := xmlrepo.Element{Name: "x", XML: []byte("<x />")}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := table.Store(ctx, e); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, xmlrepo.ErrExist) {
		t.Errorf("Store while another holds the lock: %v", err)
	}
	if list := elements(t, table); len(list) != 0 {
		t.Errorf("%d elements were stored", len(list))
	}
	stored := make(chan error)
	go func() { stored <- table.Store(t.Context(), e) }()
	select {
	case err := <-stored:
		t.Errorf("Store went past the lock: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	if d.dialect == sqlrepo.SQLite {
		if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
	}
	_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // the lock goes with it
	if err := <-stored; err != nil {
		t.Errorf("Store when the lock is free again: %v", err)
	}
}

// Where nobody can listen, looking goes on, and the log says so once.
func TestListenFails(t *testing.T) {
	d := startSQLite(t)
	db := d.connect(t)
	writer := d.newTable(t, db)
	var log lockedBuffer
	calls := make(chan struct{}, 100)
	watcher := d.table(t, db, sqlrepo.Options{
		Table: writer.Name(), Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Listen: func(context.Context, string, func()) error {
			calls <- struct{}{}
			return errors.New("no such thing here")
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	changes, err := watcher.Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	receive(t, changes, "at the start")
	<-calls
	<-calls
	if err := writer.Store(t.Context(), xmlrepo.Element{Name: "x", XML: []byte("<x />")}); err != nil {
		t.Fatal(err)
	}
	receive(t, changes, "of a Store")
	cancel()
	for range changes {
	}
	if text := log.String(); strings.Count(text, "event=watch.polling") != 1 || !strings.Contains(text, "no such thing here") {
		t.Errorf("the log says %q", text)
	}
}

func TestNew(t *testing.T) {
	db := startSQLite(t).connect(t)
	for _, dialect := range []sqlrepo.Dialect{0, sqlrepo.SQLServer + 1} {
		if _, err := sqlrepo.New(db, dialect, sqlrepo.Options{}); err == nil {
			t.Errorf("a table in %v", dialect)
		}
	}
	if _, err := sqlrepo.New(nil, sqlrepo.SQLite, sqlrepo.Options{}); err == nil {
		t.Error("a table without a database")
	}
	for _, opts := range []sqlrepo.Options{{PollInterval: -1}, {Table: "a\x00"}} {
		if _, err := sqlrepo.New(db, sqlrepo.SQLite, opts); err == nil {
			t.Errorf("a table with %+v", opts)
		}
	}
}
