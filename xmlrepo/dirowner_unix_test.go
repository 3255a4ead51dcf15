//go:build unix

package xmlrepo_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"dataprotection.example/xmlrepo"
)

// An operator who revokes as root must not leave a record that the servers,
// which run as somebody else, cannot read.
func TestDirRootWritesForTheOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	path := filepath.Join(t.TempDir(), "ring")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	const uid, gid = 65534, 65533
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
	d, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Store(t.Context(), xmlrepo.Element{Name: "key-x", XML: []byte("<key/>")}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(path, "key-x.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if st := info.Sys().(*syscall.Stat_t); st.Uid != uid || st.Gid != gid || info.Mode() != 0o600 {
		t.Errorf("the file belongs to %d:%d with mode %v, the directory to %d:%d", st.Uid, st.Gid, info.Mode(), uid, gid)
	}
}
