package sqltest

import (
	"io"
	"log"
	"testing"

	"github.com/go-sql-driver/mysql"

	"dataprotection.example/internal/servertest"
	"dataprotection.example/xmlrepo/sqlrepo"
)

func TestMariaDB(t *testing.T) {
	t.Parallel()
	_ = mysql.SetLogger(log.New(io.Discard, "", 0)) // it complains of every connection that a test takes from it
	server := servertest.MariaDB(t)
	run(t, database{sqlrepo.MySQL, "mysql", server.MySQLDSN(), server})
}
