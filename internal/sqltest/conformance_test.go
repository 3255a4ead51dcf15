package sqltest

import (
	"testing"

	"dataprotection.example/internal/servertest"
	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/repotest"
	"dataprotection.example/xmlrepo/sqlrepo"
)

func testConformance(t *testing.T, d database) {
	db := d.connect(t)
	repotest.Run(t, func(t *testing.T) xmlrepo.Repository { return d.newTable(t, db) })
}

// One connection is enough for everything.
func testOneConnection(t *testing.T, d database) {
	db := d.connect(t)
	db.SetMaxOpenConns(1)
	repotest.Run(t, func(t *testing.T) xmlrepo.Repository { return d.newTable(t, db) })
}

func testShared(t *testing.T, d database) {
	dbA, dbB := d.connect(t), d.connect(t)
	repotest.RunShared(t, func(t *testing.T) (a, b xmlrepo.Repository) {
		opts := sqlrepo.Options{Table: newName()}
		table := d.table(t, dbA, opts)
		if err := table.CreateTable(t.Context()); err != nil {
			t.Fatal(err)
		}
		return table, d.table(t, dbB, opts)
	})
}

func testOutage(t *testing.T, d database) {
	if d.server == nil {
		return // a file has no connection to lose
	}
	db := d.connect(t)
	repotest.RunOutage(t, func(t *testing.T) repotest.Outage {
		direct := d.newTable(t, db)
		proxy := servertest.NewProxy(t, d.server.Addr)
		far := d.through(proxy)
		return repotest.Outage{
			Repo:   far.table(t, far.connect(t), sqlrepo.Options{Table: direct.Name()}),
			Direct: direct,
			Cut:    proxy.Cut,
			Down:   proxy.Down,
			Up: func() {
				if err := proxy.Up(); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}
