package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// console is a keyctl inside the test, at an instant of its own.
type console struct {
	t          *testing.T
	dir        string // empty: what the environment says
	now        time.Time
	terminal   bool
	fileSystem string
	ownLayer   string
	env        map[string]string
}

func newConsole(t *testing.T, now time.Time) *console {
	return &console{t: t, dir: filepath.Join(t.TempDir(), "ring"), now: now, env: map[string]string{}}
}

// result is what one run of keyctl did.
type result struct {
	status         int
	stdout, stderr string
}

func (c *console) run(stdin string, args ...string) result {
	c.t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{
		stdin:      strings.NewReader(stdin),
		stdout:     &stdout,
		stderr:     &stderr,
		getenv:     func(name string) string { return c.env[name] },
		now:        func() time.Time { return c.now },
		isTerminal: func(any) bool { return c.terminal },
		fileSystem: func(string) string { return c.fileSystem },
		ownLayer:   func(string) string { return c.ownLayer },
	}
	if c.dir != "" {
		args = append([]string{"--dir", c.dir}, args...)
	}
	status := p.run(c.t.Context(), args)
	if text := stdout.String() + stderr.String(); strings.Contains(text, secretOfServers) {
		c.t.Errorf("keyctl %s shows a password:\n%s", args, text)
	}
	return result{status, stdout.String(), stderr.String()}
}

// must is run for what has to end with a status.
func (c *console) must(status int, stdin string, args ...string) result {
	c.t.Helper()
	r := c.run(stdin, args...)
	if r.status != status {
		c.t.Fatalf("keyctl %s: status %d, want %d\n%s", strings.Join(args, " "), r.status, status, r.stderr)
	}
	return r
}

// object runs keyctl and returns the JSON object that it prints.
func (c *console) object(status int, stdin string, args ...string) map[string]any {
	c.t.Helper()
	var v map[string]any
	r := c.must(status, stdin, append(args, "-o", "json")...)
	if err := json.Unmarshal([]byte(r.stdout), &v); err != nil {
		c.t.Fatalf("keyctl %s: %v in %s", strings.Join(args, " "), err, r.stdout)
	}
	return v
}

// addKey puts a key into the ring: id and three dates.
func (c *console) addKey(args ...string) {
	c.t.Helper()
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.dir, "key-"+args[0]+".xml"), keyXML(args...), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// TestStates: a state begins at its instant and not a tick before or after.
func TestStates(t *testing.T) {
	c := newConsole(t, noon)
	c.addKey("00000000-0000-0000-0000-000000000001", "2001-01-01T00:00:00Z", "2027-02-01T00:00:00Z", "2027-03-01T00:00:00Z")
	activation, expiration := time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, at := range []struct {
		now       time.Time
		state     string
		isDefault bool
	}{
		{activation.Add(-5*time.Minute - 100), "created", false},
		{activation.Add(-5 * time.Minute), "created", true}, // within the skew of the farm's clocks
		{activation.Add(-100), "created", true},
		{activation, "active", true},
		{expiration.Add(-100), "active", true},
		{expiration, "expired", false},
	} {
		c.now = at.now
		got := c.object(exitDone, "", "show", "00000000-0000-0000-0000-000000000001")
		if got["state"] != at.state || got["default"] != at.isDefault {
			t.Errorf("%v: state %v, default %v", at.now, got["state"], got["default"])
		}
	}
}

// TestCreateAtAnInstant: all dates of a key follow from one reading of the clock.
func TestCreateAtAnInstant(t *testing.T) {
	c := newConsole(t, noon.Add(99))
	first := c.object(exitDone, "", "create")
	for field, want := range map[string]string{
		"creationDate":   "2027-01-31T12:00:00.1234567Z",
		"activationDate": "2027-01-31T12:00:00.1234567Z",
		"expirationDate": "2027-05-01T12:00:00.1234567Z",
	} {
		if first[field] != want {
			t.Errorf("%s is %v, want %v", field, first[field], want)
		}
	}
	second := c.object(exitDone, "", "create", "--lifetime", "1d12h")
	if second["activationDate"] != "2027-02-02T12:00:00.1234567Z" || second["expirationDate"] != "2027-02-04T00:00:00.1234567Z" {
		t.Errorf("got %v", second)
	}
	third := c.object(exitDone, "", "create", "--activate", "+1h", "--expire", "+2h")
	if third["activationDate"] != "2027-01-31T13:00:00.1234567Z" || third["expirationDate"] != "2027-01-31T14:00:00.1234567Z" {
		t.Errorf("got %v", third)
	}
}

// TestQuestion: only a clear yes is one; the end of input is none.
func TestQuestion(t *testing.T) {
	for answer, want := range map[string]int{
		"y\n": exitDone, "YES\n": exitDone, " yes \r\n": exitDone, "yes": exitDone,
		"": exitFailed, "\n": exitFailed, "n\n": exitFailed, "yess\n": exitFailed, "no\nyes\n": exitFailed,
	} {
		c := newConsole(t, noon)
		c.must(exitDone, "", "create")
		c.terminal = true
		if got := c.run(answer, "revoke", "--all"); got.status != want {
			t.Errorf("%q: status %d, want %d", answer, got.status, want)
		}
		c.terminal = false
		revoked := strings.Contains(c.must(exitDone, "", "list").stdout, "revoked")
		if revoked != (want == exitDone) {
			t.Errorf("%q: revoked is %v", answer, revoked)
		}
	}
}

// TestPreviewIsShort: a screenful of keys, and how many more.
func TestPreviewIsShort(t *testing.T) {
	c := newConsole(t, noon)
	for range 23 {
		c.must(exitDone, "", "create")
	}
	r := c.must(exitUsage, "", "revoke", "--all")
	if n := strings.Count(r.stderr, "\n"); n > 30 || !strings.Contains(r.stderr, "… and 3 more") || !strings.Contains(r.stderr, "23 keys") {
		t.Errorf("%d lines:\n%s", n, r.stderr)
	}
}
