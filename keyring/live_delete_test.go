package keyring_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
)

// TestLiveDeletion lets .NET and Go delete the same keys from two copies of a
// ring, and compares what is left.
func TestLiveDeletion(t *testing.T) {
	peer := dotnettest.Start(t)
	const broken, absent = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb", "cccccccc-cccc-4ccc-8ccc-cccccccccccc"
	numbers := func(n ...int) func([]keyring.Key) []string {
		return func(keys []keyring.Key) (ids []string) {
			for _, i := range n {
				ids = append(ids, keys[i].ID.String())
			}
			return ids
		}
	}
	for _, test := range []struct {
		name    string
		chosen  func([]keyring.Key) []string
		broken  string // a broken key element that also lies there
		differs string // what we keep of the revocations, and .NET does not
	}{
		{name: "no key", chosen: numbers(), differs: "where no key goes, no revocation does"},
		{name: "a revoked key", chosen: numbers(0)},
		{name: "a good key", chosen: numbers(1)},
		{name: "all keys", chosen: numbers(0, 1, 2)},
		{name: "a key beside a broken one", chosen: numbers(0), broken: `<key id="` + broken + `" />`, differs: "a broken key stays revoked"},
		{name: "a key beside a broken one without id", chosen: numbers(0), broken: `<key />`, differs: "a broken key may be any key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			paths := []string{t.TempDir(), t.TempDir()}
			m := newManager(t, newDir(t, paths[0]), keyring.Options{})
			var keys []keyring.Key
			for range 3 {
				keys = append(keys, create(t, m, keyring.NewKeyOptions{}))
			}
			for _, id := range []string{keys[0].ID.String(), keys[2].ID.String(), absent, broken} {
				if _, err := m.RevokeKey(t.Context(), mustID(id), ""); err != nil {
					t.Fatal(err)
				}
			}
			for d := range 3 {
				if _, err := m.RevokeAllKeys(t.Context(), time.Now().AddDate(0, 0, d-5), ""); err != nil {
					t.Fatal(err)
				}
			}
			put(t, newDir(t, paths[0]), "foreign", "<html />")
			if test.broken != "" {
				put(t, newDir(t, paths[0]), "broken", test.broken)
			}
			if err := os.CopyFS(paths[1], os.DirFS(paths[0])); err != nil {
				t.Fatal(err)
			}
			ids := test.chosen(keys)
			if _, err := peer.Open(paths[0], dotnettest.RingOptions{}).DeleteKeys(ids...); err != nil {
				t.Fatal(err)
			}
			other := newManager(t, newDir(t, paths[1]), keyring.Options{})
			chosen := func(k keyring.Key) bool { return slices.Contains(ids, k.ID.String()) }
			if _, err := other.DeleteKeys(t.Context(), chosen, keyring.DeleteOptions{IncludeUnexpired: true}); err != nil {
				t.Fatal(err)
			}
			left := func(path string) []string {
				return slices.Sorted(maps.Keys(elements(t, newDir(t, path))))
			}
			theirs, ours := left(paths[0]), left(paths[1])
			if test.differs == "" && !slices.Equal(theirs, ours) {
				t.Errorf("left: %q\n.NET: %q", ours, theirs)
			}
			kept := slices.DeleteFunc(ours, func(name string) bool { return slices.Contains(theirs, name) })
			onlyRevocations := !slices.ContainsFunc(kept, func(name string) bool { return !strings.HasPrefix(name, "revocation-") })
			if test.differs != "" && (len(kept) == 0 || !onlyRevocations) {
				t.Errorf("%s: kept %q beside what .NET keeps, %q", test.differs, kept, theirs)
			}
		})
	}
}
