package xmlrepo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

const (
	soon  = 20 * time.Second // what comes at all comes within this
	never = time.Hour        // a PollInterval that leaves everything to events
)

// eventsOnly returns an existing directory, in a parent of its own, that is
// looked at only on events where the system has them for all that leads to it.
// No file in it counts as young, so that it tells of nothing twice.
func eventsOnly(t testing.TB) *Dir {
	t.Helper()
	poll := never
	if !parentsAreCheap() {
		poll = time.Second
	}
	return watchable(t, filepath.Join(t.TempDir(), "keys"), poll)
}

func watchable(t testing.TB, path string, poll time.Duration) *Dir {
	t.Helper()
	d, err := NewDir(path, DirOptions{
		PollInterval: poll,
		Now:          func() time.Time { return time.Now().Add(time.Hour) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return d
}

func startWatch(t testing.TB, d *Dir) <-chan struct{} {
	t.Helper()
	changes, err := d.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// told waits for a value, and then until no more come.
func told(t testing.TB, changes <-chan struct{}, of string) {
	t.Helper()
	select {
	case _, ok := <-changes:
		if !ok {
			t.Fatalf("%s: the channel is closed", of)
		}
	case <-time.After(soon):
		t.Fatalf("%s: not told within %v", of, soon)
	}
	rest(changes)
}

// rest receives until no more values come, and returns how many did.
func rest(changes <-chan struct{}) (n int) {
	for {
		select {
		case _, ok := <-changes:
			if !ok {
				return n
			}
			n++
		case <-time.After(coalescing + coalescing/2):
			return n
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWatchTellsOfEveryChange(t *testing.T) {
	t.Parallel()
	d := eventsOnly(t)
	path := func(name string) string { return filepath.Join(d.path, name) }
	old := time.Now().Add(-time.Minute)
	write(t, d, "a.xml", "<k/>")
	must(t, os.Chtimes(path("a.xml"), old, old))
	changes := startWatch(t, d)
	if n := rest(changes); n != 0 {
		t.Errorf("%d values before any change", n)
	}
	for _, step := range []struct {
		name   string
		change func()
	}{
		{"create", func() { write(t, d, "b.xml", "<k/>") }},
		{"rewrite in place, same size", func() { write(t, d, "b.xml", "<j/>") }},
		{"rewrite in place, same size, times put back", func() {
			write(t, d, "a.xml", "<i/>")
			must(t, os.Chtimes(path("a.xml"), old, old))
		}},
		{"times", func() { must(t, os.Chtimes(path("b.xml"), old, old)) }},
		{"rename over", func() {
			write(t, d, "new.part", "<k/>")
			must(t, os.Rename(path("new.part"), path("b.xml")))
		}},
		{"rename", func() { must(t, os.Rename(path("b.xml"), path("c.xml"))) }},
		{"delete", func() { must(t, os.Remove(path("c.xml"))) }},
		{"link", func() { link(t, d, "a.xml", "l.xml") }},
		{"mode", func() { must(t, os.Chmod(path("a.xml"), 0)) }},
		{"a directory", func() { must(t, os.Mkdir(path("d.xml"), 0o700)) }},
		{"Store", func() { must(t, d.Store(t.Context(), key1)) }},
		{"Remove", func() {
			must(t, os.Chmod(path("a.xml"), 0o600))
			must(t, os.Remove(path("d.xml")))
			rest(changes)
			must(t, d.Remove(t.Context(), func(all []Element) []Element { return all }))
		}},
	} {
		if step.name == "mode" && runtime.GOOS == "windows" {
			continue // which has no such events, and no such modes
		}
		step.change()
		told(t, changes, step.name)
	}
}

func TestWatchIsSilentAboutWhatIsNoElement(t *testing.T) {
	t.Parallel()
	d := eventsOnly(t)
	write(t, d, "a.xml", "<k/>")
	changes := startWatch(t, d)
	for _, step := range []struct {
		name   string
		change func()
	}{
		{"a foreign file", func() { write(t, d, "readme.txt", "text") }},
		{"a foreign file beside the directory", func() {
			must(t, os.WriteFile(filepath.Join(filepath.Dir(d.path), "x.xml"), []byte("<k/>"), 0o600))
		}},
		{"a temporary file of ours", func() {
			name := newTemp()
			write(t, d, name, "<k/>")
			must(t, os.Remove(filepath.Join(d.path, name)))
		}},
		{"reading", func() {
			wantNames(t, d, "a")
			_, err := d.Fingerprint(t.Context())
			must(t, err)
		}},
	} {
		step.change()
		if n := rest(changes); n != 0 {
			t.Errorf("%s: %d values", step.name, n)
		}
	}
	write(t, d, "a.xml", "<kk/>")
	told(t, changes, "a change after all")
}

func TestWatchCoalesces(t *testing.T) {
	t.Parallel()
	d := eventsOnly(t)
	changes := startWatch(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	received := make(chan []time.Time)
	go func() {
		var at []time.Time
		for {
			select {
			case <-changes:
				at = append(at, time.Now())
			case <-ctx.Done():
				received <- at
				return
			}
		}
	}()
	const burst = 50
	begin := time.Now()
	for i := range burst {
		write(t, d, fmt.Sprintf("k%02d.xml", i), "<k/>")
	}
	end := time.Now()
	time.Sleep(5 * coalescing)
	cancel()
	at := <-received
	t.Logf("%d files in %v gave %d values", burst, end.Sub(begin), len(at))
	if len(at) == 0 || at[len(at)-1].Before(end) {
		t.Fatal("no value after the last change")
	}
	if most := int(at[len(at)-1].Sub(begin)/coalescing) + 1; len(at) > most {
		t.Errorf("%d values, want %d at most in %v", len(at), most, at[len(at)-1].Sub(begin))
	}
}

// Whoever does not receive finds one value, which stands for everything, and
// holds up nobody.
func TestWatchWithASlowReceiver(t *testing.T) {
	t.Parallel()
	d := eventsOnly(t)
	slow, quick := startWatch(t, d), startWatch(t, d)
	for i := range 5 {
		write(t, d, fmt.Sprintf("k%d.xml", i), "<k/>")
		told(t, quick, "while another receiver sleeps")
	}
	<-slow
	wantNames(t, d, "k0", "k1", "k2", "k3", "k4")
	if n := rest(slow); n != 0 {
		t.Errorf("%d more values for the slow receiver", n)
	}
	write(t, d, "last.xml", "<k/>")
	told(t, slow, "the slow receiver, of the next change")
}

func TestManyWatchers(t *testing.T) {
	t.Parallel()
	const directories, watchers = 4, 8
	var all []<-chan struct{}
	var dirs []*Dir
	for range directories {
		d := eventsOnly(t)
		dirs = append(dirs, d)
		for range watchers {
			all = append(all, startWatch(t, d))
		}
	}
	for _, d := range dirs {
		write(t, d, "a.xml", "<k/>")
	}
	for i, changes := range all {
		select {
		case <-changes:
		case <-time.After(soon):
			t.Fatalf("watcher %d of %d was not told", i, len(all))
		}
	}
}
