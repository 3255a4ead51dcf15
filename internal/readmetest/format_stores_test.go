package readmetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	"dataprotection.example/internal/servertest"
	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/redisrepo"
	"dataprotection.example/xmlrepo/sqlrepo"
)

// theRevocation is the document's first one, as a node stores it.
func theRevocation(t *testing.T) xmlrepo.Element {
	t.Helper()
	return xmlrepo.Element{Name: revoked, XML: []byte(elements(t)[revoked])}
}

func TestText(t *testing.T) {
	t.Parallel()
	e := exampleWith(t, "text")
	el, err := xmldoc.Parse(theRevocation(t).XML)
	if err != nil || string(xmldoc.Compact(el)) != e["text"] || e["name"] != revoked {
		t.Errorf("the text is %s, %v", xmldoc.Compact(el), err)
	}
}

func TestRedisList(t *testing.T) {
	t.Parallel()
	ctx, e := t.Context(), exampleWith(t, "text")
	client := redis.NewClient(&redis.Options{Addr: servertest.Redis(t).Addr})
	t.Cleanup(func() { _ = client.Close() })
	list, err := redisrepo.New(client, redisrepo.Options{PollInterval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if err := list.Store(ctx, theRevocation(t)); err != nil {
		t.Fatal(err)
	}
	if values, err := client.LRange(ctx, "DataProtection-Keys", 0, -1).Result(); err != nil || !slices.Equal(values, []string{e["text"]}) {
		t.Errorf("the list holds %q, %v", values, err)
	}

	watching, stop := context.WithCancel(ctx)
	defer stop()
	changes, err := list.Watch(watching)
	if err != nil {
		t.Fatal(err)
	}
	<-changes // the first look
	if err := client.RPush(ctx, "DataProtection-Keys", elements(t)[keyGCM]).Err(); err != nil {
		t.Fatal(err)
	}
	for heard := int64(0); heard == 0; { // until it has subscribed
		if heard, err = client.Publish(ctx, "DataProtection-Keys:changed", "").Result(); err != nil {
			t.Fatal(err)
		}
	}
	<-changes
	found, err := list.Elements(ctx)
	if err != nil || len(found) != 2 || found[0].Name != e["name"] || found[1].Name != keyGCM {
		t.Errorf("read %v, %v", found, err)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	ctx, e := t.Context(), exampleWith(t, "text")
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "ring.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(ctx, exampleWith(t, "SQLite")["SQLite"]); err != nil {
		t.Fatal(err)
	}
	table, err := sqlrepo.New(db, sqlrepo.SQLite, sqlrepo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Store(ctx, theRevocation(t)); err != nil {
		t.Fatal(err)
	}
	var name, text string
	if err := db.QueryRowContext(ctx, `SELECT "FriendlyName", "Xml" FROM "DataProtectionKeys"`).Scan(&name, &text); err != nil || name != e["name"] || text != e["text"] {
		t.Errorf("the row is %s, %s, %v", name, text, err)
	}
	if _, err := db.ExecContext(ctx, `INSERT INTO "DataProtectionKeys" ("FriendlyName", "Xml") VALUES (NULL, ?), ('x', NULL), ('y', '')`, elements(t)[keyGCM]); err != nil {
		t.Fatal(err)
	}
	found, err := table.Elements(ctx)
	if err != nil || len(found) != 2 || found[1].Name != keyGCM {
		t.Errorf("read %v, %v", found, err)
	}
}

// The tables are told as they are made.
func TestTables(t *testing.T) {
	t.Parallel()
	for _, dialect := range []sqlrepo.Dialect{sqlrepo.PostgreSQL, sqlrepo.MySQL, sqlrepo.SQLite, sqlrepo.SQLServer} {
		var heard database
		db := sql.OpenDB(&heard)
		table, err := sqlrepo.New(db, dialect, sqlrepo.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(table.CreateTable(t.Context()), db.Close()); err != nil {
			t.Error(err)
		}
		told := exampleWith(t, "SQLite")[dialect.String()]
		if made := strings.ReplaceAll(strings.Join(heard, "\n"), " IF NOT EXISTS", ""); told == "" || !strings.Contains(made, told) {
			t.Errorf("%v: told as\n%s\nand made as\n%s", dialect, told, made)
		}
	}
}

// database writes down what it is told to do, and answers every question with 1.
type database []string

func (d *database) Connect(context.Context) (driver.Conn, error) { return d, nil }
func (d *database) Driver() driver.Driver                        { return nil }
func (d *database) Prepare(string) (driver.Stmt, error) {
	return nil, errors.New("nothing is prepared")
}
func (d *database) Close() error                                                 { return nil }
func (d *database) Begin() (driver.Tx, error)                                    { return d, nil }
func (d *database) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return d, nil }
func (d *database) Commit() error                                                { return nil }
func (d *database) Rollback() error                                              { return nil }

func (d *database) ExecContext(_ context.Context, text string, _ []driver.NamedValue) (driver.Result, error) {
	*d = append(*d, text)
	return driver.RowsAffected(0), nil
}

func (d *database) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return new(one), nil
}

// one is a single row of a single 1.
type one bool

func (*one) Columns() []string { return []string{"one"} }
func (*one) Close() error      { return nil }

func (o *one) Next(row []driver.Value) error {
	if *o {
		return io.EOF
	}
	*o, row[0] = true, int64(1)
	return nil
}
