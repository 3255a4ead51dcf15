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
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"

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
	return config, nil
}

// openSQLite never makes the file but for its first table, and then for its owner
// alone.
func (p *program) openSQLite(ctx context.Context, l location, o storeOptions) (*store, error) {
	query := l.url.Query()
	query.Set("mode", "rw")
	query.Add("_pragma", "busy_timeout("+strconv.FormatInt(connectTime.Milliseconds(), 10)+")")
	source := url.URL{Scheme: "file", Path: l.path, OmitHost: true, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", source.String())
	if err != nil {
		return nil, usagef("the URL of the SQLite file: %w", err)
	}
	place := l.place("sqlite", "", l.path)
	if _, err := os.Stat(l.path); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		s, err := p.newTable(db, sqlrepo.SQLite, l.tableOptions(o), place)
		if err != nil {
			return nil, err
		}
		s.absent = true
		makeTable := s.begin
		s.begin = func(ctx context.Context) error {
			f, err := os.OpenFile(l.path, os.O_CREATE|os.O_RDWR, 0o600)
			if err != nil {
				return err
			}
			if err := f.Close(); err != nil {
				return err
			}
			return makeTable(ctx)
		}
		return s, nil
	}
	return p.openTable(ctx, db, sqlrepo.SQLite, l.tableOptions(o), place)
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
	there, err := s.repo.(*sqlrepo.Table).Exists(ctx)
	if err != nil {
		return nil, s.unreachable(err)
	}
	s.absent = !there
	return s, nil
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
