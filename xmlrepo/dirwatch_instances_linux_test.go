package xmlrepo

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const instancesVar = "XMLREPO_TEST_INSTANCES"

// Instances are counted for each user, so that a user of its own is who runs
// out of them: one in a namespace, or else nobody.
func TestWatchWithoutInotifyInstances(t *testing.T) {
	if os.Getenv(instancesVar) == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		child.Env = append(os.Environ(), instancesVar+"=few")
		child.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
		out, err := child.CombinedOutput()
		if child.Process != nil { // it could be started
			t.Logf("in a user namespace:\n%s", out)
			must(t, err)
			return
		}
		if os.Getuid() != 0 {
			t.Skipf("no user namespaces here, and all instances would be taken from you: %v", err)
		}
		t.Setenv(instancesVar, "all")
		inChild(t, "unprivileged")
		return
	}
	if os.Getenv(instancesVar) == "few" {
		must(t, os.WriteFile("/proc/sys/user/max_inotify_instances", []byte("8"), 0))
	}

	var log records
	d := watchable(t, filepath.Join(t.TempDir(), "keys"), 100*time.Millisecond)
	d.log = slog.New(&log)
	instances := takeInstances(t)
	changes := startWatch(t, d)
	other := startWatch(t, d)
	write(t, d, "a.xml", "<k/>")
	told(t, changes, "a change, by polling")
	told(t, other, "a change, by polling")
	time.Sleep(5 * d.poll)
	if lines := log.lines(); len(lines) != 2 {
		t.Errorf("the log says %q, want one warning for each of two watches", lines)
	}
	if n := inotifies(t); n != len(instances) {
		t.Errorf("%d inotify instances instead of the test's own %d", n, len(instances))
	}
	for _, fd := range instances {
		must(t, syscall.Close(fd))
	}
	for end := time.Now().Add(soon); inotifies(t) != 2; time.Sleep(d.poll) {
		if time.Now().After(end) {
			t.Fatalf("%d inotify instances, want two watches to have theirs again", inotifies(t))
		}
	}
	rest(changes)
	write(t, d, "b.xml", "<k/>")
	told(t, changes, "a change after events came back")
	if lines := log.lines(); len(lines) != 2 {
		t.Errorf("the log says %q, want no more than before", lines)
	}
}

// takeInstances takes all there are.
func takeInstances(t *testing.T) (fds []int) {
	t.Helper()
	for {
		fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
		if err != nil {
			t.Logf("after %d instances: %v", len(fds), err)
			break
		}
		fds = append(fds, fd)
	}
	if f, err := os.Open(os.DevNull); err != nil {
		t.Skipf("this process may open fewer files than the user may have instances: %v", err)
	} else {
		f.Close()
	}
	return fds
}
