package farmtest

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Twenty processes open one empty directory at the same moment. What each
// protects opens on every other, and after one refresh all protect with the same
// key.
func TestFirstStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ring")
	const size = 20
	nodes := make([]*node, size)
	for i := range nodes {
		n, err := launch(dir, false)
		if err != nil {
			t.Fatal(err)
		}
		defer n.kill()
		nodes[i] = n
	}
	payloads := make([][]byte, size)
	for i, n := range nodes {
		if _, err := n.read(); err != nil {
			t.Fatal(err)
		}
		payloads[i] = n.ask(t, request{Op: "protect", Data: []byte("first")}).Data
	}
	for _, n := range nodes {
		for _, payload := range payloads {
			if r := n.ask(t, request{Op: "unprotect", Data: payload}); r.Error != "" {
				t.Errorf("a payload of another node does not open: %s", r.Text)
			}
		}
	}
	defaults := map[string]int{}
	for _, n := range nodes {
		if r := n.ask(t, request{Op: "refresh"}); r.Error != "" {
			t.Errorf("refresh: %s", r.Text)
		}
		defaults[n.ask(t, request{Op: "default"}).ID]++
	}
	if len(defaults) != 1 {
		t.Errorf("default keys after a refresh: %v", defaults)
	}
	keys := len(keyFiles(t, dir))
	t.Logf("%d processes made %d keys at their first start", size, keys)
	if keys > size/2 {
		t.Errorf("%d keys: the nodes do not wait for each other", keys)
	}
}

// keyFiles returns the names of the key files in a directory.
func keyFiles(t *testing.T, dir string) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "key-*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, path := range paths {
		names[filepath.Base(path)] = true
	}
	return names
}

// away moves every file of dir out of it, as a lost mount would, and returns
// what brings them back.
func away(t *testing.T, dir string) (back func()) {
	t.Helper()
	aside := dir + ".aside"
	if err := os.Rename(dir, aside); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			t.Errorf("%s was written into the emptied directory", e.Name())
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(aside, dir); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
