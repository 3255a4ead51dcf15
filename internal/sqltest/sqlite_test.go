package sqltest

import (
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"dataprotection.example/xmlrepo/sqlrepo"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	run(t, startSQLite(t))
}

// startSQLite returns a new file. Whether it would survive a power cut is not what
// is tested.
func startSQLite(t testing.TB) database {
	file := filepath.ToSlash(filepath.Join(t.TempDir(), "keys.db"))
	return database{sqlrepo.SQLite, "sqlite", "file:" + file + "?_pragma=synchronous(off)", nil}
}
