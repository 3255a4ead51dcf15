package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/servertest"
)

// secretOfServers must never be seen.
const secretOfServers = "s3cr3t-p4ss"

// kept is a store.
type kept struct {
	url    string
	table  bool               // it is made by --create-table
	server *servertest.Server // nil for files
}

// stores runs a test over every kind of store, each empty.
func stores(t *testing.T, test func(t *testing.T, c *console, s kept)) {
	for name, start := range map[string]func(t *testing.T) kept{
		"Directory": func(t *testing.T) kept {
			return kept{url: "file://" + filepath.ToSlash(t.TempDir()) + "/ring%3F"}
		},
		"SQLite": func(t *testing.T) kept {
			return kept{url: "sqlite://" + filepath.ToSlash(t.TempDir()) + "/a%20ring%3F.db", table: true}
		},
		"Redis": func(t *testing.T) kept {
			server := servertest.Redis(t, "--appendonly", "yes", "--requirepass", secretOfServers)
			return kept{url: "redis://:" + secretOfServers + "@" + server.Addr + "/3", server: server}
		},
		"PostgreSQL": func(t *testing.T) kept {
			server := servertest.Postgres(t)
			return kept{url: "postgres://postgres:" + secretOfServers + "@" + server.Addr + "/postgres?sslmode=disable", table: true, server: server}
		},
		"MariaDB": func(t *testing.T) kept {
			server := servertest.MariaDB(t)
			return kept{url: "mysql://root@" + server.Addr + "/test", table: true, server: server}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newConsole(t, time.Date(2027, 3, 4, 12, 0, 0, 0, time.UTC))
			s := start(t)
			c.dir, c.env["KEYCTL_STORE"] = "", s.url
			test(t, c, s)
		})
	}
}

// create begins the ring of a console.
func (s kept) create(c *console, args ...string) (id string) {
	c.t.Helper()
	args = append([]string{"create"}, args...)
	if s.table {
		args = append(args, "--create-table")
	}
	return strings.TrimSpace(c.must(exitDone, "", args...).stdout)
}

// An incident from beginning to end, on every store alike.
func TestEveryCommandOnEveryStore(t *testing.T) {
	stores(t, func(t *testing.T, c *console, s kept) {
		for _, args := range [][]string{{"list"}, {"default"}, {"delete", "--expired-before", "now"}, {"revoke", "--all", "--yes"}, {"show", "5d2d2bd8-9c5f-4b0c-8b62-0d2c3a1f6a77"}} {
			if r := c.must(exitFailed, "", args...); !strings.Contains(r.stderr, "--create-table") == s.table {
				t.Errorf("%s before there is a ring: %s", args, r.stderr)
			}
		}
		c.must(exitUnmet, "", "doctor")
		if s.table {
			if r := c.must(exitFailed, "", "create"); !strings.Contains(r.stderr, "hint: if this is the right database, --create-table makes it") {
				t.Errorf("no table: %s", r.stderr)
			}
			c.must(exitFailed, "x", "protect", "--purpose", "p")
			c.must(exitFailed, "", "ensure")
		}
		first := s.create(c)
		second := s.create(c, "--activate", "+7d") // there is a table, and no harm in asking for it
		payload := c.must(exitDone, "three apples", "protect", "--app", "shop", "--purpose", "cart").stdout
		if got := c.must(exitDone, payload, "unprotect", "--app", "shop", "--purpose", "cart").stdout; got != "three apples" {
			t.Errorf("it opens as %q", got)
		}
		if v := c.object(exitDone, payload, "inspect"); v["id"] != first || v["isDefault"] != true {
			t.Errorf("inspect: %v", v)
		}
		if v := c.object(exitDone, "", "ensure"); v["acted"] != false || v["default"] != first {
			t.Errorf("ensure: %v", v)
		}
		if v := c.object(exitDone, "", "show", second); v["state"] != "created" || v["name"] != "key-"+second || v["location"] == "" {
			t.Errorf("show: %v", v)
		}
		c.must(exitDone, "", "doctor", "--unencrypted")
		if got := c.object(exitDone, "", "revoke", first, "--reason", "laptop stolen")["names"]; len(got.([]any)) != 1 {
			t.Errorf("revoke: %v", got)
		}
		c.must(exitFailed, payload, "unprotect", "--app", "shop", "--purpose", "cart")
		if v := c.object(exitUnmet, "", "default"); v["default"] != nil {
			t.Errorf("default: %v", v)
		}
		third := s.create(c, "--activate", "now", "--lifetime", "1d")
		c.now = c.now.Add(48 * time.Hour)
		if v := c.object(exitDone, "", "delete", third, "--yes"); len(v["names"].([]any)) != 1 {
			t.Errorf("delete: %v", v)
		}
		if v := c.object(exitDone, "", "revoke", "--all", "--yes"); len(v["revoked"].([]any)) != 1 || len(v["already"].([]any)) != 1 {
			t.Errorf("revoke --all: %v", v)
		}
		var states []string
		for _, v := range c.list() {
			states = append(states, v["state"].(string))
		}
		if got := strings.Join(states, " "); got != "revoked revoked" {
			t.Errorf("in the end the keys are %s", got)
		}
	})
}

