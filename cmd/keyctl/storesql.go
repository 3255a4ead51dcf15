package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo/sqlrepo"
	"dataprotection.example/xmlrepo/sqlrepo/pgxlisten"
)

// sqlPoll is how often sqlrepo looks by itself.
const sqlPoll = 5 * time.Second

func (p *program) openPostgres(ctx context.Context, l location, o storeOptions) (*store, error) {
	config, err := pgx.ParseConfig(l.url.String())
	if err != nil {
		return nil, usagef("the URL of the PostgreSQL server: %w", err)
	}
	config.ConnectTimeout = cmp.Or(config.ConnectTimeout, connectTime)
	options := l.tableOptions(o)
	options.Listen = pgxlisten.New(config)
	host := net.JoinHostPort(config.Host, fmt.Sprint(config.Port))
	if strings.HasPrefix(config.Host, "/") { // a socket
		host = url.PathEscape(config.Host)
	}
	return p.openTable(ctx, stdlib.OpenDB(*config), sqlrepo.PostgreSQL, options, l.place("postgres", host, "/"+config.Database))
}

func (p *program) openMySQL(ctx context.Context, l location, o storeOptions) (*store, error) {
	config, err := mysqlConfig(l.url)
	if err != nil {
		return nil, usagef("the URL of the MySQL server: %w", err)
	}
	if config.DBName == "" {
		return nil, usagef("the URL of the MySQL server names no database: mysql://host/database")
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, usagef("the URL of the MySQL server: %w", err)
	}
	host := config.Addr
	if config.Net == "unix" {
		host = url.PathEscape(host)
	}
	return p.openTable(ctx, sql.OpenDB(connector), sqlrepo.MySQL, l.tableOptions(o), l.place("mysql", host, "/"+config.DBName))
}

// mysqlConfig makes what the driver wants of a URL; socket=/path is ours.
func mysqlConfig(u *url.URL) (*mysql.Config, error) {
	query := u.Query()
	socket := query.Get("socket")
	query.Del("socket")
	config, err := mysql.ParseDSN("/?" + query.Encode())
	if err != nil {
		return nil, err
	}
	config.Net, config.Addr = "tcp", net.JoinHostPort(cmp.Or(u.Hostname(), "127.0.0.1"), cmp.Or(u.Port(), "3306"))
	if socket != "" {
		config.Net, config.Addr = "unix", socket
	}
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.DBName = strings.TrimPrefix(u.Path, "/")
	config.Logger = &mysql.NopLogger{} // what fails is told as an error, once
	config.Timeout = cmp.Or(config.Timeout, connectTime)
	config.ReadTimeout = cmp.Or(config.ReadTimeout, 2*time.Minute) // COMMIT knows no context; writers wait a minute for each other
	return config, nil
}

// openSQLite never makes the file but for its first table, and then for its owner
// alone.
func (p *program) openSQLite(ctx context.Context, l location, o storeOptions) (*store, error) {
	query := l.url.Query()
	switch mode := query.Get("mode"); mode {
	case "":
		query.Set("mode", "rw")
	case "ro", "rw":
	default:
		return nil, usagef("the URL of the SQLite file: mode= is ro or rw")
	}
	query.Add("_pragma", "busy_timeout("+strconv.FormatInt(connectTime.Milliseconds(), 10)+")")
	source := url.URL{Scheme: "file", Path: l.path, OmitHost: true, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", source.String())
	if err != nil {
		return nil, usagef("the URL of the SQLite file: %w", err)
	}
	place := l.place("sqlite", "", l.path)
	s, err := p.newTable(db, sqlrepo.SQLite, l.tableOptions(o), place)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(l.path); errors.Is(err, fs.ErrNotExist) {
		s.absent, s.file = true, l.path
		makeTable := s.begin
		s.begin = func(ctx context.Context) error { return errors.Join(makeFile(l.path), makeTable(ctx)) }
		return s, nil
	} else if err != nil {
		return nil, err
	}
	s.examine = func(context.Context) ([]keyring.Finding, error) { return examineFile(l.path), nil }
	return s, s.look(ctx)
}

// makeFile makes an empty file that its owner alone can read.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// examineFile looks at the mode of a file that holds a whole ring.
func examineFile(path string) []keyring.Finding {
	const others = 0o007
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" || info.Mode()&others == 0 {
		return nil
	}
	return []keyring.Finding{keyring.NewFinding(keyring.CodeLooseMode, path, fmt.Sprintf("the file is open to every user of the machine (%v)", info.Mode()))}
}

func (l location) tableOptions(o storeOptions) sqlrepo.Options {
	return sqlrepo.Options{
		Schema: l.parameter("schema"), Table: l.parameter("table"),
		IDColumn: l.parameter("id_column"), NameColumn: l.parameter("name_column"), XMLColumn: l.parameter("xml_column"),
		PollInterval: o.poll, Logger: o.logger,
	}
}

// openTable finds a table, which need not be there.
func (p *program) openTable(ctx context.Context, db *sql.DB, dialect sqlrepo.Dialect, o sqlrepo.Options, place string) (*store, error) {
	s, err := p.newTable(db, dialect, o, place)
	if err != nil {
		return nil, err
	}
	return s, s.look(ctx)
}

// look finds out whether the table is there.
func (s *store) look(ctx context.Context) error {
	there, err := s.repo.(*sqlrepo.Table).Exists(ctx)
	if err != nil {
		return s.unreachable(err)
	}
	s.absent = !there
	return nil
}

// newTable returns a table without looking for it.
func (p *program) newTable(db *sql.DB, dialect sqlrepo.Dialect, o sqlrepo.Options, place string) (*store, error) {
	p.atEnd(func() { _ = db.Close() })
	table, err := sqlrepo.New(db, dialect, o)
	if err != nil {
		return nil, err
	}
	return &store{repo: table, place: place, what: "table " + table.Name(), begin: table.CreateTable, poll: orDefault(o.PollInterval, sqlPoll)}, nil
}
