package sqlrepo_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"

	"dataprotection.example/xmlrepo/sqlrepo"
)

// With LISTEN a change is known within milliseconds, at the price of one more
// connection for each node.
func ExampleOptions_listen() {
	const url = "postgres://app@db/app"
	db, err := sql.Open("pgx", url)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	repo, err := sqlrepo.New(db, sqlrepo.PostgreSQL, sqlrepo.Options{Listen: listen(url)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(repo.Name())
	// Output: DataProtectionKeys
}

// listen returns what Options.Listen wants, for pgx.
func listen(url string) func(ctx context.Context, channel string, heard func()) error {
	return func(ctx context.Context, channel string, heard func()) error {
		conn, err := pgx.Connect(ctx, url)
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
