package repotest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"

	"dataprotection.example/xmlrepo"
)

// key returns an element with a name that its content says, so that it comes
// back under that name from every store.
func key(n int, content string) xmlrepo.Element {
	id := fmt.Sprintf("5d2d2bd8-9c5f-4b0c-8b62-%012x", n)
	start, end := `<key id="`+id+`" version="1"`, " />"
	if content != "" {
		start, end = start+">", "</key>"
	}
	return xmlrepo.Element{Name: "key-" + id, XML: []byte(start + content + end)}
}

// store stores an element and fails the test if that fails.
func store(t *testing.T, repo xmlrepo.Repository, e xmlrepo.Element) {
	t.Helper()
	if err := repo.Store(t.Context(), e); err != nil {
		t.Fatalf("Store %q: %v", e.Name, err)
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
func want(t *testing.T, repo xmlrepo.Repository, elems ...xmlrepo.Element) {
	t.Helper()
	found := elements(t, repo)
	for _, e := range elems {
		got, ok := found[e.Name]
		switch {
		case !ok:
			t.Errorf("element %q is missing", e.Name)
		case got != string(e.XML):
			t.Errorf("element %q = %s, want %s", e.Name, got, e.XML)
		}
		delete(found, e.Name)
	}
	for name := range found {
		t.Errorf("element %q should not be there", name)
	}
}

// keys returns a choice of the keys with these numbers, in their order.
func keys(numbers ...int) func([]xmlrepo.Element) []xmlrepo.Element {
	return func(all []xmlrepo.Element) []xmlrepo.Element {
		var chosen []xmlrepo.Element
		for _, n := range numbers {
			name := key(n, "").Name
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
