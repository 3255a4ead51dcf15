//go:build unix

package keyring_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"dataprotection.example/keyring"
)

// asNobody runs the calling test again in a child without privileges, for root
// may read and write everything, and reports whether this is the child.
func asNobody(t *testing.T) bool {
	t.Helper()
	const nobody, child = 65534, "KEYRING_TEST_CHILD"
	if os.Getenv(child) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("in a child process: %v\n%s", err, out)
		}
		return false
	}
	if os.Getuid() == 0 {
		for _, drop := range []func() error{
			func() error { return syscall.Setgroups(nil) },
			func() error { return syscall.Setgid(nobody) },
			func() error { return syscall.Setuid(nobody) },
		} {
			if err := drop(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return true
}

func chmod(t *testing.T, path string, mode os.FileMode) (mend func() error) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	back := func() error { return os.Chmod(path, 0o700) }
	t.Cleanup(func() { _ = back() }) // or it could not be removed
	return back
}

func TestTroubleWithPermissions(t *testing.T) {
	if !asNobody(t) {
		return
	}
	for _, test := range []trouble{
		{name: "permission lost", code: keyring.CodeUnreadableStore, spoil: func(t *testing.T, dir string) func() error {
			return chmod(t, dir, 0)
		}},
		{name: "a file that may not be read", code: keyring.CodeUnreadableStore, file: "secret.xml", spoil: drop("secret.xml", "<x />", 0)},
		{name: "nothing may be written", code: keyring.CodeKeyNotMade, opens: true, spoil: func(t *testing.T, dir string) func() error {
			return chmod(t, dir, 0o500)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.strike(t, filepath.Join(t.TempDir(), "keys"))
		})
	}
}
