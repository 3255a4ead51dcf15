package xmlrepo

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mount mounts a tmpfs of 64 KiB over the directory, or skips the test.
func mount(t *testing.T, d *Dir) {
	t.Helper()
	if err := syscall.Mount("tmpfs", d.path, "tmpfs", 0, "size=64k,mode=0700"); err != nil {
		t.Skipf("a small file system cannot be mounted here (run as root to have it): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(d.path, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

func TestDirOnAFullDisk(t *testing.T) {
	d := openDir(t)
	mount(t, d)
	var stored []string
	for i := range 100 {
		e := Element{Name: fmt.Sprintf("key-%02d", i), XML: []byte("<k>" + strings.Repeat("x", 10_000) + "</k>")}
		err := d.Store(t.Context(), e)
		if err == nil {
			stored = append(stored, e.Name)
			continue
		}
		wantFault(t, err, filepath.Join(d.path, e.Name+".xml"))
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("error %v, want ENOSPC", err)
		}
		break
	}
	if len(stored) == 0 || len(stored) == 100 {
		t.Fatalf("%d elements were stored; want some, and then an error", len(stored))
	}
	wantNames(t, d, stored...)
	if got := files(t, d); len(got) != len(stored) {
		t.Errorf("after the error the directory holds %q", got)
	}
}

func TestDirOnAReadOnlyMount(t *testing.T) {
	d := openDir(t)
	mount(t, d)
	write(t, d, "a.xml", "<k/>")
	if err := syscall.Mount("", d.path, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	wantNames(t, d, "a")
	err := d.Store(t.Context(), key1)
	if wantFault(t, err, filepath.Join(d.path, "key-1.xml")); !errors.Is(err, syscall.EROFS) {
		t.Errorf("error %v, want EROFS", err)
	}
	if err := d.Store(t.Context(), Element{Name: "a", XML: key1.XML}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Store of a name that is taken: %v, want ErrExist even here", err)
	}
	if got := files(t, d); len(got) != 1 {
		t.Errorf("the directory holds %q", got)
	}
}
