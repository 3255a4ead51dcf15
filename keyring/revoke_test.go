package keyring_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// ringOf returns a store with n keys made at noon, a second apart.
func ringOf(t testing.TB, n int) (*xmlrepo.Memory, []keyring.Key) {
	t.Helper()
	store := xmlrepo.NewMemory()
	var keys []keyring.Key
	for i := range n {
		m := newManager(t, store, keyring.Options{Now: at(noon.Add(time.Duration(i) * time.Second))})
		keys = append(keys, create(t, m, keyring.NewKeyOptions{}))
	}
	return store, keys
}

func revokedKeys(t testing.TB, store xmlrepo.Repository) (ids []uuid.UUID) {
	t.Helper()
	for _, k := range read(t, store).Keys {
		if k.Revoked {
			ids = append(ids, k.ID)
		}
	}
	return ids
}

func TestRevokeKey(t *testing.T) {
	store, keys := ringOf(t, 2)
	m := newManager(t, store, keyring.Options{Now: at(noon.Add(time.Hour + 150))})
	id := keys[0].ID.String()
	result, err := m.RevokeKey(t.Context(), keys[0].ID, `lost & "found"`)
	if err != nil || !slices.Equal(result.Names, []string{"revocation-" + id}) || result.Misleading != nil {
		t.Fatalf("got %+v, %v", result, err)
	}
	want := `<revocation version="1"><revocationDate>2026-05-01T13:00:00.0000001Z</revocationDate><key id="` + id + `" />` +
		`<reason>lost &amp; "found"</reason></revocation>`
	if got := elements(t, store)["revocation-"+id]; got != want {
		t.Errorf("stored %s", got)
	}
	l := read(t, store)
	k, _ := l.Key(keys[0].ID)
	if !k.Revoked || k.RevocationReason != `lost & "found"` || !k.RevocationDate.Equal(noon.Add(time.Hour+tick)) {
		t.Errorf("got %+v", k)
	}
	if other, _ := l.Key(keys[1].ID); other.Revoked {
		t.Error("another key is revoked")
	}
	// A key that is not there may be on its way.
	if result, err := m.RevokeKey(t.Context(), uuid.UUID{1}, ""); err != nil || len(result.Names) != 1 {
		t.Errorf("an absent key: got %+v, %v", result, err)
	}
}

func TestRevokeKeyWhoseRecordsNameIsTaken(t *testing.T) {
	_, keys := ringOf(t, 2)
	id, other := keys[0].ID.String(), keys[1].ID.String()
	record := func(id string) string { return strings.Replace(revocationXML, goodKeyID, id, 1) }
	for _, test := range []struct {
		name       string
		taken      string
		more       string
		misleading bool
	}{
		{name: "by the very record", taken: record(id)},
		{name: "by the record in other words", taken: `<revocation><key id="{` + strings.ToUpper(id) + `}" /></revocation>`},
		{name: "by the record of another key", taken: record(other), misleading: true},
		{name: "by the record of another key, but the key is revoked", taken: record(other), more: record(id)},
		{name: "by something else, but all keys are revoked", taken: "<html />", more: strings.Replace(massRevocationXML, "2026-02", "2026-06", 1)},
		{name: "by an older mass revocation", taken: strings.Replace(massRevocationXML, "2026-02-03", "2026-01-01", 1), misleading: true},
		{name: "by something else", taken: "<html />", misleading: true},
		{name: "by a broken key", taken: "<key />", misleading: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := xmlrepo.NewMemory()
			for _, k := range keys {
				put(t, store, k.ElementName, strings.Replace(goodKeyXML, goodKeyID, k.ID.String(), 1))
			}
			name := "revocation-" + id
			put(t, store, name, test.taken)
			if test.more != "" {
				put(t, store, "more", test.more)
			}
			before := elements(t, store)
			result, err := newManager(t, store, keyring.Options{Now: at(noon)}).RevokeKey(t.Context(), keys[0].ID, "")
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(revokedKeys(t, store), keys[0].ID) {
				t.Error("not revoked")
			}
			after := elements(t, store)
			if after[name] != before[name] {
				t.Error("what had the name was changed")
			}
			if !test.misleading {
				if result.Names != nil || result.Misleading != nil || len(after) != len(before) {
					t.Errorf("already revoked: got %+v, %d elements more", result, len(after)-len(before))
				}
				return
			}
			if !slices.Equal(result.Misleading, []string{name}) || len(result.Names) != 1 || len(after) != len(before)+1 {
				t.Fatalf("got %+v", result)
			}
			if fresh, ok := strings.CutPrefix(result.Names[0], "revocation-"); !ok || uuid.Validate(fresh) != nil || fresh == id {
				t.Errorf("stored as %q", result.Names[0])
			}
		})
	}
	t.Run("by a broken record", func(t *testing.T) {
		store := xmlrepo.NewMemory()
		put(t, store, "key-"+id, strings.Replace(goodKeyXML, goodKeyID, id, 1))
		put(t, store, "revocation-"+id, "<revocation />")
		result, err := newManager(t, store, keyring.Options{}).RevokeKey(t.Context(), keys[0].ID, "")
		if err != nil || len(result.Names) != 1 || result.Names[0] == "revocation-"+id || result.Misleading != nil {
			t.Fatalf("got %+v, %v", result, err)
		}
		mended := xmlrepo.NewMemory()
		for name, text := range elements(t, store) {
			if name != "revocation-"+id {
				put(t, mended, name, text)
			}
		}
		if !slices.Contains(revokedKeys(t, mended), keys[0].ID) {
			t.Error("not revoked once the ring can be read")
		}
	})
}

