package keyring_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// trouble is something that befalls the key directory of an open ring.
type trouble struct {
	name  string
	spoil func(t *testing.T, dir string) (mend func() error)
	code  keyring.Code
	file  string // at fault, in the directory; empty: the directory itself
	opens bool   // another ring
}

func rename(t *testing.T, from, to string) (back func() error) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	return func() error { return os.Rename(to, from) }
}

func drop(name, content string, mode os.FileMode) func(*testing.T, string) func() error {
	return func(t *testing.T, dir string) (mend func() error) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return func() error { return os.Remove(path) }
	}
}

// Whatever becomes of the directory, an open ring serves on, tells of it once,
// names the place, makes no key, and recovers.
func TestTroubleWithTheDirectory(t *testing.T) {
	const id = "00000000-0000-0000-0000-000000000001"
	for _, test := range []trouble{
		{name: "gone", code: keyring.CodeUnreadableStore, spoil: func(t *testing.T, dir string) func() error {
			return rename(t, dir, dir+".lost")
		}},
		{name: "emptied", code: keyring.CodeUnreadableStore, spoil: func(t *testing.T, dir string) func() error {
			files := keyFiles(t, dir)
			return rename(t, files[0], filepath.Join(filepath.Dir(dir), "taken.xml"))
		}},
		{name: "a file that is not XML", code: keyring.CodeMalformedElement, file: "junk.xml", spoil: drop("junk.xml", "<key", 0o600)},
		{name: "a broken revocation", code: keyring.CodeBrokenRevocation, file: "revocation-" + id + ".xml",
			spoil: drop("revocation-"+id+".xml", `<revocation version="1"><revocationDate>soon</revocationDate></revocation>`, 0o600)},
		{name: "a revocation cut short", code: keyring.CodeBrokenRevocation, file: "revocation-" + id + ".xml",
			spoil: drop("revocation-"+id+".xml", `<revocation version="1">`, 0o600)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.strike(t, filepath.Join(t.TempDir(), "keys"))
		})
	}
}

func keyFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "key-*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// syncBuffer is a log that may be read while it is written.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// strike lets it happen to a ring over dir, and then the time come at which a
// successor is due.
func (test trouble) strike(t *testing.T, dir string) {
	var ahead atomic.Int64
	var log syncBuffer
	var seen events
	opts := keyring.Options{
		Now:                  func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
		AllowUnencryptedKeys: true, GenerationDelay: -1, OnEvent: seen.add,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	}
	store := func() *xmlrepo.Dir {
		d, err := xmlrepo.NewDir(dir, xmlrepo.DirOptions{PollInterval: 200 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	r := open(t, store(), opts)
	k, body := seal(t, r)

	mend := test.spoil(t, dir)
	ahead.Store(int64(89 * day))
	for range 3 {
		if err := r.Refresh(t.Context()); err == nil {
			t.Fatal("nothing failed")
		}
	}
	if s := r.Snapshot(); defaultID(t, r) != k.ID || len(s.Keys()) != 1 || s.Fallback() {
		t.Errorf("it goes on with the keys %v", s.Keys())
	}
	unseal(t, r, k, body)
	at := filepath.Join(dir, test.file)
	if h := r.Health(); !h.Ready || h.Err == nil || len(h.Findings) != 1 || h.Findings[0].Code != test.code || h.Findings[0].File != at {
		t.Errorf("health %+v, want %s at %s", h, test.code, at)
	}
	other := opts
	other.RequireExistingKeys, other.DisableAutomaticKeyGeneration, other.Logger, other.OnEvent = true, true, nil, nil
	if r, err := keyring.Open(t.Context(), store(), other); err == nil {
		r.Close()
		if !test.opens {
			t.Error("another ring opens")
		}
	} else if test.opens || !strings.Contains(err.Error(), at) {
		t.Errorf("another ring: %v, want %s", err, at)
	}
	if n := len(keyFiles(t, dir)); n > 1 {
		t.Errorf("%d keys: one was made", n)
	}

	if err := mend(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); r.Health().Err != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not recover: %v", r.Health().Err)
		}
	}
	if n := len(keyFiles(t, dir)); n != 2 {
		t.Errorf("%d keys, want the one from before and the successor that was due", n)
	}
	unseal(t, r, k, body)
	if err := errors.Join(r.Refresh(t.Context()), r.Close()); err != nil {
		t.Error(err)
	}
	if got, want := seen.take(), "ring.failed key.created ring.recovered"; got != want {
		t.Errorf("it told of %q, want %q", got, want)
	}
	if n := strings.Count(log.String(), "\n"); n != 4 { // and that it has opened
		t.Errorf("the log has %d lines:\n%s", n, log.String())
	}
}
