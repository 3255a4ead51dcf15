//go:build unix

package xmlrepo

import (
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Root may read and write everything, so that this runs as nobody.
func TestDirPermissions(t *testing.T) {
	if !inChild(t, "unprivileged") {
		return
	}
	chmod := func(path string, mode fs.FileMode) {
		t.Helper()
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("file not readable", func(t *testing.T) {
		d := openDir(t)
		write(t, d, "a.xml", "<k/>")
		write(t, d, "b.xml", "<k/>")
		chmod(filepath.Join(d.path, "b.xml"), 0)
		list, err := d.Elements(t.Context())
		wantFault(t, err, filepath.Join(d.path, "b.xml"))
		if !errors.Is(err, fs.ErrPermission) || list != nil {
			t.Errorf("error %v and %d elements, want fs.ErrPermission and none", err, len(list))
		}
	})
	for mode, what := range map[fs.FileMode]string{0: "at all", 0o300: "for listing", 0o600: "for its files"} {
		t.Run("directory not open "+what, func(t *testing.T) {
			d := openDir(t)
			write(t, d, "a.xml", "<k/>")
			chmod(d.path, mode)
			t.Cleanup(func() { chmod(d.path, 0o700) })
			list, err := d.Elements(t.Context())
			if !errors.Is(err, fs.ErrPermission) || list != nil {
				t.Errorf("error %v and %d elements, want fs.ErrPermission and none", err, len(list))
			}
			if file := new(FileError); !errors.As(err, &file) || !strings.HasPrefix(file.Path, d.path) {
				t.Errorf("error %v, want a *FileError", err)
			}
		})
	}
	t.Run("parent not searchable", func(t *testing.T) {
		parent := openDir(t)
		d, err := NewDir(filepath.Join(parent.path, "keys"), DirOptions{})
		if err != nil {
			t.Fatal(err)
		}
		chmod(parent.path, 0o600)
		t.Cleanup(func() { chmod(parent.path, 0o700) })
		_, err = d.Elements(t.Context())
		if wantFault(t, err, d.path); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("error %v, want fs.ErrPermission and not a directory that is missing", err)
		}
	})
	t.Run("directory not writable", func(t *testing.T) {
		d := openDir(t)
		write(t, d, "a.xml", "<k/>")
		chmod(d.path, 0o500)
		t.Cleanup(func() { chmod(d.path, 0o700) })
		wantNames(t, d, "a")
		err := d.Store(t.Context(), key1)
		if wantFault(t, err, filepath.Join(d.path, "key-1.xml")); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("error %v, want fs.ErrPermission", err)
		}
		err = d.Remove(t.Context(), func(all []Element) []Element { return all })
		if wantFault(t, err, filepath.Join(d.path, "a.xml")); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("error %v, want fs.ErrPermission", err)
		}
		if err := d.Store(t.Context(), Element{Name: "a", XML: key1.XML}); !errors.Is(err, ErrExist) {
			t.Errorf("Store of a name that is taken: %v, want ErrExist even here", err)
		}
	})
	t.Run("parent not writable", func(t *testing.T) {
		parent := openDir(t)
		chmod(parent.path, 0o500)
		d, err := NewDir(filepath.Join(parent.path, "deep", "keys"), DirOptions{})
		if err != nil {
			t.Fatal(err)
		}
		wantNames(t, d)
		err = d.Store(t.Context(), key1)
		if wantFault(t, err, filepath.Join(parent.path, "deep")); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("error %v, want fs.ErrPermission", err)
		}
	})
}

// A write that fails in the middle leaves nothing behind. Here it is a limit on
// the size of files that makes it fail, in a process that has it to itself.
func TestDirWriteFails(t *testing.T) {
	if !inChild(t, "limited") {
		return
	}
	d := openDir(t)
	if err := d.Store(t.Context(), key1); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ) // an error shall come, and not a signal
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1000, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	err := d.Store(t.Context(), Element{Name: "large", XML: []byte("<k>" + strings.Repeat("x", 2000) + "</k>")})
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if wantFault(t, err, filepath.Join(d.path, "large.xml")); !errors.Is(err, syscall.EFBIG) {
		t.Errorf("error %v, want EFBIG", err)
	}
	if got := files(t, d); !slices.Equal(got, []string{"key-1.xml"}) {
		t.Errorf("the directory holds %q, want the element from before only", got)
	}
}
