package sqlrepo_test

import (
	"testing"

	_ "github.com/go-sql-driver/mysql"

	"dataprotection.example/internal/servertest"
	"dataprotection.example/xmlrepo/sqlrepo"
)

func TestMariaDB(t *testing.T) {
	server := servertest.MariaDB(t)
	run(t, database{sqlrepo.MySQL, "mysql", server.MySQLDSN(), server})
}
