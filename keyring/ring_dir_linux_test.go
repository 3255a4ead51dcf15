package keyring_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"dataprotection.example/keyring"
)

// mounted returns a directory with a small file system of its own, or skips the
// test.
func mounted(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k,mode=0700"); err != nil {
		t.Skipf("a small file system cannot be mounted here (run as root to have it): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves no room in dir.
func fill(t *testing.T, dir string) (mend func() error) {
	t.Helper()
	path := filepath.Join(dir, "large")
	if err := os.WriteFile(path, make([]byte, 64<<10), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("error %v, want ENOSPC", err)
	}
	return func() error { return os.Remove(path) }
}

func TestTroubleWithTheFileSystem(t *testing.T) {
	for _, test := range []trouble{
		{name: "full", code: keyring.CodeKeyNotMade, opens: true, spoil: fill},
		{name: "read-only", code: keyring.CodeKeyNotMade, opens: true, spoil: func(t *testing.T, dir string) (mend func() error) {
			remount := func(flags uintptr) error { return syscall.Mount("", dir, "", syscall.MS_REMOUNT|flags, "") }
			if err := remount(syscall.MS_RDONLY); err != nil {
				t.Skip(err)
			}
			return func() error { return remount(0) }
		}},
		{name: "unmounted", code: keyring.CodeUnreadableStore, spoil: func(t *testing.T, dir string) (mend func() error) {
			// Nothing is unmounted but hidden, so that the keys come back.
			if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700"); err != nil {
				t.Fatal(err)
			}
			return func() error { return syscall.Unmount(dir, 0) }
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.strike(t, mounted(t))
		})
	}
}
