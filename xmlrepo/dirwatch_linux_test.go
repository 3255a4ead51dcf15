package xmlrepo

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// heard waits for a sign of an event, and then until no more come.
func heard(t *testing.T, w *dirWatch, of string) {
	t.Helper()
	select {
	case <-w.events.signs:
	case <-time.After(soon):
		t.Fatalf("no event of %s within %v", of, soon)
	}
	for {
		select {
		case <-w.events.signs:
		case <-time.After(2 * coalescing):
			return
		}
	}
}

// mountOver mounts a new file system over the directory, or skips the test.
func mountOver(t *testing.T, d *Dir) {
	t.Helper()
	if err := syscall.Mount("tmpfs", d.path, "tmpfs", 0, "size=64k,mode=0700"); err != nil {
		t.Skipf("nothing can be mounted here (run as root to have it): %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(d.path, syscall.MNT_DETACH) }) // if it still is
}

// unmount waits for a look to end that has the directory open.
func unmount(t *testing.T, d *Dir) {
	t.Helper()
	err := syscall.Unmount(d.path, 0)
	for end := time.Now().Add(soon); errors.Is(err, syscall.EBUSY) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
		err = syscall.Unmount(d.path, 0)
	}
	must(t, err)
}

// A mount sends no event. The next look finds it, and has events from there.
func TestWatchOfADirectoryMountedOver(t *testing.T) {
	t.Parallel()
	d := watchable(t, filepath.Join(t.TempDir(), "keys"), 200*time.Millisecond)
	changes := startWatch(t, d)
	mountOver(t, d)
	toldOfTheNew(t, d, changes, "mounted over")
	unmount(t, d)
	toldOfTheNew(t, d, changes, "unmounted")
	mountOver(t, d)
	told(t, changes, "mounted once more")
	must(t, d.Store(t.Context(), key1))
	told(t, changes, "a Store in the mount")
}

func TestWatchHasEventsOfWhatIsMountedNow(t *testing.T) {
	t.Parallel()
	d := eventsOnly(t)
	w := &dirWatch{dir: d, out: make(chan struct{}, 1)}
	defer w.disarm()
	w.arm()
	write(t, d, "below.xml", "<k/>")
	heard(t, w, "a change before any mount")
	mountOver(t, d)
	w.arm()
	write(t, d, "above.xml", "<k/>")
	heard(t, w, "a change in the mount")
	// The next one often has this one's numbers.
	for range 3 {
		before, err := os.Stat(d.path)
		must(t, err)
		unmount(t, d)
		time.Sleep(coalescing) // until fsnotify knows that it has lost one
		mountOver(t, d)
		after, err := os.Stat(d.path)
		must(t, err)
		t.Logf("mounted anew; taken for the same: %t", os.SameFile(before, after))
		w.arm()
		write(t, d, "again.xml", "<k/>")
		heard(t, w, "a change in the new mount")
	}
}

// As nobody, since root may read everything.
func TestWatchOfWhatMayNotBeRead(t *testing.T) {
	t.Parallel()
	if !inChild(t, "unprivileged") {
		return
	}
	t.Run("directory", func(t *testing.T) {
		d := eventsOnly(t)
		write(t, d, "a.xml", "<k/>")
		changes := startWatch(t, d)
		for range 2 {
			must(t, os.Chmod(d.path, 0))
			t.Cleanup(func() { _ = os.Chmod(d.path, 0o700) })
			told(t, changes, "unreadable")
			must(t, os.Chmod(d.path, 0o700))
			toldOfTheNew(t, d, changes, "readable again")
			must(t, os.Remove(filepath.Join(d.path, "new.xml")))
			told(t, changes, "removed")
		}
	})
	t.Run("directory, from the beginning", func(t *testing.T) {
		d := eventsOnly(t)
		must(t, os.Chmod(d.path, 0))
		changes := startWatch(t, d)
		must(t, os.Chmod(d.path, 0o700))
		toldOfTheNew(t, d, changes, "readable for the first time")
	})
	t.Run("parent", func(t *testing.T) {
		d := eventsOnly(t)
		parent := filepath.Dir(d.path)
		must(t, os.Chmod(parent, 0o300))
		t.Cleanup(func() { _ = os.Chmod(parent, 0o700) })
		changes := startWatch(t, d)
		write(t, d, "a.xml", "<k/>")
		told(t, changes, "a change below a parent that may not be listed")
	})
	t.Run("file", func(t *testing.T) {
		d := eventsOnly(t)
		write(t, d, "a.xml", "<k/>")
		changes := startWatch(t, d)
		for _, mode := range []os.FileMode{0, 0o600} {
			must(t, os.Chmod(filepath.Join(d.path, "a.xml"), mode))
			told(t, changes, fmt.Sprintf("mode %#o", mode))
			_, err := d.Elements(t.Context())
			if readable := err == nil; readable != (mode != 0) {
				t.Errorf("mode %#o: error %v", mode, err)
			}
		}
	})
}

const overflowVar = "XMLREPO_TEST_OVERFLOW"

// The child of TestWatchSurvivesAnOverflow: it watches, and says when it is told.
func TestWatchInAChild(t *testing.T) {
	path := os.Getenv(overflowVar)
	if path == "" {
		t.Skip("plays a part in TestWatchSurvivesAnOverflow")
	}
	changes := startWatch(t, watchable(t, path, never))
	fmt.Println("watching")
	for range changes {
		fmt.Println("told")
	}
}

// More events than the queue holds, while the watcher is stopped. Lost are the
// last: that the directory is another one.
func TestWatchSurvivesAnOverflow(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	must(t, err)
	queue, err := strconv.Atoi(strings.TrimSpace(string(data)))
	must(t, err)
	if queue > 100_000 {
		t.Skipf("fs.inotify.max_queued_events is %d; filling that takes too long", queue)
	}
	d := eventsOnly(t)
	write(t, d, "a.xml", "<k/>")
	write(t, d, "b.xml", "<k/>")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWatchInAChild$", "-test.v")
	child.Env = append(os.Environ(), overflowVar+"="+d.path)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	defer func() {
		must(t, child.Process.Kill())
		_ = child.Wait() // says that it was killed
	}()
	changes := make(chan struct{}, 1000)
	go func() {
		defer close(changes)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if lines.Text() == "told" || lines.Text() == "watching" {
				changes <- struct{}{}
			}
		}
	}()
	told(t, changes, "the child's beginning")

	must(t, child.Process.Signal(syscall.SIGSTOP))
	for i := range queue + queue/4 { // alternating, for equal events are made one
		must(t, os.Chtimes(filepath.Join(d.path, string("ab"[i%2])+".xml"), time.Time{}, time.Unix(int64(i), 0)))
	}
	before, err := os.Stat(d.path)
	must(t, err)
	for range 20 { // until the new one has the old one's inode number, where those are used again
		must(t, os.RemoveAll(d.path))
		must(t, os.Mkdir(d.path, 0o700))
		if after, err := os.Stat(d.path); err != nil || os.SameFile(before, after) {
			break
		}
	}
	must(t, child.Process.Signal(syscall.SIGCONT))
	toldOfTheNew(t, d, changes, "an overflow")
}
