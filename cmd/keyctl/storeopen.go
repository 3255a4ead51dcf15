package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"dataprotection.example/xmlrepo"
)

// storeOptions are those of a command that watches. The zero value is the store's
// own.
type storeOptions struct {
	poll   time.Duration
	logger *slog.Logger
}

// open finds a store, which need not hold anything yet.
func (p *program) open(ctx context.Context, l location, o storeOptions) (*store, error) {
	switch l.kind {
	case redisList:
		return p.openRedis(ctx, l, o)
	case postgresTable:
		return p.openPostgres(ctx, l, o)
	case mysqlTable:
		return p.openMySQL(ctx, l, o)
	case sqliteTable:
		return p.openSQLite(ctx, l, o)
	}
	dir, err := xmlrepo.NewDir(l.path, xmlrepo.DirOptions{Now: p.now, Mode: modeOfRing(l.path), PollInterval: o.poll, Logger: o.logger})
	if err != nil {
		return nil, err
	}
	s := &store{repo: dir, place: dir.Path(), dir: dir.Path(), what: "key directory", poll: orDefault(o.poll, defaultPoll)}
	_, err = os.Stat(s.dir)
	s.absent = errors.Is(err, fs.ErrNotExist)
	return s, nil
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
