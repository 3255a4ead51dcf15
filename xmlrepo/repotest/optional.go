package repotest

import (
	"context"
	"strings"
	"testing"
	"time"

	"dataprotection.example/xmlrepo"
)

// remover returns the repository as a Remover, or skips the test.
func remover(t *testing.T, repo xmlrepo.Repository) xmlrepo.Remover {
	t.Helper()
	r, ok := repo.(xmlrepo.Remover)
	if !ok {
		t.Skipf("%T is no Remover", repo)
	}
	return r
}

func testRemover(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	remover(t, open(t))
	three := []xmlrepo.Element{key(1, "<a />"), key(2, "<b />"), key(3, "<c />")}
	full := func(t *testing.T) (xmlrepo.Repository, xmlrepo.Remover) {
		repo := open(t)
		for _, e := range three {
			store(t, repo, e)
		}
		return repo, remover(t, repo)
	}
	t.Run("Chosen", func(t *testing.T) {
		repo, r := full(t)
		calls := 0
		err := r.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element {
			calls++
			offered := xmlrepo.NewMemory()
			for _, e := range all {
				store(t, offered, e)
			}
			want(t, offered, three...)
			return keys(3, 1, 3)(all) // one of them twice
		})
		if err != nil {
			t.Error(err)
		}
		if calls != 1 {
			t.Errorf("choose was called %d times", calls)
		}
		want(t, repo, three[1])
		store(t, repo, key(1, "<again />")) // a name that was removed is free
	})
	t.Run("Nothing", func(t *testing.T) {
		repo, r := full(t)
		if err := r.Remove(t.Context(), keys()); err != nil {
			t.Error(err)
		}
		want(t, repo, three...)
	})
	t.Run("Empty", func(t *testing.T) {
		calls := 0
		err := remover(t, open(t)).Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element {
			calls++
			return all
		})
		if err != nil || calls != 1 {
			t.Errorf("Remove on an empty store: error %v, choose called %d times", err, calls)
		}
	})
	t.Run("NotOffered", func(t *testing.T) {
		repo, r := full(t)
		for _, name := range []string{key(4, "").Name, "", "../" + key(1, "").Name, key(1, "").Name + ".xml"} {
			err := r.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element {
				return append(all, xmlrepo.Element{Name: name})
			})
			if err == nil {
				t.Errorf("Remove of %q, which was not offered, succeeded", name)
			}
		}
		want(t, repo, three...)
	})
	t.Run("AlreadyGone", func(t *testing.T) {
		repo, r := full(t)
		err := r.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element {
			if err := r.Remove(t.Context(), keys(2)); err != nil {
				t.Error(err)
			}
			return keys(2, 1)(all)
		})
		if err != nil {
			t.Errorf("Remove of an element that is gone already: %v", err)
		}
		want(t, repo, three[2])
	})
}

func testWatcher(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	w, ok := repo.(xmlrepo.Watcher)
	if !ok {
		t.Skipf("%T is no Watcher", repo)
	}
	ctx, cancel := context.WithCancel(t.Context())
	changes, err := w.Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	other, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	drain(changes)
	store(t, repo, key(1, ""))
	wait(t, changes, "after a Store")
	wait(t, other, "for a second watcher")
	for i := range 50 { // nobody receives, and nobody is delayed
		store(t, repo, key(100+i, ""))
	}
	wait(t, changes, "after many Stores")
	drain(changes)
	if r, ok := repo.(xmlrepo.Remover); ok {
		if err := r.Remove(t.Context(), keys(1)); err != nil {
			t.Fatal(err)
		}
		wait(t, changes, "after a Remove")
	}
	cancel()
	closed(t, changes)
	drain(other)
	store(t, repo, key(3, ""))
	wait(t, other, "after the first watcher has left")

	changes, err = w.Watch(ctx)
	if err == nil {
		closed(t, changes)
	} else {
		cancelled(t, "Watch", err)
	}
}

// drain forgets the values that came so far, and those that a store that looks
// now and then still sends for changes made before.
func drain(changes <-chan struct{}) {
	for {
		select {
		case _, ok := <-changes:
			if !ok {
				return
			}
		case <-time.After(300 * time.Millisecond):
			return
		}
	}
}

func wait(t *testing.T, changes <-chan struct{}, when string) {
	t.Helper()
	select {
	case _, ok := <-changes:
		if !ok {
			t.Fatalf("the channel was closed %s, before its context was done", when)
		}
	case <-time.After(patience):
		t.Fatalf("no value %s within %v", when, patience)
	}
}

func closed(t *testing.T, changes <-chan struct{}) {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case _, ok := <-changes:
			if !ok {
				return
			}
		case <-timeout:
			t.Fatalf("the channel is still open %v after its context was done", patience)
		}
	}
}

func testFingerprinter(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	seen := make(map[string]string)
	step := func(what string) {
		t.Helper()
		print := fingerprint(t, repo)
		if before, ok := seen[print]; ok {
			t.Errorf("the fingerprint %s is the one %s", what, before)
		}
		seen[print] = what
		if again := fingerprint(t, repo); again != print {
			t.Errorf("two fingerprints %s differ", what)
		}
	}
	step("of an empty store")
	store(t, repo, key(1, ""))
	step("with one element")
	store(t, repo, key(2, ""))
	step("with two elements")
	if r, ok := repo.(xmlrepo.Remover); ok {
		if err := r.Remove(t.Context(), keys(1)); err != nil {
			t.Fatal(err)
		}
		step("after one was removed")
	}
}

// fingerprint returns the first fingerprint that is not empty, or skips the
// test if the repository has none.
func fingerprint(t *testing.T, repo xmlrepo.Repository) string {
	t.Helper()
	f, ok := repo.(xmlrepo.Fingerprinter)
	if !ok {
		t.Skipf("%T is no Fingerprinter", repo)
	}
	for range patience / (50 * time.Millisecond) {
		print, err := f.Fingerprint(t.Context())
		if err != nil {
			t.Fatalf("Fingerprint: %v", err)
		}
		if print != "" {
			return print
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the fingerprint was empty for %v, without a change", patience)
	return ""
}

func testLocated(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	l, ok := repo.(xmlrepo.Located)
	if !ok {
		t.Skipf("%T is not Located", repo)
	}
	place := l.Location()
	if place == "" {
		t.Error("the store is nowhere")
	}
	store(t, repo, key(1, ""))
	list, err := repo.Elements(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("Elements: %d, %v", len(list), err)
	}
	if at := list[0].Location; !strings.HasPrefix(at, place) || at == place {
		t.Errorf("the store is at %q, its element at %q", place, at)
	}
}