// byContent is a store that names elements by what they say, and cannot be read.
type byContent struct{ *xmlrepo.Memory }

func (byContent) Elements(context.Context) ([]xmlrepo.Element, error) { return nil, errStoreDown }

func (s byContent) Store(ctx context.Context, e xmlrepo.Element) error {
	_, name, _ := strings.Cut(string(e.XML), `<key id="`)
	name, _, _ = strings.Cut(name, `"`)
	return s.Memory.Store(ctx, xmlrepo.Element{Name: "revocation-" + strings.Replace(name, "*", "all", 1), XML: e.XML})
}

// TestRevokeInARingThatCannotBeRead: every record is stored, once where names are
// told by contents.
func TestRevokeInARingThatCannotBeRead(t *testing.T) {
	memory, keys := ringOf(t, 1)
	m := newManager(t, byContent{memory}, keyring.Options{Now: at(noon)})
	for i, written := range []int{1, 0} {
		result, err := m.RevokeKey(t.Context(), keys[0].ID, "")
		if err != nil || len(result.Names) != written {
			t.Errorf("%d: got %+v, %v", i, result, err)
		}
	}
	if !slices.Contains(revokedKeys(t, memory), keys[0].ID) {
		t.Error("not revoked once the ring can be read")
	}
	// Two mass revocations of the same name may have other dates.
	for i, want := range []error{nil, xmlrepo.ErrExist} {
		if _, err := m.RevokeAllKeys(t.Context(), noon, ""); !errors.Is(err, want) {
			t.Errorf("%d: got %v", i, err)
		}
	}
}

func TestRevokeAllKeysBeforeADate(t *testing.T) {
	store, keys := ringOf(t, 3)
	m := newManager(t, store, keyring.Options{Now: at(noon.Add(time.Hour))})
	// Strictly before: the second key is as old as the date.
	date := keys[1].CreationDate.In(time.FixedZone("", -7*60*60))
	result, err := m.RevokeAllKeys(t.Context(), date, "")
	if err != nil || !slices.Equal(result.Names, []string{"revocation-20260501T120001Z"}) {
		t.Fatalf("got %+v, %v", result, err)
	}
	want := `<revocation version="1"><revocationDate>2026-05-01T12:00:01Z</revocationDate>` +
		`<!-- All keys created before the revocation date are revoked. --><key id="*" /><reason /></revocation>`
	if got := elements(t, store)[result.Names[0]]; got != want {
		t.Errorf("stored %s", got)
	}
	if got := revokedKeys(t, store); !slices.Equal(got, []uuid.UUID{keys[0].ID}) {
		t.Errorf("revoked %v", got)
	}
	// Again: the ring says so already.
	if result, err := m.RevokeAllKeys(t.Context(), date, "again"); err != nil || result.Names != nil || result.Misleading != nil {
		t.Errorf("got %+v, %v", result, err)
	}
	// An earlier one changes nothing, and is stored as what it is.
	if _, err := m.RevokeAllKeys(t.Context(), noon.AddDate(-1, 0, 0), ""); err != nil {
		t.Fatal(err)
	}
	if k, _ := read(t, store).Key(keys[0].ID); !k.RevocationDate.Equal(date) {
		t.Errorf("revoked %v", k.RevocationDate)
	}
}

