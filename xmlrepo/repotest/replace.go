package repotest

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"dataprotection.example/xmlrepo"
)

// replacer returns the repository as a Replacer, or skips the test.
func replacer(t *testing.T, repo xmlrepo.Repository) xmlrepo.Replacer {
	t.Helper()
	r, ok := repo.(xmlrepo.Replacer)
	if !ok {
		t.Skipf("%T is no Replacer", repo)
	}
	return r
}

func testReplacer(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	replacer(t, open(t))
	t.Run("Replaces", func(t *testing.T) {
		repo := open(t)
		old := key(1, "<a />")
		store(t, repo, old)
		store(t, repo, key(2, "<b />"))
		for _, content := range []string{"<c />", "<d>" + strings.Repeat("text", 10_000) + "</d>", ""} { // as long, longer, shorter
			with := key(1, content)
			spelled := with
			spelled.XML = append([]byte("\ufeff<?xml version=\"1.0\"?>\n"), with.XML...)
			if err := replacer(t, repo).Replace(t.Context(), old, spelled); err != nil {
				t.Fatal(err)
			}
			want(t, repo, with, key(2, "<b />"))
			old = with
		}
		taken(t, repo.Store(t.Context(), key(1, "<x />")))
	})
	t.Run("Changed", func(t *testing.T) {
		repo := open(t)
		store(t, repo, key(1, "<a />"))
		if err := replacer(t, repo).Replace(t.Context(), key(1, "<a />"), key(1, "<b />")); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{key(1, "").Name, key(2, "").Name, "", "../" + key(1, "").Name} {
			old, with := key(1, "<a />"), key(1, "<c />")
			old.Name, with.Name = name, name
			if err := replacer(t, repo).Replace(t.Context(), old, with); !errors.Is(err, xmlrepo.ErrChanged) {
				t.Errorf("Replace of a %q that is not there: %v, want ErrChanged", name, err)
			}
		}
		want(t, repo, key(1, "<b />"))
	})
	t.Run("Removed", func(t *testing.T) {
		repo := open(t)
		store(t, repo, key(1, "<a />"))
		if err := remover(t, repo).Remove(t.Context(), keys(1)); err != nil {
			t.Fatal(err)
		}
		if err := replacer(t, repo).Replace(t.Context(), key(1, "<a />"), key(1, "<b />")); !errors.Is(err, xmlrepo.ErrChanged) {
			t.Errorf("Replace of a removed element: %v, want ErrChanged", err)
		}
		want(t, repo)
	})
	t.Run("Refuses", func(t *testing.T) {
		repo := open(t)
		store(t, repo, key(1, "<a />"))
		bad := []xmlrepo.Element{key(2, "<a />")}
		for _, xml := range []string{"", "<a>", "<a /><b />", "<!DOCTYPE a><a />"} {
			bad = append(bad, xmlrepo.Element{Name: key(1, "").Name, XML: []byte(xml)})
		}
		for _, with := range bad {
			if err := replacer(t, repo).Replace(t.Context(), key(1, "<a />"), with); err == nil || errors.Is(err, xmlrepo.ErrChanged) {
				t.Errorf("Replace by %q = %q: %v", with.Name, with.XML, err)
			}
		}
		want(t, repo, key(1, "<a />"))
	})
	t.Run("Tells", func(t *testing.T) {
		repo := open(t)
		store(t, repo, key(1, "<a />"))
		before := ""
		if _, ok := repo.(xmlrepo.Fingerprinter); ok {
			before = fingerprint(t, repo)
		}
		var changes <-chan struct{}
		if w, ok := repo.(xmlrepo.Watcher); ok {
			var err error
			if changes, err = w.Watch(t.Context()); err != nil {
				t.Fatal(err)
			}
			drain(changes)
		}
		if err := replacer(t, repo).Replace(t.Context(), key(1, "<a />"), key(1, "<b />")); err != nil {
			t.Fatal(err)
		}
		if changes != nil {
			wait(t, changes, "after a Replace")
		}
		if before != "" && fingerprint(t, repo) == before {
			t.Error("the fingerprint is the same after a Replace")
		}
	})
	t.Run("WhileReading", func(t *testing.T) {
		repo := open(t)
		replaceWhileReading(t, repo, repo)
	})
}

// replaceWhileReading replaces an element again and again through a, while
// others read through b: they find it every time, whole, in one version or
// another.
func replaceWhileReading(t *testing.T, a, b xmlrepo.Repository) {
	t.Helper()
	const versions = 50
	version := func(i int) xmlrepo.Element { return key(1, "<n>"+strings.Repeat("x", 1+200*(i%7)+i)+"</n>") }
	known := map[string]bool{}
	for i := range versions + 1 {
		known[string(version(i).XML)] = true
	}
	store(t, a, version(0))
	var done atomic.Bool
	var readers sync.WaitGroup
	defer readers.Wait()
	defer done.Store(true)
	for range 2 {
		readers.Go(func() {
			for !done.Load() {
				list, err := b.Elements(t.Context())
				if err != nil || len(list) != 1 || !known[string(list[0].XML)] {
					t.Errorf("while one element is replaced: %d elements, %v", len(list), err)
					return
				}
			}
		})
	}
	for i := range versions {
		if err := replacer(t, a).Replace(t.Context(), version(i), version(i+1)); err != nil {
			t.Errorf("Replace: %v", err)
			return
		}
	}
}