// list returns what list prints.
func (c *console) list() (all []map[string]any) {
	c.t.Helper()
	if err := json.Unmarshal([]byte(c.must(exitDone, "", "list", "-o", "json").stdout), &all); err != nil {
		c.t.Fatal(err)
	}
	return all
}

// Keys are encrypted where they are, once there is a place for the backup.
func TestRewrapOnEveryStore(t *testing.T) {
	stores(t, func(t *testing.T, c *console, s kept) {
		s.create(c)
		payload := c.must(exitDone, "three apples", "protect", "--purpose", "p").stdout
		certificate, backup := filepath.Join(t.TempDir(), "ring.pem"), filepath.Join(t.TempDir(), "backup")
		c.must(exitDone, "", "certificate", "new", certificate)
		if s.url[:4] != "file" {
			if r := c.must(exitUsage, "", "rewrap", "--to", certificate, "--yes"); !strings.Contains(r.stderr, "--backup is missing") {
				t.Errorf("no backup: %s", r.stderr)
			}
		}
		if v := c.object(exitDone, "", "rewrap", "--to", certificate, "--yes", "--backup", backup); len(v["rewrapped"].([]any)) != 1 || v["backup"] != backup {
			t.Errorf("rewrap: %v", v)
		}
		if v := c.list()[0]; v["encryptedAtRest"] != true {
			t.Errorf("the key is %v", v)
		}
		if got := c.must(exitDone, payload, "--certificate", certificate, "unprotect", "--purpose", "p").stdout; got != "three apples" {
			t.Errorf("it opens as %q", got)
		}
		c.env["KEYCTL_STORE"], c.dir = "", backup
		if v := c.list()[0]; v["encryptedAtRest"] != false {
			t.Errorf("the backup is %v", v)
		}
	})
}

