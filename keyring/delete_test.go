package keyring_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// removals notes the order in which elements were to go.
type removals struct {
	*xmlrepo.Memory
	names []string
	err   error
}

func (r *removals) Remove(ctx context.Context, choose func([]xmlrepo.Element) []xmlrepo.Element) error {
	err := r.Memory.Remove(ctx, func(all []xmlrepo.Element) []xmlrepo.Element {
		chosen := choose(all)
		for _, e := range chosen {
			r.names = append(r.names, e.Name)
		}
		return chosen
	})
	return errors.Join(err, r.err)
}

func everyKey(keyring.Key) bool { return true }

// richRing has three keys, of which the first two expire at noon plus 90 days,
// and revocations of every kind.
func richRing(t *testing.T) (*removals, []keyring.Key) {
	t.Helper()
	store, keys := ringOf(t, 2)
	m := newManager(t, store, keyring.Options{Now: at(noon.Add(time.Minute))})
	keys = append(keys, create(t, m, keyring.NewKeyOptions{Expiration: noon.Add(1000 * day)}))
	for _, id := range []string{keys[0].ID.String(), keys[2].ID.String(), otherKeyID} {
		if _, err := m.RevokeKey(t.Context(), mustID(id), ""); err != nil {
			t.Fatal(err)
		}
	}
	for d := range 3 {
		if _, err := m.RevokeAllKeys(t.Context(), noon.AddDate(0, 0, d-5), ""); err != nil {
			t.Fatal(err)
		}
	}
	put(t, store, "foreign", "<html />")
	return &removals{Memory: store}, keys
}

func TestDeleteKeys(t *testing.T) {
	store, keys := richRing(t)
	m := newManager(t, store, keyring.Options{Now: at(noon.Add(91 * day))})
	want := []string{
		keys[0].ElementName, keys[1].ElementName, // not the third, which has not expired
		"revocation-" + keys[0].ID.String(), "revocation-" + otherKeyID,
		"revocation-20260426T120000Z", "revocation-20260427T120000Z",
	}
	before := elements(t, store)

	dry, err := m.DeleteKeys(t.Context(), everyKey, keyring.DeleteOptions{DryRun: true})
	if err != nil || !sameDeletion(dry.Names, want) || len(elements(t, store)) != len(before) {
		t.Fatalf("dry run: got %q, %v", dry.Names, err)
	}
	deleted, err := m.DeleteKeys(t.Context(), everyKey, keyring.DeleteOptions{})
	if err != nil || !slices.Equal(deleted.Names, dry.Names) || !slices.Equal(store.names, dry.Names) {
		t.Fatalf("got %q, %v; removed %q", deleted.Names, err, store.names)
	}
	if len(deleted.Keys) != 2 || deleted.Keys[0].ID != keys[0].ID || deleted.Keys[1].ID != keys[1].ID {
		t.Errorf("got %+v", deleted.Keys)
	}
	after := elements(t, store)
	if len(after) != len(before)-len(want) {
		t.Errorf("left: %v", after)
	}
	if k := readOne(t, store); k.ID != keys[2].ID || !k.Revoked {
		t.Errorf("left: %+v", k)
	}
}

// sameDeletion compares names whose kinds must follow each other, but not more.
func sameDeletion(a, b []string) bool {
	kind := func(name string) int {
		switch {
		case strings.HasPrefix(name, "key-"):
			return 0
		case len(name) > len("revocation-20260426T1200001234567Z"):
			return 1
		}
		return 2
	}
	byKind := func(x, y string) int { return kind(x) - kind(y) }
	return slices.IsSortedFunc(a, byKind) && slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func TestDeleteKeysTakesOnlyExpiredOnes(t *testing.T) {
	for _, test := range []struct {
		now  time.Time
		opts keyring.DeleteOptions
		want int
	}{
		{noon, keyring.DeleteOptions{}, 0},
		{noon.Add(90*day - tick), keyring.DeleteOptions{}, 0},
		{noon.Add(90 * day), keyring.DeleteOptions{}, 1},
		{noon, keyring.DeleteOptions{IncludeUnexpired: true}, 1},
	} {
		store, _ := ringOf(t, 1)
		m := newManager(t, store, keyring.Options{Now: at(test.now)})
		deleted, err := m.DeleteKeys(t.Context(), everyKey, test.opts)
		if err != nil || len(deleted.Keys) != test.want || len(elements(t, store)) != 1-test.want {
			t.Errorf("%v, %+v: got %+v, %v", test.now, test.opts, deleted, err)
		}
	}
}

func TestDeleteKeysWithoutAnyChosenRemovesNothing(t *testing.T) {
	store, _ := richRing(t)
	m := newManager(t, store, keyring.Options{Now: at(noon.Add(91 * day))})
	deleted, err := m.DeleteKeys(t.Context(), func(keyring.Key) bool { return false }, keyring.DeleteOptions{IncludeUnexpired: true})
	if err != nil || deleted.Names != nil || store.names != nil {
		t.Errorf("got %+v, %v", deleted, err)
	}
}

func TestDeleteKeysKeepsRevocationsOfBrokenKeys(t *testing.T) {
	for _, test := range []struct{ broken, kept string }{
		{`<key id="` + otherKeyID + `" />`, otherKeyID},
		{`<key />`, otherKeyID}, // may be it
	} {
		store, keys := richRing(t)
		put(t, store, "broken", test.broken)
		m := newManager(t, store, keyring.Options{Now: at(noon)})
		first := func(k keyring.Key) bool { return k.ID == keys[0].ID }
		if _, err := m.DeleteKeys(t.Context(), first, keyring.DeleteOptions{IncludeUnexpired: true}); err != nil {
			t.Fatal(err)
		}
		after := elements(t, store)
		if after["revocation-"+test.kept] == "" || after["broken"] == "" || after[keys[0].ElementName] != "" {
			t.Errorf("%s: left %v", test.broken, after)
		}
	}
}

func TestDeleteKeysThatCannot(t *testing.T) {
	include := keyring.DeleteOptions{IncludeUnexpired: true}

	rich, _ := richRing(t)
	bare := newFarmStore() // cannot remove
	bare.memory = rich.Memory
	m := newManager(t, bare, keyring.Options{})
	if _, err := m.DeleteKeys(t.Context(), everyKey, include); err == nil || !strings.Contains(err.Error(), "cannot delete") {
		t.Errorf("got %v", err)
	}
	if deleted, err := m.DeleteKeys(t.Context(), everyKey, keyring.DeleteOptions{IncludeUnexpired: true, DryRun: true}); err != nil || len(deleted.Keys) != 3 {
		t.Errorf("dry run: got %v, %v", deleted, err)
	}

	rich.err = errStoreDown
	if _, err := newManager(t, rich, keyring.Options{}).DeleteKeys(t.Context(), everyKey, include); !errors.Is(err, errStoreDown) {
		t.Errorf("got %v", err)
	}

	unreadable, _ := richRing(t)
	put(t, unreadable, "broken", "<revocation />")
	before := len(elements(t, unreadable))
	for _, dry := range []bool{false, true} {
		_, err := newManager(t, unreadable, keyring.Options{}).DeleteKeys(t.Context(), everyKey, keyring.DeleteOptions{IncludeUnexpired: true, DryRun: dry})
		var named *keyring.ElementError
		if !errors.As(err, &named) || named.Name != "broken" || len(elements(t, unreadable)) != before {
			t.Errorf("got %v", err)
		}
	}
}
