package xmlrepo

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// inotifies counts the inotify instances of this process, where it can.
func inotifies(t testing.TB) (n int) {
	t.Helper()
	const fds = "/proc/self/fd"
	entries, err := os.ReadDir(fds)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(fds, e.Name())); err == nil && strings.Contains(target, "inotify") {
			n++
		}
	}
	return n
}

// watchGoroutines counts the goroutines that have a watch's code on the stack.
func watchGoroutines() (n int) {
	buf := make([]byte, 1<<22)
	for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(stack, "dirWatch") || strings.Contains(stack, "dirEvents") || strings.Contains(stack, "fsnotify") {
			n++
		}
	}
	return n
}

// wantClosed waits until the channel is closed.
func wantClosed(t testing.TB, changes <-chan struct{}) {
	t.Helper()
	deadline := time.After(soon)
	for {
		select {
		case _, ok := <-changes:
			if !ok {
				return
			}
		case <-deadline:
			buf := make([]byte, 1<<20)
			t.Fatalf("still open %v after the context was done\n%s", soon, buf[:runtime.Stack(buf, true)])
		}
	}
}

// wantNoneLeft is for when every channel is closed. What has an instance open
// closes it before that; goroutines may take a moment to go.
func wantNoneLeft(t testing.TB) {
	t.Helper()
	if n := inotifies(t); n != 0 {
		t.Errorf("%d inotify instances are left", n)
	}
	waitForGoroutines(t)
}

// waitForGoroutines waits until those of earlier watches are gone.
func waitForGoroutines(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(soon); ; time.Sleep(time.Millisecond) {
		n := watchGoroutines()
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d goroutines are left", n)
		}
	}
}

func TestWatchEndsWithItsContext(t *testing.T) {
	waitForGoroutines(t)
	d := eventsOnly(t)
	ctx, cancel := context.WithCancel(t.Context())
	var all []<-chan struct{}
	for range 5 {
		changes, err := d.Watch(ctx)
		must(t, err)
		all = append(all, changes)
	}
	if runtime.GOOS == "linux" && inotifies(t) != len(all) {
		t.Errorf("%d inotify instances for %d watches", inotifies(t), len(all))
	}
	if n := watchGoroutines(); n < len(all) {
		t.Errorf("%d goroutines for %d watches, so that the test cannot count them", n, len(all))
	}
	write(t, d, "a.xml", "<k/>") // for one a value is waiting
	<-all[0]
	cancel()
	for _, changes := range all {
		wantClosed(t, changes)
	}
	wantNoneLeft(t)
	if changes, err := d.Watch(ctx); !errors.Is(err, context.Canceled) || changes != nil {
		t.Errorf("Watch with a context that is done: %v, want context.Canceled", err)
	}
}

// While the directory comes, goes, moves and fills under it, a watch of any age
// ends when it is told to, and one that stays misses nothing.
func TestWatchInAStorm(t *testing.T) {
	waitForGoroutines(t)
	d := eventsOnly(t)
	stays, end := context.WithCancel(t.Context())
	changes, err := d.Watch(stays)
	must(t, err)
	stop := make(chan struct{})
	calm := make(chan struct{})
	go func() {
		defer close(calm)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			aside := d.path + strconv.Itoa(i)
			_ = os.Mkdir(d.path, 0o700)
			_ = os.WriteFile(filepath.Join(d.path, "a.xml"), []byte("<k/>"), 0o600)
			_ = os.Rename(d.path, aside)
			_ = os.RemoveAll(aside)
			_ = os.Mkdir(d.path, 0o700)
			_ = os.WriteFile(filepath.Join(d.path, "b.xml"), []byte("<k/>"), 0o600)
			if rand.N(2) == 0 {
				_ = os.RemoveAll(d.path)
			}
			time.Sleep(rand.N(2 * time.Millisecond))
		}
	}()
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		brief, err := d.Watch(ctx)
		must(t, err)
		time.Sleep(rand.N(2 * coalescing))
		cancel()
		wantClosed(t, brief)
	}
	close(stop)
	<-calm
	must(t, os.MkdirAll(d.path, 0o700))
	rest(changes)
	write(t, d, "last.xml", "<k/>")
	told(t, changes, "a change after the storm")
	end()
	wantClosed(t, changes)
	wantNoneLeft(t)
}
