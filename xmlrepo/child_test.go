//go:build unix

package xmlrepo

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// Some tests need a process of their own, and run this binary again to have it.
// The variable says which part it plays.
const childVar = "XMLREPO_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childVar) {
	case "":
	case "storm":
		storm(os.Args[1])
	case "unprivileged":
		if err := dropPrivileges(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	os.Exit(m.Run())
}

// dropPrivileges makes this process one of user and group 65534, "nobody".
func dropPrivileges() error {
	if os.Getuid() != 0 {
		return nil
	}
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setgid(65534); err != nil {
		return err
	}
	return syscall.Setuid(65534)
}

// inChild runs the calling test again in a child that plays the part, and
// reports there whether this is the child: only then does the test go on.
func inChild(t *testing.T, part string) bool {
	t.Helper()
	if os.Getenv(childVar) == part {
		return true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), childVar+"="+part)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("in a child process: %v\n%s", err, out)
	}
	return false
}