func TestRevokeAllKeysNow(t *testing.T) {
	store, keys := ringOf(t, 4)
	// The clock of this node stands where the third key was made.
	m := newManager(t, store, keyring.Options{Now: at(keys[2].CreationDate)})
	result, err := m.RevokeAllKeys(t.Context(), time.Time{}, "all of them")
	want := []string{"revocation-20260501T120002Z", "revocation-" + keys[2].ID.String(), "revocation-" + keys[3].ID.String()}
	if err != nil || !slices.Equal(result.Names, want) {
		t.Fatalf("got %+v, %v", result, err)
	}
	for _, k := range read(t, store).Keys {
		if !k.Revoked || k.RevocationReason != "all of them" || !k.RevocationDate.Equal(keys[2].CreationDate) {
			t.Errorf("got %+v", k)
		}
	}
}

func TestRevokeAllKeysUnderATakenName(t *testing.T) {
	store, keys := ringOf(t, 1)
	name := "revocation-20260501T130000Z"
	put(t, store, name, strings.Replace(massRevocationXML, "2026-02-03", "2026-04-03", 1))
	result, err := newManager(t, store, keyring.Options{}).RevokeAllKeys(t.Context(), noon.Add(time.Hour), "")
	if err != nil || !slices.Equal(result.Misleading, []string{name}) || len(result.Names) != 1 {
		t.Fatalf("got %+v, %v", result, err)
	}
	if got := revokedKeys(t, store); !slices.Equal(got, []uuid.UUID{keys[0].ID}) {
		t.Errorf("revoked %v", got)
	}
}

// failing lets the first few Stores through.
type failing struct {
	*xmlrepo.Memory
	left int
}

func (f *failing) Store(ctx context.Context, e xmlrepo.Element) error {
	if f.left--; f.left < 0 {
		return errStoreDown
	}
	return f.Memory.Store(ctx, e)
}

func TestRevokeAllKeysHalfway(t *testing.T) {
	memory, keys := ringOf(t, 2)
	store := &failing{memory, 2}
	m := newManager(t, store, keyring.Options{Now: at(noon.Add(-time.Hour))})
	result, err := m.RevokeAllKeys(t.Context(), time.Time{}, "")
	if !errors.Is(err, errStoreDown) || len(result.Names) != 2 || result.Names[1] != "revocation-"+keys[0].ID.String() {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestReasonsThatXMLCannotHold(t *testing.T) {
	store, keys := ringOf(t, 1)
	m := newManager(t, store, keyring.Options{})
	for _, reason := range []string{"\x00", "a\x1bb", "\xff", "\ufffe", "\uffff"} {
		if _, err := m.RevokeKey(t.Context(), keys[0].ID, reason); err == nil {
			t.Errorf("%q was taken", reason)
		}
		if _, err := m.RevokeAllKeys(t.Context(), time.Time{}, reason); err == nil {
			t.Errorf("%q was taken for all keys", reason)
		}
	}
	if left := elements(t, store); len(left) != 1 {
		t.Errorf("stored %v", left)
	}
	for i, reason := range []string{"]]>", "a\n\tb", "<!-- & -->", "naïve 🔑", " blanks ", "\u0085\u2028\ufffd"} {
		store, keys := ringOf(t, 1)
		if _, err := newManager(t, store, keyring.Options{}).RevokeKey(t.Context(), keys[0].ID, reason); err != nil {
			t.Errorf("%d: %v", i, err)
		}
		if k := readOne(t, store); k.RevocationReason != reason {
			t.Errorf("%q came back as %q", reason, k.RevocationReason)
		}
	}
}
