// Package sqlrepo keeps a key ring in a table of a SQL database, row for row as
// ASP.NET Core does (Microsoft.AspNetCore.DataProtection.EntityFrameworkCore), so
// that processes on both runtimes can share it.
//
//	db, err := sql.Open("pgx", "postgres://app@db/app")
//	repo, err := sqlrepo.New(db, sqlrepo.PostgreSQL, sqlrepo.Options{})
//	ring, err := keyring.Open(ctx, repo, keyring.Options{})
//
// It needs database/sql and whichever driver the program brings. The table is
// the one that Entity Framework makes, "DataProtectionKeys" with the columns Id,
// FriendlyName and Xml, and nothing about it is changed: no index, no column, no
// constraint. To what .NET does the package adds that no name is stored twice,
// that elements can be removed and replaced, and that nodes see changes.
//
// That a name is stored once is assured by a lock that all nodes of this package
// take while they look and write, whatever the isolation of the database: an
// advisory lock on PostgreSQL, GET_LOCK on MySQL and MariaDB, an immediate
// transaction on SQLite, sp_getapplock on SQL Server. Each has one name for all
// tables, since a ring is written to a few times a year. .NET takes no lock, and
// gives each element a name that is new; a Galera cluster with several writing
// nodes has a lock on each of them.
//
// Tested with PostgreSQL 15, MariaDB 10.11 and SQLite 3. What there is for SQL
// Server follows its documentation and has never been run.
package sqlrepo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"dataprotection.example/internal/elementtext"
	"dataprotection.example/xmlrepo"
)

// Options configures a [Table]. The zero value is where Entity Framework Core
// has it.
type Options struct {
	// Schema of the table. Empty means the one that the connection is in. On
	// MySQL it is a database, on SQLite an attached file.
	Schema string

	// Table and its columns. Empty means "DataProtectionKeys", "Id",
	// "FriendlyName" and "Xml". Applications that name things in snake case
	// have "data_protection_keys", "id", "friendly_name" and "xml".
	Table, IDColumn, NameColumn, XMLColumn string

	// PollInterval is how often Watch looks whether something has changed;
	// up to 20 % is taken off at random. Zero means 5 s.
	PollInterval time.Duration

	// Timeout is how long the database may take to answer. After that a call
	// fails although its context has not ended, a call that writes after a
	// minute more, which it waits for other writers. Without it a database
	// that is stuck, or a network that loses everything, would not be noticed.
	// Zero means 10 s.
	Timeout time.Duration

	// Listen makes Watch hear at once of what other nodes of this package
	// write. It is for PostgreSQL, where every write is followed by NOTIFY on
	// Channel; LISTEN is nothing that database/sql knows of, so it takes the
	// driver to do it. Listen gets the channel, calls heard when it listens
	// and after every notification, and returns when ctx is done or the
	// connection is lost; then Watch calls it again. Package pgxlisten does
	// that with pgx. Nil means that looking has to do.
	Listen func(ctx context.Context, channel string, heard func()) error

	// Channel of NOTIFY. Empty means "DataProtectionKeys".
	Channel string

	// Logger hears when Listen fails. Nil is silent.
	Logger *slog.Logger
}

// Table is a table of elements. It is also a Remover, a Replacer, a Watcher, a
// Fingerprinter and Located. It is the sibling of .NET's EntityFrameworkCoreXmlRepository.
//
// Reading: every row is one element, in the order of their ids. As in .NET rows
// whose Xml is NULL or empty do not count, and an XML declaration may stand before
// the element, whatever encoding that names, or white space. A byte order mark,
// with which .NET fails, is skipped here. A row that holds anything else makes the
// read fail, with an *xmlrepo.FileError whose Path tells its id, such as "sql
// table DataProtectionKeys, Id 3", and is ErrMalformed. That there is no table is
// an error too.
//
// The name of an element is its FriendlyName, and where that does not pass
// xmlrepo.CheckName it comes from the content, as ASP.NET Core would have it. One
// name may occur again, because .NET does not look before it writes. Of rows with
// the same name and the same element Elements returns one, of different elements
// of one name all; those behind the first have a part of their hash in their name.
type Table struct {
	db      *sql.DB
	dialect Dialect
	names   names
	text    statements
	poll    time.Duration
	timeout time.Duration
	listen  func(ctx context.Context, channel string, heard func()) error
	channel string
	log     *slog.Logger
}

