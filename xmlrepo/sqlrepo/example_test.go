package sqlrepo_test

import (
	"database/sql"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"

	"dataprotection.example/xmlrepo/sqlrepo"
	"dataprotection.example/xmlrepo/sqlrepo/pgxlisten"
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
	config, err := pgx.ParseConfig(url)
	if err != nil {
		log.Fatal(err)
	}
	repo, err := sqlrepo.New(db, sqlrepo.PostgreSQL, sqlrepo.Options{Listen: pgxlisten.New(config)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(repo.Name())
	// Output: DataProtectionKeys
}
