package xmlrepo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	defaultPollInterval = 30 * time.Second

	// coalescing is how long after its first event a burst of them is
	// collected before the directory is looked at.
	coalescing = 100 * time.Millisecond
)

// Watch implements Watcher. What counts is what a look at the directory shows,
// every PollInterval; the events of the operating system only bring the next
// look forward, to a tenth of a second after the first of them. So a change on
// a local file system is told within a second, usually a tenth, and one on a
// file system without events (NFS, SMB, FUSE) within the interval and what its
// client adds by caching: a second for FUSE, up to a minute for NFS. Two seconds
// after a change it may be told once more, in case another one has left size
// and time of the file alone.
//
// The directory may be missing, come later, vanish, be replaced, mounted over,
// or have a link on the way to it or in it swapped, as Kubernetes does. There
// are no events of a mount, nor of renaming a directory further up than the
// parent: these show within the interval, and events are those of the new
// directory from then on. On macOS and the BSDs, where to watch a directory is
// to hold open all that is in it, this is so for everything but the content of
// the directory itself, and a watch takes a descriptor for each of its files.
//
// Where the system refuses events, polling remains. The log says so once, and
// every look asks again.
func (d *Dir) Watch(ctx context.Context) (<-chan struct{}, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("xmlrepo: watch: %w", err)
	}
	w := &dirWatch{dir: d, out: make(chan struct{}, 1)}
	w.arm()
	// After arming: no change falls between.
	w.last, w.settled = w.look(ctx)
	w.since = d.now()
	w.doubt = false
	go w.run(ctx)
	return w.out, nil
}

// dirWatch is one call of Watch. Its goroutine owns it.
type dirWatch struct {
	dir *Dir
	out chan struct{}

	events *dirEvents // nil: none to be had, for now
	stale  bool       // events are those of a directory that may be another by now
	told   bool       // that there are no events

	last    string    // what the last look showed
	since   time.Time // when a look first showed it
	settled bool      // a later change is bound to show
	doubt   bool      // something has happened, whether it shows or not
}

func (w *dirWatch) run(ctx context.Context) {
	defer close(w.out)
	defer w.disarm()
	poll := time.NewTimer(w.pause())
	defer poll.Stop()
	var burst <-chan time.Time // runs while events are collected
	for {
		var signs <-chan sign
		if w.events != nil {
			signs = w.events.signs
		}
		select {
		case <-ctx.Done():
			return
		case s := <-signs:
			w.stale = w.stale || s.stale
			w.doubt = w.doubt || s.sure
			if s.err != nil {
				w.giveUpEvents(s.err)
			}
			if burst == nil {
				burst = time.After(coalescing)
			}
			continue
		case <-burst:
		case <-poll.C:
		}
		burst = nil
		w.arm()
		w.check(ctx)
		poll.Reset(w.pause())
	}
}

// pause returns how long to wait for events before the next look. A file that
// has just changed may change again without a trace in its size and times, so
// it is looked at once more when that is over.
func (w *dirWatch) pause() time.Duration {
	if !w.settled {
		return min(w.dir.poll, settling+coalescing)
	}
	return w.dir.poll
}

// check looks at the directory and tells of a change. In doubt it tells.
//
// What has looked the same for as long as a file is young is settled, whatever
// the file's date says: a file server's clock may be hours ahead.
func (w *dirWatch) check(ctx context.Context) {
	state, settled := w.look(ctx)
	now := w.dir.now()
	changed := state != w.last
	if changed {
		w.last, w.since = state, now
	}
	if changed || w.doubt || !w.settled {
		select {
		case w.out <- struct{}{}:
		default: // the value that is still waiting tells of this change too
		}
	}
	w.settled = settled || now.Sub(w.since) >= settling
	w.doubt = false
}

// look returns what the directory shows. That it cannot be looked at is a
// state of it like any other.
func (w *dirWatch) look(ctx context.Context) (state string, settled bool) {
	state, settled, err := w.dir.observe(ctx)
	if err != nil {
		return "error: " + err.Error(), true
	}
	return state, settled
}

