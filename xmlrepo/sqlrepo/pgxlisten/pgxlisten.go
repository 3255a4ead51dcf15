// Package pgxlisten lets the nodes of a farm hear at once of what they write to a
// ring in PostgreSQL, by LISTEN on a connection of pgx. It is a package of its own
// because package sqlrepo needs no driver.
//
//	config, err := pgx.ParseConfig(url)
//	repo, err := sqlrepo.New(db, sqlrepo.PostgreSQL, sqlrepo.Options{Listen: pgxlisten.New(config)})
package pgxlisten

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// New returns what sqlrepo.Options.Listen wants. It holds a connection of its own
// while somebody watches, which must be to the server itself: a pooler that gives
// each transaction another connection passes no notification on. config is copied,
// and stays the caller's.
func New(config *pgx.ConnConfig) func(ctx context.Context, channel string, heard func()) error {
	config = config.Copy()
	return func(ctx context.Context, channel string, heard func()) error {
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(ctx))
		if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
			return err
		}
		for {
			heard()
			if _, err := conn.WaitForNotification(ctx); err != nil {
				return err
			}
		}
	}
}
