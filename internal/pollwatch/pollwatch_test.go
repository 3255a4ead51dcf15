package pollwatch_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dataprotection.example/internal/pollwatch"
)

// watched is a store in a bubble, and a watch of it.
type watched struct {
	mu    sync.Mutex
	state string
	err   error
	looks int

	hints chan string
	out   chan struct{}
}

func (w *watched) set(state string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state, w.err = state, err
}

func (w *watched) look(context.Context) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looks++
	return w.state, w.err
}

func (w *watched) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.looks
}

func watch(t *testing.T, test func(t *testing.T, w *watched, stop func())) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{state: "a", hints: make(chan string), out: make(chan struct{}, 1)}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			pollwatch.Watch{Interval: time.Minute, Look: w.look, Hints: w.hints}.Run(ctx, w.out)
		}()
		stop := func() { cancel(); <-ended }
		defer stop()
		synctest.Wait()
		w.want(t, "at the start", true)
		test(t, w, stop)
	})
}

// want checks whether a change was told.
func (w *watched) want(t *testing.T, when string, told bool) {
	t.Helper()
	synctest.Wait()
	select {
	case <-w.out:
		if !told {
			t.Errorf("a change was told %s", when)
		}
	default:
		if told {
			t.Errorf("no change was told %s", when)
		}
	}
}

func TestLooksNowAndThen(t *testing.T) {
	watch(t, func(t *testing.T, w *watched, stop func()) {
		for range 10 {
			time.Sleep(time.Minute)
			w.want(t, "while nothing changed", false)
		}
		if looks := w.count(); looks < 10 || looks > 14 {
			t.Errorf("%d looks in ten minutes", looks)
		}
		w.set("b", nil)
		w.want(t, "before the next look", false)
		time.Sleep(time.Minute)
		w.want(t, "after the next look", true)
		w.set("a", nil)
		time.Sleep(time.Minute)
		w.want(t, "when it changed back", true)
	})
}

func TestHints(t *testing.T) {
	watch(t, func(t *testing.T, w *watched, stop func()) {
		w.set("b", nil)
		w.hints <- "b"
		w.want(t, "of which somebody told", true)
		looks := w.count()
		w.hints <- "b"
		w.want(t, "of which somebody told twice", false)
		if w.count() != looks {
			t.Error("a hint that tells the state costs a look")
		}
		time.Sleep(time.Minute)
		w.want(t, "that was told before", false)
		w.set("c", nil)
		w.hints <- ""
		w.want(t, "after a hint to look", true)
		w.hints <- ""
		w.want(t, "after a hint to look at what has not changed", false)
		w.hints <- pollwatch.Again
		w.want(t, "when the connection is back, though nothing changed", true)
		close(w.hints)
		w.set("d", nil)
		time.Sleep(time.Minute)
		w.want(t, "when there are no hints any more", true)
	})
}

func TestFailures(t *testing.T) {
	watch(t, func(t *testing.T, w *watched, stop func()) {
		w.set("a", errors.New("down"))
		time.Sleep(time.Minute)
		w.want(t, "when looking began to fail", true)
		w.set("a", errors.New("still down"))
		time.Sleep(time.Minute)
		w.want(t, "while looking fails", false)
		w.set("a", nil)
		time.Sleep(time.Minute)
		w.want(t, "when looking works again", true)
	})
}

func TestNobodyReceives(t *testing.T) {
	watch(t, func(t *testing.T, w *watched, stop func()) {
		for _, state := range []string{"b", "c", "d"} {
			w.set(state, nil)
			time.Sleep(time.Minute)
		}
		w.want(t, "of three", true)
		w.want(t, "twice", false)
		w.set("e", nil)
		stop()
		w.want(t, "after the end", false)
	})
}

// What cannot be looked at is looked at again soon, and as before when it can be.
func TestFailuresAreShort(t *testing.T) {
	watch(t, func(t *testing.T, w *watched, _ func()) {
		w.set("", errors.New("no connection"))
		w.hints <- pollwatch.Again
		synctest.Wait()
		w.want(t, "when a look fails", true)
		w.set("a", nil)
		time.Sleep(1100 * time.Millisecond)
		w.want(t, "a second later", true)
		looks := w.count()
		time.Sleep(40 * time.Second)
		if n := w.count(); n != looks {
			t.Errorf("%d looks in less than the interval", n-looks)
		}
		w.set("", errors.New("no connection"))
		time.Sleep(10 * time.Minute)
		looks = w.count()
		time.Sleep(time.Minute)
		if n := w.count() - looks; n < 11 || n > 16 {
			t.Errorf("%d looks in a minute of failures, want one every five seconds", n)
		}
	})
}
