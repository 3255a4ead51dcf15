package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The steps of a run, in order; ids, dates and payloads are new every time.
var steps = []string{
	`read by Go\n`, `payload +CfDJ8OXnzjOkNz1N\S+ `, `plaintext +hello\n`,
	`A new key ring`, `key +[0-9a-f-]{36}\n`, `file +\S+key-[0-9a-f-]{36}\.xml\n`, `created +20`, `activates +20`, `expires +20`,
	`payload +CfDJ8[\w-]+\n`, `plaintext +three apples\n`,
	`flipped\n`, `refused +protector: the payload is invalid`,
	`revoked`, `file +\S+revocation-[0-9a-f-]{36}\.xml\n`, `refused +protector: key [0-9a-f-]{36}: the key has been revoked\n`,
	`new key +[0-9a-f-]{36}\n`,
}

func TestItCanBeRunAgain(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	ring := filepath.Join(t.TempDir(), "ring")
	seen := map[string]bool{}
	for range 2 {
		var out bytes.Buffer
		if err := show(t.Context(), &out, ring); err != nil {
			t.Fatal(err)
		}
		rest := out.String()
		for _, step := range steps {
			at := regexp.MustCompile(step).FindStringIndex(rest)
			if at == nil {
				t.Fatalf("%q does not follow; all of it:\n%s", step, &out)
			}
			rest = rest[at[1]:]
		}
		files, err := filepath.Glob(filepath.Join(ring, "*"))
		if err != nil || len(files) != 3 {
			t.Fatalf("the ring holds %v, %v; want two keys and a revocation", files, err)
		}
		for _, file := range files {
			if seen[file] {
				t.Errorf("%s is of the run before", file)
			}
			seen[file] = true
		}
	}
}

func TestReadOnly(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	ring := filepath.Join(root, folder, "ring")
	t.Chdir(root)
	t.Setenv("DATAPROTECTION_READ_ONLY", "1")
	before, _ := os.Stat(ring)
	if err := start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(ring); (before == nil) != (after == nil) || before != nil && !before.ModTime().Equal(after.ModTime()) {
		t.Error("the ring was touched")
	}
}

func TestItDeletesNothingOfOthers(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	ring := t.TempDir()
	kept := []string{"key-1.xml", "notes.txt"}
	for _, name := range kept {
		if err := os.WriteFile(filepath.Join(ring, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := show(t.Context(), &out, ring); err == nil || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("the error is %v, want one that names notes.txt", err)
	}
	for _, name := range kept {
		if _, err := os.Stat(filepath.Join(ring, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestItFindsItsFolder(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{root, filepath.Join(root, "keyring"), filepath.Join(root, "examples", "quickstart")} {
		if found, err := findRoot(from); err != nil || found != root {
			t.Errorf("from %s: %s, %v", from, found, err)
		}
	}
	if found, err := findRoot(t.TempDir()); err == nil {
		t.Errorf("outside a clone it finds %s", found)
	}
}
