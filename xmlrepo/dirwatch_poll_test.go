package xmlrepo

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Temporary files do not even make it look.
func TestWatchHearsOfWhatConcernsIt(t *testing.T) {
	t.Parallel()
	d := eventsOnly(t)
	w := &dirWatch{dir: d}
	w.arm()
	defer w.disarm()
	hear := func() (all sign, any bool) {
		for {
			select {
			case s := <-w.events.signs:
				all, any = sign{all.sure || s.sure, all.stale || s.stale, s.err}, true
			case <-time.After(coalescing):
				return all, any
			}
		}
	}
	for _, step := range []struct {
		name string
		any  bool
		want sign
	}{
		{"beside.xml", false, sign{}},
		{filepath.Join("keys", newTemp()), false, sign{}},
		{filepath.Join("keys", "foreign.tmp"), true, sign{}},
		{filepath.Join("keys", "a.xml"), true, sign{sure: true}},
	} {
		path := filepath.Join(filepath.Dir(d.path), step.name)
		must(t, os.WriteFile(path, []byte("<k/>"), 0o600))
		if got, any := hear(); any != step.any || got != step.want {
			t.Errorf("%s made: %+v, heard: %t; want %+v, %t", step.name, got, any, step.want, step.any)
		}
		must(t, os.Remove(path))
		hear()
	}
	must(t, os.Remove(d.path))
	if got, _ := hear(); !got.stale {
		t.Error("the directory removed: not heard")
	}
}

// A link to a file further down: nobody hears when that file is written to.
func TestWatchFindsByPollingWhatSendsNoEvents(t *testing.T) {
	t.Parallel()
	const poll = 50 * time.Millisecond
	d := watchable(t, filepath.Join(t.TempDir(), "keys"), poll)
	write(t, d, "sub/a.xml", "<k/>")
	link(t, d, filepath.Join("sub", "a.xml"), "a.xml")
	changes := startWatch(t, d)
	if n := rest(changes); n != 0 {
		t.Errorf("%d values before any change", n)
	}
	for _, content := range []string{"<kk/>", "<k/>", "<j/>"} {
		write(t, d, "sub/a.xml", content)
		told(t, changes, "a change without an event")
	}
	must(t, os.Remove(filepath.Join(d.path, "sub", "a.xml")))
	told(t, changes, "the target removed")
}

// check is asked directly, so that time is what the test says.
func TestWatchLooksAgainWhileAFileIsYoung(t *testing.T) {
	t.Parallel()
	d := openDir(t)
	present := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	d.now = func() time.Time { return present }
	touch := func(name string, age time.Duration) {
		t.Helper()
		write(t, d, name, "<k/>")
		must(t, os.Chtimes(filepath.Join(d.path, name), present, present.Add(-age)))
	}
	touch("old.xml", time.Minute)
	w := &dirWatch{dir: d, out: make(chan struct{}, 1)}
	w.last, w.settled = w.look(t.Context())
	w.since = present
	step := func(what string, after time.Duration, told bool, pause time.Duration) {
		t.Helper()
		present = present.Add(after)
		w.check(t.Context())
		select {
		case <-w.out:
			if !told {
				t.Errorf("%s: told of", what)
			}
		default:
			if told {
				t.Errorf("%s: not told of", what)
			}
		}
		if got := w.pause(); got != pause {
			t.Errorf("%s: next look after %v, want %v", what, got, pause)
		}
	}
	const again = settling + coalescing
	step("nothing", time.Minute, false, defaultPollInterval)
	touch("old.xml", time.Second)
	step("a young file", 0, true, again)
	step("still young, perhaps changed again", time.Second/2, true, again)
	step("old, perhaps changed while young", again, true, defaultPollInterval)
	step("old", again, false, defaultPollInterval)

	// The file server's clock is an hour ahead. The file keeps its date for
	// as long, and is settled all the same.
	touch("ahead.xml", -time.Hour)
	step("a file from the future", 0, true, again)
	step("perhaps changed again", again, true, defaultPollInterval)
	step("nothing, under a date in the future", again, false, defaultPollInterval)
	touch("ahead.xml", -time.Hour-time.Second)
	step("changed", time.Minute, true, again)

	w.settled = true
	w.doubt = true
	step("an event that a look cannot confirm", again, true, defaultPollInterval)
	d.path = filepath.Join(d.path, "old.xml")
	step("a directory that cannot be looked at", 0, true, defaultPollInterval)
	step("and still cannot", time.Minute, false, defaultPollInterval)
	d.poll = time.Second
	w.settled = false
	if w.pause() != time.Second {
		t.Errorf("next look after %v although the interval is a second", w.pause())
	}
}

// records is a log that can be counted.
type records struct {
	mu   sync.Mutex
	list []string
}

func (r *records) Enabled(context.Context, slog.Level) bool { return true }
func (r *records) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *records) WithGroup(string) slog.Handler            { return r }

func (r *records) Handle(_ context.Context, rec slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	line := rec.Level.String() + " " + rec.Message
	rec.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	r.list = append(r.list, line)
	return nil
}

func (r *records) lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.list...)
}

// A system that breaks off the events is asked again, and the log says once
// that it did.
func TestWatchWhenEventsFail(t *testing.T) {
	t.Parallel()
	d := eventsOnly(t)
	var log records
	d.log = slog.New(&log)
	w := &dirWatch{dir: d, out: make(chan struct{}, 1)}
	w.arm()
	w.last, w.settled = w.look(t.Context())
	w.since, w.doubt = d.now(), false
	failing := make(chan chan<- error, 1)
	failing <- w.events.watcher.Errors
	ctx, cancel := context.WithCancel(t.Context())
	go w.run(ctx)

	<-failing <- errors.New("the disk fell off")
	told(t, w.out, "events failed, so that some may be lost")
	write(t, d, "a.xml", "<k/>")
	told(t, w.out, "a change after events have failed")
	cancel()
	wantClosed(t, w.out)
	lines := log.lines()
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "WARN ") || !strings.Contains(lines[0], "event=watch.polling") ||
		!strings.Contains(lines[0], "the disk fell off") || !strings.Contains(lines[0], d.path) {
		t.Errorf("the log says %q, want one warning with the cause and the path", lines)
	}
}