// arm makes the operating system report on the directory and on what decides
// which one that is. It does nothing when that is so already.
func (w *dirWatch) arm() {
	// Once more after each success: what came just before it was reported
	// to nobody. A place where that goes on and on is left to polling.
	for range 4 {
		t := findTrail(w.dir.path)
		if w.events == nil || w.stale || !t.equal(w.events.trail) {
			w.disarm()
			events, err := newDirEvents(t)
			if err != nil {
				w.giveUpEvents(err)
				return
			}
			w.events, w.stale, w.doubt = events, false, true
		}
		added, err := w.events.add()
		if err != nil {
			w.giveUpEvents(err)
			return
		}
		if !added {
			return
		}
	}
}

func (w *dirWatch) disarm() {
	if w.events != nil {
		w.events.close()
		w.events = nil
	}
}

// giveUpEvents leaves the watch to polling, until the next look tries again.
func (w *dirWatch) giveUpEvents(err error) {
	w.disarm()
	if !w.told {
		w.told = true
		w.dir.log.Warn("no events from the file system; polling the key directory",
			slog.String("event", "watch.polling"), slog.String("path", w.dir.path),
			slog.Duration("interval", w.dir.poll), slog.Any("error", err))
	}
}

// dirEvents is what the operating system reports along a trail. Its goroutine
// takes every event at once, because fsnotify may hold a lock while it waits
// for somebody to take one, and then neither Add nor Close would return.
type dirEvents struct {
	trail   trail
	watcher *fsnotify.Watcher
	signs   chan sign // what has happened since the last one was received
	ended   chan struct{}
}

// sign is what a number of events amounts to: that it is time for a look.
type sign struct {
	sure  bool // an element has changed
	stale bool // the trail may have changed, or events were lost
	err   error
}

func newDirEvents(t trail) (*dirEvents, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	e := &dirEvents{trail: t, watcher: watcher, signs: make(chan sign, 1), ended: make(chan struct{})}
	go e.run()
	return e, nil
}

func (e *dirEvents) run() {
	defer close(e.ended)
	for {
		var s sign
		select {
		case event, ok := <-e.watcher.Events:
			if !ok {
				return
			}
			if s, ok = e.meaning(event); !ok {
				continue
			}
		case err, ok := <-e.watcher.Errors:
			if !ok {
				return
			}
			s.stale = true
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				s.err = err
			}
		}
		select {
		case before := <-e.signs:
			s = sign{s.sure || before.sure, s.stale || before.stale, cmp.Or(before.err, s.err)}
		default:
		}
		e.signs <- s // there is room: nobody else sends
	}
}

// meaning returns what an event is a sign of, if it concerns us. Our own
// temporary files do not, and neither does that the directory was written to,
// as Windows tells its parent.
func (e *dirEvents) meaning(event fsnotify.Event) (sign, bool) {
	if filepath.Dir(event.Name) == e.trail.dir {
		name := filepath.Base(event.Name)
		return sign{sure: isElement(name)}, !isTemp(name)
	}
	stale := event.Op&^fsnotify.Write != 0 && e.trail.leads(event.Name)
	return sign{stale: stale}, stale
}

// add watches what is not watched yet, or not any more since it was removed,
// moved or unmounted, and reports whether there was anything. Where we may not
// look, or there is nothing left to look at, polling has to do.
func (e *dirEvents) add() (added bool, err error) {
	watched := e.watcher.WatchList()
	for _, dir := range e.trail.watch {
		if slices.Contains(watched, dir) {
			continue
		}
		err := e.watcher.Add(dir)
		switch {
		case err == nil:
			added = true
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission):
			return false, err
		}
	}
	return added, nil
}

// close returns when nothing is left of e.
func (e *dirEvents) close() {
	_ = e.watcher.Close()
	<-e.ended
}
