package xmlrepo_test

import (
	"path/filepath"
	"testing"
	"time"

	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/repotest"
)

func TestMemory(t *testing.T) {
	repotest.Run(t, func(*testing.T) xmlrepo.Repository { return xmlrepo.NewMemory() })
}

func TestDir(t *testing.T) {
	repotest.Run(t, func(t *testing.T) xmlrepo.Repository {
		return newDir(t, filepath.Join(t.TempDir(), "keys"))
	})
}

func TestDirShared(t *testing.T) {
	repotest.RunShared(t, func(t *testing.T) (a, b xmlrepo.Repository) {
		path := filepath.Join(t.TempDir(), "parent", "keys")
		return newDir(t, path), newDir(t, path)
	})
}

// newDir returns a directory that has left every change behind by an hour, so
// that its fingerprint is never empty.
func newDir(t *testing.T, path string) *xmlrepo.Dir {
	d, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{
		Now: func() time.Time { return time.Now().Add(time.Hour) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}
