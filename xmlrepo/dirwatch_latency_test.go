package xmlrepo

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// From the moment a writer's Store returns to the value, and how many values.
func TestWatchLatency(t *testing.T) {
	t.Parallel()
	const changes, limit = 50, 5 * time.Second
	reader := eventsOnly(t)
	writer := watchable(t, reader.path, never)
	values := startWatch(t, reader)
	var took []time.Duration
	for i := range changes {
		must(t, writer.Store(t.Context(), Element{Name: fmt.Sprintf("key-%d", i), XML: []byte("<k/>")}))
		begin := time.Now()
		select {
		case <-values:
			took = append(took, time.Since(begin))
		case <-time.After(limit):
			t.Fatalf("not told within %v", limit)
		}
	}
	extra := rest(values)
	slices.Sort(took)
	t.Logf("told after Store had returned: median %v, at most %v, in %d changes; %d values more than changes",
		took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), changes, extra)
	// One Store is a temporary file made, written, linked and removed. Only
	// the link is news. A look just before it can cost one value more.
	if extra > changes/10 {
		t.Errorf("%d Stores gave %d values", changes, changes+extra)
	}
}

// By a real clock a new file is young, so that a second value follows when it
// no longer is, and then there is peace.
func TestWatchTellsOfANewFileTwice(t *testing.T) {
	t.Parallel()
	d, err := NewDir(eventsOnly(t).path, DirOptions{PollInterval: never})
	must(t, err)
	old := time.Now().Add(-time.Hour)
	write(t, d, "old.xml", "<k/>")
	must(t, os.Chtimes(filepath.Join(d.path, "old.xml"), old, old))
	values := startWatch(t, d)
	must(t, d.Store(t.Context(), key1))
	begin := time.Now()
	var at []time.Duration
	for end := time.After(settling + 10*coalescing); end != nil; {
		select {
		case <-values:
			at = append(at, time.Since(begin).Round(time.Millisecond))
		case <-end:
			end = nil
		}
	}
	t.Logf("values after a Store: %v", at)
	if len(at) != 2 || at[1]-at[0] < settling {
		t.Errorf("values %v after the Store; want one at once, and one when the file is no longer young", at)
	}
}
