package xmlrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
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
// a local file system is told at once, and one on a file system without events
// (NFS, SMB, some FUSE mounts) within the interval.
//
// The directory may be missing, come later, vanish, be replaced, mounted over,
// or have its links swapped as Kubernetes does. Where the system refuses
// another watch, polling remains, and the log says so once.
func (d *Dir) Watch(ctx context.Context) (<-chan struct{}, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("xmlrepo: watch: %w", err)
	}
	w := &dirWatch{dir: d, out: make(chan struct{}, 1)}
	w.arm()
	w.last, w.settled = w.look(ctx) // after arming: no change falls between
	go w.run(ctx)
	return w.out, nil
}

// dirWatch is one call of Watch. Its goroutine owns it.
type dirWatch struct {
	dir *Dir
	out chan struct{}

	events *fsnotify.Watcher // nil: none to be had, for now
	armed  fs.FileInfo       // the directory it watches; nil if that does not exist
	told   bool              // that there are no events

	last    string // what the last look showed
	settled bool   // and whether a later change is bound to show
}

func (w *dirWatch) run(ctx context.Context) {
	defer close(w.out)
	defer w.disarm()
	poll := time.NewTimer(w.pause())
	defer poll.Stop()
	var burst <-chan time.Time // runs while events are collected
	for {
		var events <-chan fsnotify.Event
		var failures <-chan error
		if w.events != nil {
			events, failures = w.events.Events, w.events.Errors
		}
		select {
		case <-ctx.Done():
			return
		case e := <-events:
			if burst == nil && w.concerns(e.Name) {
				burst = time.After(coalescing)
			}
			continue
		case err := <-failures:
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				w.giveUpEvents(err)
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
func (w *dirWatch) check(ctx context.Context) {
	state, settled := w.look(ctx)
	if state != w.last || !settled || !w.settled {
		select {
		case w.out <- struct{}{}:
		default: // the value that is still waiting tells of this change too
		}
	}
	w.last, w.settled = state, settled
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

// concerns reports whether an event at path may mean a change of ours: at an
// entry of the directory that is no temporary file of ours, or at the directory
// or what leads to it.
func (w *dirWatch) concerns(path string) bool {
	if filepath.Dir(path) == w.dir.path {
		return !isTemp(filepath.Base(path))
	}
	return path == w.dir.path || strings.HasPrefix(w.dir.path, path+string(filepath.Separator))
}

// arm makes the operating system report on the directory and on its nearest
// existing parent, where it comes and goes. It does nothing when that is so
// already.
func (w *dirWatch) arm() {
	now, err := os.Stat(w.dir.path)
	if err != nil {
		now = nil
	}
	same := now != nil && w.armed != nil && os.SameFile(now, w.armed)
	if w.events != nil && (same || now == nil && w.armed == nil) {
		return
	}
	w.disarm()
	events, err := fsnotify.NewWatcher()
	if err != nil {
		w.giveUpEvents(err)
		return
	}
	w.events, w.armed = events, now
	if err := w.addParent(); err != nil {
		w.giveUpEvents(err)
		return
	}
	if now != nil {
		if err := events.Add(w.dir.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			w.giveUpEvents(err)
		}
	}
}

// addParent watches the nearest parent that exists. Without the right to see
// it, polling has to find a directory that comes anew.
func (w *dirWatch) addParent() error {
	for path := filepath.Dir(w.dir.path); ; path = filepath.Dir(path) {
		err := w.events.Add(path)
		switch {
		case err == nil, errors.Is(err, fs.ErrPermission):
			return nil
		case !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path):
			return err
		}
	}
}

func (w *dirWatch) disarm() {
	if w.events != nil {
		_ = w.events.Close()
	}
	w.events, w.armed = nil, nil
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