// New returns the table that opts name, in the database behind db. It does not
// talk to it. db stays the caller's, to be closed after every use of the table has
// ended, watches included.
//
// A pool of one connection is enough. With SQLite every connection must be to the
// same file; ":memory:" wants a pool of one.
func New(db *sql.DB, dialect Dialect, opts Options) (*Table, error) {
	if db == nil {
		return nil, errors.New("sqlrepo: there is no database")
	}
	if opts.PollInterval < 0 || opts.Timeout < 0 {
		return nil, errors.New("sqlrepo: Options.PollInterval or Options.Timeout is negative")
	}
	t := &Table{db: db, dialect: dialect, poll: opts.PollInterval, timeout: opts.Timeout, listen: opts.Listen, channel: opts.Channel, log: opts.Logger}
	t.names = names{
		schema: opts.Schema,
		table:  or(opts.Table, "DataProtectionKeys"),
		id:     or(opts.IDColumn, "Id"),
		name:   or(opts.NameColumn, "FriendlyName"),
		xml:    or(opts.XMLColumn, "Xml"),
	}
	t.channel = or(t.channel, "DataProtectionKeys")
	if t.poll == 0 {
		t.poll = 5 * time.Second
	}
	if t.timeout == 0 {
		t.timeout = 10 * time.Second
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	var err error
	t.text, err = dialect.statements(t.names)
	return t, err
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Name returns the name of the table.
func (t *Table) Name() string { return t.names.table }

// Location implements xmlrepo.Located: "sql table" and the name.
func (t *Table) Location() string { return "sql table " + t.names.table }

// Exists reports whether there is a table that this connection may know of. On
// MySQL that takes some right to it.
func (t *Table) Exists(ctx context.Context) (bool, error) {
	var n int
	err := t.patiently(ctx, t.timeout, func(ctx context.Context) error { return t.db.QueryRowContext(ctx, t.text.exists).Scan(&n) })
	return n > 0, t.fault("look for", err)
}

// row is a row of the table.
type row struct {
	id        int64
	name, xml sql.NullString
}

// querier is what can run statements: the database, a connection or a
// transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Elements implements Repository.
func (t *Table) Elements(ctx context.Context) ([]xmlrepo.Element, error) {
	found, err := t.read(ctx, "read")
	if err != nil {
		return nil, err
	}
	return elements(found.elements), nil
}

// contents is what the table holds.
type contents struct {
	elements []elementtext.Element
	ids      []int64 // of the rows that the elements' Values are positions of
}

// rowsOf returns the ids of the rows that hold e.
func (c contents) rowsOf(e *elementtext.Element) []int64 {
	ids := make([]int64, len(e.Values))
	for i, at := range e.Values {
		ids[i] = c.ids[at]
	}
	return ids
}

// read reads the table from outside of any transaction.
func (t *Table) read(ctx context.Context, what string) (c contents, err error) {
	if err := ctx.Err(); err != nil {
		return c, t.fault(what, err)
	}
	err = t.patiently(ctx, t.timeout, func(ctx context.Context) error {
		rows, err := t.rows(ctx, t.db)
		if err != nil {
			return t.fault(what, err)
		}
		c, err = t.understand(rows) // has a place of its own to name
		return err
	})
	return c, err
}

func (t *Table) rows(ctx context.Context, q querier) ([]row, error) {
	result, err := q.QueryContext(ctx, t.text.list)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	var list []row
	for result.Next() {
		var r row
		if err := result.Scan(&r.id, &r.name, &r.xml); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, result.Err()
}

// understand returns the elements in rows. The error is for the first row that
// holds none; the others are returned even then.
func (t *Table) understand(rows []row) (contents, error) {
	var c contents
	var values []elementtext.Value
	for _, r := range rows {
		if r.xml.String == "" {
			continue
		}
		v := elementtext.Value{Text: r.xml.String, Location: fmt.Sprintf("%s, Id %d", t.Location(), r.id)}
		if xmlrepo.CheckName(r.name.String) == nil {
			v.Name = r.name.String
		}
		values = append(values, v)
		c.ids = append(c.ids, r.id)
	}
	var err error
	c.elements, err = elementtext.Read(values)
	var malformed *elementtext.Error
	if errors.As(err, &malformed) {
		err = &xmlrepo.FileError{Path: malformed.Location, Err: xmlrepo.Malformed(malformed.Err)}
	}
	return c, err
}

func elements(found []elementtext.Element) []xmlrepo.Element {
	list := make([]xmlrepo.Element, len(found))
	for i, e := range found {
		list[i] = xmlrepo.Element{Name: e.Name, XML: e.XML, Location: e.Location}
	}
	return list
}

// fault says what failed, and where.
func (t *Table) fault(what string, err error) error {
	if err == nil {
		return nil
	}
	return &tableError{what, t.Location(), err}
}

type tableError struct {
	what, place string
	err         error
}

func (e *tableError) Error() string {
	return "sqlrepo: " + e.what + " " + e.place + ": " + strings.TrimPrefix(e.err.Error(), "xmlrepo: ")
}

func (e *tableError) Unwrap() error { return e.err }