// A watch hears of what another process does, and outlives an outage.
func TestWatchOnEveryStore(t *testing.T) {
	stores(t, func(t *testing.T, c *console, s kept) {
		if s.table {
			s.create(c, "--activate", "+1d") // a watch waits for a list, not for a table to be made
		}
		ctx, cancel := context.WithCancel(t.Context())
		out, in := io.Pipe()
		notes, noteIn := io.Pipe()
		p := &program{
			stdin: strings.NewReader(""), stdout: in, stderr: noteIn, now: time.Now,
			getenv:     func(name string) string { return c.env[name] },
			isTerminal: func(any) bool { return false },
			fileSystem: func(string) string { return "" },
			ownLayer:   func(string) string { return "" },
		}
		ended := make(chan int)
		go func() {
			ended <- p.run(ctx, []string{"watch", "--poll", "200ms", "-o", "json"})
			in.Close()
		}()
		begun := bufio.NewScanner(notes)
		for begun.Scan() && !strings.Contains(begun.Text(), "watching") && !strings.Contains(begun.Text(), "waiting for it") {
		}
		go io.Copy(io.Discard, notes)
		events := json.NewDecoder(out)
		await := func(event, id string) {
			t.Helper()
			for {
				var v eventView
				if err := events.Decode(&v); err != nil {
					t.Fatalf("waiting for %s: %v", event, err)
				}
				if v.Event == event && (id == "" || orElse(v.ID, "") == id) {
					return
				}
			}
		}
		c.now = time.Now()
		id := s.create(c, "--activate", "now")
		await("key.created", id)
		if s.server != nil {
			s.server.Kill()
			await("ring.failed", "")
			if r := c.must(exitFailed, "", "list"); !strings.Contains(r.stderr, "hint: is the server up") {
				t.Errorf("a server that is down: %s", r.stderr)
			}
			c.must(exitFailed, "", "revoke", id)
			s.server.Start()
			await("ring.recovered", "")
		}
		c.must(exitDone, "", "revoke", id)
		await("key.revoked", id)
		cancel()
		go io.Copy(io.Discard, out)
		if status := <-ended; status != exitDone {
			t.Errorf("the watch ended with %d", status)
		}
	})
}

// A store as a whole is named once, in a form that finds it again when the
// password is added.
func TestPlaces(t *testing.T) {
	stores(t, func(t *testing.T, c *console, s kept) {
		s.create(c)
		r := c.must(exitUnmet, "", "revoke", "--all", "--before", "-1000d", "--yes")
		place := regexp.MustCompile(`no key in (\S+) is to be revoked`).FindStringSubmatch(r.stderr)
		if place == nil {
			t.Fatalf("no place in %s", r.stderr)
		}
		again := place[1]
		if s.server != nil {
			scheme, rest, _ := strings.Cut(again, "://")
			user, _, _ := strings.Cut(strings.TrimPrefix(s.url, scheme+"://"), "@")
			again = scheme + "://" + user + "@" + rest
			if scheme == "postgres" {
				again += "?sslmode=disable"
			}
		}
		c.env["KEYCTL_STORE"] = again
		if n := len(c.list()); n != 1 {
			t.Errorf("%s has %d keys", again, n)
		}
	})
}

// A ring goes into every store and comes back with the same names and bytes; who
// asks again gets nothing twice.
func TestCopyThereAndBack(t *testing.T) {
	stores(t, func(t *testing.T, c *console, s kept) {
		home, back := filepath.Join(t.TempDir(), "home"), filepath.Join(t.TempDir(), "back")
		c.env["KEYCTL_STORE"], c.dir = "", home
		first := strings.TrimSpace(c.must(exitDone, "", "create").stdout)
		c.must(exitDone, "", "create", "--activate", "+7d")
		c.must(exitDone, "", "revoke", first, "--reason", "laptop stolen")
		c.must(exitDone, "", "revoke", "--all", "--before", "-1d", "--force", "--yes")
		payload := c.must(exitDone, "three apples", "protect", "--purpose", "p").stdout
		c.dir = ""
		for round, want := range []int{5, 0} {
			v := c.object(exitDone, "", "copy", home, s.url, "--create-table", "--yes")
			if n := len(v["names"].([]any)); n != want || v["verified"] != 5.0 || v["already"] != float64(5-want) {
				t.Errorf("round %d: %v", round, v)
			}
		}
		c.env["KEYCTL_STORE"] = s.url
		if got := c.must(exitDone, payload, "unprotect", "--purpose", "p").stdout; got != "three apples" {
			t.Errorf("it opens as %q", got)
		}
		c.env["THERE"], c.env["KEYCTL_STORE"] = s.url, ""
		c.must(exitDone, "", "copy", "env:THERE", back, "--yes")
		if want, got := files(t, home), files(t, back); !maps.Equal(got, want) {
			t.Errorf("%q came back as %q", want, got)
		}
	})
}

// files returns the files of a directory by their names.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(data)
	}
	return all
}
