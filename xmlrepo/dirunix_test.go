//go:build unix

package xmlrepo

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

func TestDirModes(t *testing.T) {
	for _, tt := range []struct {
		opts      DirOptions
		file, dir fs.FileMode
	}{
		{DirOptions{}, 0o600, 0o700},
		{DirOptions{Mode: 0o640, DirMode: 0o750}, 0o640, 0o750},
		{DirOptions{Mode: 0o666, DirMode: 0o777}, 0o666, 0o777},
	} {
		for _, umask := range []int{0, 0o022, 0o277} {
			path := filepath.Join(t.TempDir(), "parent", "keys")
			d, err := NewDir(path, tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			publish := d.link
			d.link = func(root *os.Root, from, to string) error {
				if info, err := root.Stat(from); err != nil || info.Mode() != tt.file {
					t.Errorf("before it is published the file has the mode %v (%v), want %v", info.Mode(), err, tt.file)
				}
				return publish(root, from, to)
			}
			// The umask is the process's; no other test of this package runs
			// at the same time.
			old := syscall.Umask(umask)
			err = d.Store(t.Context(), key1)
			syscall.Umask(old)
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range map[string]fs.FileMode{
				filepath.Join(path, "key-1.xml"): tt.file,
				path:                             fs.ModeDir | tt.dir,
				filepath.Dir(path):               fs.ModeDir | tt.dir,
			} {
				info, err := os.Stat(path)
				if err != nil || info.Mode() != want {
					t.Errorf("umask %#o: mode of %s is %v (%v), want %v", umask, path, info.Mode(), err, want)
				}
			}
		}
	}
}

func TestDirLeavesExistingDirectoriesAlone(t *testing.T) {
	parent := t.TempDir()
	if err := os.Chmod(parent, fs.ModeSetgid|0o775); err != nil {
		t.Fatal(err)
	}
	d, err := NewDir(filepath.Join(parent, "keys"), DirOptions{DirMode: 0o770})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Store(t.Context(), key1); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(parent); err != nil || info.Mode() != fs.ModeDir|fs.ModeSetgid|0o775 {
		t.Errorf("the parent's mode has become %v (%v)", info.Mode(), err)
	}
	if info, err := os.Stat(d.path); err != nil || info.Mode().Perm() != 0o770 {
		t.Errorf("mode %v (%v), want 0770", info.Mode(), err)
	} else if info.Mode()&fs.ModeSetgid == 0 && os.Getuid() == 0 {
		t.Error("the set-group-ID bit that comes from the parent is gone")
	}
}

// An NFS client that asks twice hears that a link cannot be made, or exists,
// although the server has made it.
func TestDirBelievesTheLinkCountOnNFS(t *testing.T) {
	for _, linkErr := range []error{syscall.EIO, syscall.EEXIST, syscall.ESTALE} {
		d := openDir(t)
		d.link = func(root *os.Root, from, to string) error {
			if err := root.Link(from, to); err != nil {
				t.Fatal(err)
			}
			return linkErr
		}
		d.rename = func(*os.Root, string, string) error {
			t.Error("renamed although the link was made")
			return syscall.EIO
		}
		if err := d.Store(t.Context(), key1); err != nil {
			t.Errorf("Store when the link was made and reported as %v: %v", linkErr, err)
		}
		if got := files(t, d); !slices.Equal(got, []string{"key-1.xml"}) {
			t.Errorf("the directory holds %q", got)
		}
	}
}
