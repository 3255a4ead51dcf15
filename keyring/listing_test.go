package keyring_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

func TestListingIsByCreationAndID(t *testing.T) {
	key := func(id byte, created string) string {
		return strings.NewReplacer(otherKeyID, policyKey(id).ID.String(), "2026-01-02T03:04:05.6Z", created).Replace(keyXML)
	}
	l := read(t, files(
		key(3, "2026-01-01T00:00:01Z"),
		key(0xff, "2026-01-01T00:00:00Z"),
		key(2, "2026-01-01T00:00:01Z"),
		key(1, "2026-01-01T02:00:01.0000001+02:00"),
	))
	var got []byte
	for _, k := range l.Keys {
		got = append(got, k.ID[15])
	}
	if !slices.Equal(got, []byte{0xff, 2, 3, 1}) {
		t.Errorf("got %v", got)
	}
	if k, ok := l.Key(policyKey(2).ID); !ok || k.ElementName != "doc-2" || k.Location != "ring/doc-2.xml" {
		t.Errorf("got %+v, %v", k, ok)
	}
	if _, ok := l.Key(policyKey(9).ID); ok {
		t.Error("found a key that is not there")
	}
}

func TestTwoKeysOfOneIDNameBothFiles(t *testing.T) {
	_, err := newManager(t, files(keyXML, goodKeyXML, keyXML), keyring.Options{}).Read(t.Context())
	var named *keyring.ElementError
	if !errors.As(err, &named) || !strings.Contains(err.Error(), "ring/doc-0.xml") || !strings.Contains(err.Error(), "ring/doc-2.xml") {
		t.Errorf("got %v", err)
	}
	if strings.Count(err.Error(), "keyring: ") != 1 {
		t.Errorf("stutters: %v", err)
	}
}

func TestABrokenKeyIsLeftOutAndReported(t *testing.T) {
	l := read(t, files(goodKeyXML, strings.Replace(keyXML, "2099-", "soon-", 1), "<key />"))
	if len(l.Keys) != 1 || len(l.Broken) != 2 {
		t.Fatalf("got %+v", l)
	}
	for i, want := range []struct{ id, file, what string }{
		{otherKeyID, "ring/doc-1.xml", "expirationDate"},
		{"00000000-0000-0000-0000-000000000000", "ring/doc-2.xml", "no id"},
	} {
		b := l.Broken[i]
		if b.ID.String() != want.id || b.Err.Location != want.file || !strings.Contains(b.Err.Error(), want.what) || !strings.Contains(b.Err.Error(), want.file) {
			t.Errorf("got %v, %v", b.ID, b.Err)
		}
	}
	// Its own id is no reason to fail beside it: .NET does not see it.
	twice := read(t, files(keyXML, strings.Replace(keyXML, "2099-", "soon-", 1)))
	if len(twice.Keys) != 1 || len(twice.Broken) != 1 {
		t.Errorf("got %+v", twice)
	}
}

func TestABrokenRevocationFailsTheLoad(t *testing.T) {
	m := newManager(t, files(goodKeyXML, "<revocation />"), keyring.Options{})
	for name, call := range map[string]func() error{
		"Read":      func() error { _, err := m.Read(t.Context()); return err },
		"Keys":      func() error { _, err := m.Keys(t.Context()); return err },
		"CreateKey": func() error { _, err := m.CreateKey(t.Context(), keyring.NewKeyOptions{}); return err },
	} {
		var named *keyring.ElementError
		if err := call(); !errors.As(err, &named) || named.Name != "doc-1" || !strings.Contains(err.Error(), "ring/doc-1.xml") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWhichRevocationIsTold(t *testing.T) {
	mass := func(date, reason string) string {
		return strings.NewReplacer("2026-02-03", date, "<reason />", "<reason>"+reason+"</reason>").Replace(massRevocationXML)
	}
	for _, test := range []struct {
		name    string
		records []string
		reason  string
		date    time.Time
	}{
		{"its own", []string{revocationXML}, "lost", time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC)},
		{"its own before a mass one", []string{mass("2026-06-01", "all"), revocationXML}, "lost", time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC)},
		{"the latest mass one", []string{mass("2026-05-01", "a"), mass("2026-06-01", "b"), mass("2026-03-01", "c")}, "b", time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)},
		{"its own without a date", []string{strings.Replace(revocationXML, "2026-02-03T00:00:00Z", "x", 1)}, "lost", time.Time{}},
		{"records before keys", []string{revocationXML}, "lost", time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC)},
	} {
		k := readOne(t, files(append(test.records, goodKeyXML)...))
		if !k.Revoked || k.RevocationReason != test.reason || !k.RevocationDate.Equal(test.date) {
			t.Errorf("%s: got %+v", test.name, k)
		}
	}
}

func TestElementsOfOthersAreLeftAlone(t *testing.T) {
	store := xmlrepo.NewMemory()
	put(t, store, "html", `<html><key id="`+otherKeyID+`" /></html>`)
	put(t, store, "key-of-another-kind", `<key xmlns="urn:x" />`)
	put(t, store, "revocation-of-another-kind", `<revocation xmlns="urn:x" />`)
	before := elements(t, store)
	m := newManager(t, store, keyring.Options{Now: at(noon)})
	k := create(t, m, keyring.NewKeyOptions{})
	if _, err := m.RevokeAllKeys(t.Context(), time.Time{}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := m.DeleteKeys(t.Context(), everyKey, keyring.DeleteOptions{IncludeUnexpired: true}); err != nil {
		t.Fatal(err)
	}
	after := elements(t, store)
	for name, xml := range before {
		if after[name] != xml {
			t.Errorf("%s is now %q", name, after[name])
		}
	}
	if after[k.ElementName] != "" {
		t.Error("the key was not deleted")
	}
}
