// Package repotest holds the conformance suite of xmlrepo.Repository: whoever
// writes a store calls [Run] from a test, in the manner of testing/fstest, and
// has every sentence of the contract checked, the optional interfaces included
// as far as the store has them.
//
//	func TestConformance(t *testing.T) {
//		repotest.Run(t, func(t *testing.T) xmlrepo.Repository { return mystore.New(…) })
//	}
//
// A store that processes share also calls [RunShared], and one behind a network
// [RunOutage].
//
// A store that keeps no names passes too, if it gives keys the names that their
// content says.
package repotest

import (
	"errors"
	"testing"
	"time"

	"dataprotection.example/xmlrepo"
)

// patience is how long the suite waits for what a store does in its own time.
// It is wide, because a store may poll.
const patience = time.Minute

// Run checks a kind of store. Each call of open makes one that is empty and
// shares nothing with the others; its cleanup belongs to the t it is given.
func Run(t *testing.T, open func(t *testing.T) xmlrepo.Repository) {
	tests := []struct {
		name string
		test func(*testing.T, func(*testing.T) xmlrepo.Repository)
	}{
		{"Empty", testEmpty},
		{"RoundTrip", testRoundTrip},
		{"NormalForm", testNormalForm},
		{"Malformed", testMalformed},
		{"Names", testNames},
		{"Foreign", testForeign},
		{"NeverReplaces", testNeverReplaces},
		{"Copies", testCopies},
		{"ConcurrentSameName", func(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
			repo := open(t)
			raceForOneName(t, repo, repo)
		}},
		{"ConcurrentReadersAndWriters", func(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
			repo := open(t)
			readWhileWriting(t, repo, repo)
		}},
		{"ManyElements", testManyElements},
		{"LargeElement", testLargeElement},
		{"Cancelled", testCancelled},
		{"CancelledInTheMiddle", testCancelledInTheMiddle},
		{"Apart", testApart},
		{"Remover", testRemover},
		{"Replacer", testReplacer},
		{"Watcher", testWatcher},
		{"Fingerprinter", testFingerprinter},
		{"Located", testLocated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open) })
	}
}

// RunShared checks a kind of store that processes share. Each call of open
// makes two repositories over one and the same empty store, as two processes
// would have them.
func RunShared(t *testing.T, open func(t *testing.T) (a, b xmlrepo.Repository)) {
	t.Run("SeesTheOther", func(t *testing.T) {
		a, b := open(t)
		store(t, a, key(1, ""))
		want(t, b, key(1, ""))
		if err := b.Store(t.Context(), key(1, "<other />")); !errors.Is(err, xmlrepo.ErrExist) {
			t.Errorf("Store of a name that the other has stored: %v, want ErrExist", err)
		}
		want(t, a, key(1, ""))
	})
	t.Run("ConcurrentSameName", func(t *testing.T) {
		a, b := open(t)
		raceForOneName(t, a, b)
	})
	t.Run("ConcurrentReadersAndWriters", func(t *testing.T) {
		a, b := open(t)
		readWhileWriting(t, a, b)
	})
	t.Run("RemovedByTheOther", func(t *testing.T) {
		a, b := open(t)
		ra, rb := remover(t, a), remover(t, b)
		store(t, a, key(1, ""))
		store(t, a, key(2, ""))
		err := ra.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element {
			if err := rb.Remove(t.Context(), keys(1)); err != nil {
				t.Error(err)
			}
			return all
		})
		if err != nil {
			t.Errorf("Remove of an element that the other has removed meanwhile: %v", err)
		}
		want(t, a)
		want(t, b)
	})
	t.Run("ReplacedByTheOther", func(t *testing.T) {
		a, b := open(t)
		ra, rb := replacer(t, a), replacer(t, b)
		store(t, a, key(1, "<a />"))
		if err := rb.Replace(t.Context(), key(1, "<a />"), key(1, "<b />")); err != nil {
			t.Fatal(err)
		}
		if err := ra.Replace(t.Context(), key(1, "<a />"), key(1, "<c />")); !errors.Is(err, xmlrepo.ErrChanged) {
			t.Errorf("Replace of what the other has replaced: %v, want ErrChanged", err)
		}
		want(t, a, key(1, "<b />"))
	})
	t.Run("ReplacedWhileTheOtherReads", func(t *testing.T) {
		a, b := open(t)
		replacer(t, a)
		replaceWhileReading(t, a, b)
	})
	t.Run("ReplacedByBoth", func(t *testing.T) {
		a, b := open(t)
		raceToReplace(t, a, b)
	})
	t.Run("Watcher", func(t *testing.T) {
		a, b := open(t)
		w, ok := a.(xmlrepo.Watcher)
		if !ok {
			t.Skipf("%T is no Watcher", a)
		}
		changes, err := w.Watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		drain(changes)
		store(t, b, key(1, ""))
		wait(t, changes, "after the other has stored")
	})
	t.Run("Fingerprinter", func(t *testing.T) {
		a, b := open(t)
		before := fingerprint(t, a)
		store(t, b, key(1, ""))
		if after := fingerprint(t, a); after == before {
			t.Error("the fingerprint is the same after the other has stored")
		}
	})
}
