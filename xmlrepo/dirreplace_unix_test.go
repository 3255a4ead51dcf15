//go:build unix

package xmlrepo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Who could read the old file can read the new one.
func TestDirReplaceKeepsAccess(t *testing.T) {
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o444, 0o400, 0o664} {
		d := openDir(t)
		write(t, d, "key-1.xml", "<a/>")
		path := filepath.Join(d.path, "key-1.xml")
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		wantOwner := os.Getuid()
		if wantOwner == 0 {
			wantOwner = 65534
			if err := os.Chown(path, wantOwner, 65533); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Replace(t.Context(), elementOf(t, d, "key-1"), Element{Name: "key-1", XML: []byte("<b />")}); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		owner := info.Sys().(*syscall.Stat_t)
		if info.Mode() != mode || int(owner.Uid) != wantOwner || wantOwner == 65534 && owner.Gid != 65533 && os.Getuid() == 0 {
			t.Errorf("mode %v, owner %d:%d; want %v and %d", info.Mode(), owner.Uid, owner.Gid, mode, wantOwner)
		}
	}
}

// A user who may not give the new file its old owner leaves the old file where
// it is.
func TestDirReplaceNotPermitted(t *testing.T) {
	const folder = "XMLREPO_TEST_FOLDER"
	if os.Getenv(childVar) == "" {
		if os.Getuid() != 0 {
			t.Skip("only root can make a file of somebody else")
		}
		parent, err := os.MkdirTemp("", "xmlrepo") // not t.TempDir, which others may not enter
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(parent) })
		if err := os.Chmod(parent, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(parent, "key-1.xml"), []byte("<a/>"), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Setenv(folder, parent)
	}
	if !inChild(t, "unprivileged") {
		return
	}
	d, err := NewDir(os.Getenv(folder), DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Replace(t.Context(), elementOf(t, d, "key-1"), Element{Name: "key-1", XML: []byte("<b />")})
	wantFault(t, err, filepath.Join(d.path, "key-1.xml"))
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "owner") {
		t.Errorf("got %v", err)
	}
	if e := elementOf(t, d, "key-1"); string(e.XML) != "<a />" {
		t.Errorf("the file holds %s", e.XML)
	}
	if left := files(t, d); len(left) != 1 {
		t.Errorf("the directory holds %q", left)
	}
}
