package xmlrepo

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// openDir returns an existing, empty directory with little patience, for tests
// that want to see files in trouble fail.
func openDir(t testing.TB) *Dir {
	t.Helper()
	d, err := NewDir(t.TempDir(), DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d.waits = []time.Duration{0, time.Millisecond}
	return d
}

// write puts a file into the directory as a foreign writer would.
func write(t testing.TB, d *Dir, name, content string) {
	t.Helper()
	path := filepath.Join(d.path, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func link(t testing.TB, d *Dir, target, name string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(d.path, name)); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
}

// names returns the names of what Elements finds, in its order.
func names(t testing.TB, d *Dir) []string {
	t.Helper()
	list, err := d.Elements(t.Context())
	if err != nil {
		t.Fatalf("Elements: %v", err)
	}
	names := make([]string, 0, len(list))
	for _, e := range list {
		names = append(names, e.Name)
	}
	return names
}

func wantNames(t testing.TB, d *Dir, want ...string) {
	t.Helper()
	if got := names(t, d); !slices.Equal(got, want) {
		t.Errorf("elements %q, want %q", got, want)
	}
}

// wantFault checks that err names the file.
func wantFault(t testing.TB, err error, path string) *FileError {
	t.Helper()
	var file *FileError
	if !errors.As(err, &file) {
		t.Fatalf("error %v, want a *FileError for %s", err, path)
	}
	if file.Path != path {
		t.Fatalf("error %v names %s, want %s", err, file.Path, path)
	}
	return file
}

// files returns the names of everything in the directory.
func files(t testing.TB, d *Dir) []string {
	t.Helper()
	entries, err := os.ReadDir(d.path)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
