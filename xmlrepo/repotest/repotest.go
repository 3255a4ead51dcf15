// Package repotest holds the conformance suite of xmlrepo.Repository: whoever
// writes a store calls [Run] from a test, in the manner of testing/fstest, and
// has every sentence of the contract checked, the optional interfaces included
// as far as the store has them.
//
//	func TestConformance(t *testing.T) {
//		repotest.Run(t, func(t *testing.T) xmlrepo.Repository { return mystore.New(…) })
//	}
//
// A store that processes share also calls [RunShared].
package repotest

import (
	"context"
	"errors"
	"io/fs"
	"slices"
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
		{"Apart", testApart},
		{"Remover", testRemover},
		{"Watcher", testWatcher},
		{"Fingerprinter", testFingerprinter},
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
		store(t, a, "key-1", "<key />")
		want(t, b, map[string]string{"key-1": "<key />"})
		if err := b.Store(t.Context(), xmlrepo.Element{Name: "key-1", XML: []byte("<other />")}); !errors.Is(err, xmlrepo.ErrExist) {
			t.Errorf("Store of a name that the other has stored: %v, want ErrExist", err)
		}
		want(t, a, map[string]string{"key-1": "<key />"})
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
		store(t, a, "key-1", "<key />")
		store(t, a, "key-2", "<key />")
		err := ra.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element {
			if err := rb.Remove(t.Context(), named("key-1")); err != nil {
				t.Error(err)
			}
			return all
		})
		if err != nil {
			t.Errorf("Remove of an element that the other has removed meanwhile: %v", err)
		}
		want(t, a, nil)
		want(t, b, nil)
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
		store(t, b, "key-1", "<key />")
		wait(t, changes, "after the other has stored")
	})
	t.Run("Fingerprinter", func(t *testing.T) {
		a, b := open(t)
		before := fingerprint(t, a)
		store(t, b, "key-1", "<key />")
		if after := fingerprint(t, a); after == before {
			t.Error("the fingerprint is the same after the other has stored")
		}
	})
}

// store stores an element and fails the test if that fails.
func store(t *testing.T, repo xmlrepo.Repository, name, xml string) {
	t.Helper()
	if err := repo.Store(t.Context(), xmlrepo.Element{Name: name, XML: []byte(xml)}); err != nil {
		t.Fatalf("Store %q: %v", name, err)
	}
}

// elements returns what the repository holds, by name.
func elements(t *testing.T, repo xmlrepo.Repository) map[string]string {
	t.Helper()
	list, err := repo.Elements(t.Context())
	if err != nil {
		t.Fatalf("Elements: %v", err)
	}
	found := make(map[string]string, len(list))
	for _, e := range list {
		if _, twice := found[e.Name]; twice {
			t.Errorf("Elements returned %q twice", e.Name)
		}
		found[e.Name] = string(e.XML)
	}
	return found
}

// want checks that the repository holds exactly these elements.
func want(t *testing.T, repo xmlrepo.Repository, elems map[string]string) {
	t.Helper()
	found := elements(t, repo)
	for name, xml := range elems {
		got, ok := found[name]
		switch {
		case !ok:
			t.Errorf("element %q is missing", name)
		case got != xml:
			t.Errorf("element %q = %s, want %s", name, got, xml)
		}
	}
	for name := range found {
		if _, ok := elems[name]; !ok {
			t.Errorf("element %q should not be there", name)
		}
	}
}

// named returns a choice of the elements with these names, in their order.
func named(names ...string) func([]xmlrepo.Element) []xmlrepo.Element {
	return func(all []xmlrepo.Element) []xmlrepo.Element {
		var chosen []xmlrepo.Element
		for _, name := range names {
			i := slices.IndexFunc(all, func(e xmlrepo.Element) bool { return e.Name == name })
			if i >= 0 {
				chosen = append(chosen, all[i])
			}
		}
		return chosen
	}
}

// cancelled checks the error of a call whose context was done before.
func cancelled(t *testing.T, call string, err error) {
	t.Helper()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%s with a cancelled context: %v, want context.Canceled", call, err)
	}
}

// taken checks the error of a Store whose name was taken.
func taken(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, xmlrepo.ErrExist) || !errors.Is(err, fs.ErrExist) {
		t.Errorf("Store of a name that is taken: %v, want an error that is ErrExist and fs.ErrExist", err)
	}
}
