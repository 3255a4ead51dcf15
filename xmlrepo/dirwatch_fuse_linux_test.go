package xmlrepo

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// bindfs shows the directory under another path through FUSE, which sends no
// events of what happens in the directory itself, as NFS sends none of what
// other clients do.
func bindfs(t *testing.T, dir string) (view string) {
	t.Helper()
	fuse, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no FUSE on this machine: %v", err)
	}
	fuse.Close()
	probe := t.TempDir()
	if err := syscall.Mount("tmpfs", probe, "tmpfs", 0, ""); err != nil {
		t.Skipf("nothing can be mounted here (run as root to have it): %v", err)
	}
	must(t, syscall.Unmount(probe, 0))
	exe, err := exec.LookPath("bindfs")
	if err != nil {
		const how = "bindfs is not here: apt-get install bindfs"
		if os.Getenv("CI") == "true" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	view = t.TempDir()
	server := exec.CommandContext(t.Context(), exe, "-f", dir, view)
	server.Stderr = os.Stderr
	must(t, server.Start())
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() {
		if err := syscall.Unmount(view, syscall.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) {
			t.Error(err)
		}
		<-ended
	})
	const fuseMagic = 0x65735546
	for end := time.Now().Add(soon); ; time.Sleep(10 * time.Millisecond) {
		var fs syscall.Statfs_t
		if err := syscall.Statfs(view, &fs); err == nil && fs.Type == fuseMagic {
			return view
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("bindfs has ended: %v", err)
		default:
		}
		if time.Now().After(end) {
			t.Fatal("bindfs does not mount")
		}
	}
}

func TestWatchOnAFileSystemWithoutEvents(t *testing.T) {
	t.Parallel()
	const poll = 400 * time.Millisecond
	below := eventsOnly(t)
	write(t, below, "a.xml", "<a/>")
	d := watchable(t, filepath.Join(bindfs(t, filepath.Dir(below.path)), filepath.Base(below.path)), poll)

	w := &dirWatch{dir: d, out: make(chan struct{}, 1)}
	w.arm()
	if w.events == nil {
		t.Fatal("no events are to be had, so that this would not show that none come")
	}
	write(t, below, "b.xml", "<b/>")
	select {
	case s := <-w.events.signs:
		t.Fatalf("an event came through bindfs: %+v", s)
	case <-time.After(5 * coalescing):
	}
	w.disarm()

	changes := startWatch(t, d)
	wantNames(t, d, "a", "b")
	var took []time.Duration
	for i := range 2 {
		for _, step := range []struct {
			name   string
			change func()
			want   []string
		}{
			{"create", func() { write(t, below, "c.xml", "<c/>") }, []string{"a", "b", "c"}},
			{"rewrite in place, same size", func() { write(t, below, "c.xml", "<d/>") }, []string{"a", "b", "c"}},
			{"rename over", func() {
				must(t, os.Rename(filepath.Join(below.path, "c.xml"), filepath.Join(below.path, "b.xml")))
			}, []string{"a", "b"}},
			{"Store", func() { must(t, below.Store(t.Context(), key1)) }, []string{"a", "b", "key-1"}},
			{"delete", func() { must(t, os.Remove(filepath.Join(below.path, "key-1.xml"))) }, []string{"a", "b"}},
		} {
			time.Sleep(time.Duration(i) * poll / 2) // at any time between two looks
			begin := time.Now()
			step.change()
			select {
			case <-changes:
				took = append(took, time.Since(begin))
			case <-time.After(soon):
				t.Fatalf("%s: not told within %v", step.name, soon)
			}
			wantNames(t, d, step.want...)
			for len(changes) > 0 {
				<-changes
			}
		}
	}
	must(t, os.RemoveAll(below.path))
	told(t, changes, "the directory removed")
	must(t, os.Mkdir(below.path, 0o700))
	write(t, below, "z.xml", "<z/>")
	told(t, changes, "another directory in its place")
	wantNames(t, d, "z")
	slices.Sort(took)
	t.Logf("no events, a look every %v: told after a median of %v, at most %v, in %d changes", poll,
		took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), len(took))
}
