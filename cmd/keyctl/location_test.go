package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Whatever somebody takes for the address of a server: if it is none that keyctl
// knows, nothing is opened, no directory is made of it, and nothing of it is shown.
func TestWhatIsNoStore(t *testing.T) {
	const secret = "Leak1"
	c := newConsole(t, time.Date(2027, 3, 4, 12, 0, 0, 0, time.UTC))
	c.dir = ""
	t.Chdir(t.TempDir())
	for _, text := range []string{
		"o:Leak1@tcp(127.0.0.1:3306)/shop", "redis.internal:6379,ssl=true,user=node,password=Leak1",
		"Host=db;Username=u;Password=Leak1;Database=shop", "host=127.0.0.1 password='Leak 1 Leak1' dbname=shop",
		"redis//:Leak1@h/0", "postgres//o:Leak1@h/shop", ":Leak1@h:6379", "Leak1@h", "//o:Leak1@h/shop",
		"redis:/:Leak1@127.0.0.1:6379/0", "redis::Leak1@h", "redis://o:12/Leak1@h:6379/0", "redis://:12?Leak1@h:6379/0",
		"redis://:a#Leak1@h:6379", "redis://:%zzLeak1@h", "redis://h/Leak1:2", "redis:///:Leak1@h",
		"postgres://o:12/Leak1@h/shop", "postgres:///o:Leak1@h/shop", "postgres://o:Leak1 x@h/shop", "mysql://o:12/Leak1@h/shop",
		"ftp://u:Leak1@h/x", "rediss//u:Leak1@h", "file://u:Leak1@h/x", "sqlite://Leak1/x.db", "file:", "file:///", "",
		"redis://h/0?nonsense=1", "redis://h/x", "mysql://h/", "mysql://h", "sqlite:///x.db?mode=rwc", "file:///x?a=b", "env:", "env:NOT_SET",
	} {
		for name, args := range map[string][]string{
			"--store":       {"--store", text, "ensure"},
			"$KEYCTL_STORE": {"ensure"},
			"copy":          {"copy", text, "b", "--yes"},
			"a command":     {text},
		} {
			c.env["KEYCTL_STORE"] = ""
			if name == "$KEYCTL_STORE" {
				if c.env["KEYCTL_STORE"] = text; text == "" {
					continue // not set
				}
			}
			if name == "a command" && text == "" {
				continue
			}
			r := c.run("", args...)
			if r.status != exitUsage || strings.Contains(r.stdout+r.stderr, secret) {
				t.Errorf("%q as %s: status %d, %s", text, name, r.status, r.stderr)
			}
		}
	}
	if made, _ := filepath.Glob("*"); len(made) != 0 {
		t.Errorf("there are %q now", made)
	}
}

func TestLocations(t *testing.T) {
	abs := func(path string) string {
		abs, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		return abs
	}
	for text, want := range map[string]struct {
		kind kind
		path string
	}{
		"keys": {directory, "keys"}, "/srv/keys": {directory, "/srv/keys"}, "./a.b c": {directory, "./a.b c"}, "..": {directory, ".."},
		"file:///srv/keys": {directory, abs("/srv/keys")}, "file:keys": {directory, abs("keys")}, "file://localhost/srv/a%40b%3D": {directory, abs("/srv/a@b=")},
		"sqlite:///srv/ring.db?table=x": {sqliteTable, abs("/srv/ring.db")}, "sqlite:ring.db": {sqliteTable, abs("ring.db")},
		"redis://h": {redisList, ""}, "REDIS://:p%40@h:1/2?key=a%40b": {redisList, ""}, "rediss://u:p@h/0?addr=h2:6379": {redisList, ""},
		"postgres://u:p@h:1/db?sslmode=disable": {postgresTable, ""}, "postgresql:///db?host=/run/postgresql": {postgresTable, ""},
		"mysql://root@h:3306/db?socket=/run/x.sock": {mysqlTable, ""}, "mariadb://h/db": {mysqlTable, ""},
	} {
		l, err := parseStore(text)
		if err != nil || l.kind != want.kind || l.path != want.path {
			t.Errorf("%q is %+v, %v", text, l, err)
		}
	}
}
