package keyring_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/keyring"
	"dataprotection.example/testdata"
	"dataprotection.example/xmlrepo"
)

// noon is the present of tests that have no other.
var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// at is a clock that stands still.
func at(t time.Time) func() time.Time { return func() time.Time { return t } }

// fixed is a store that holds elements as they are, malformed ones too, and
// takes no more.
type fixed []xmlrepo.Element

func (f fixed) Elements(context.Context) ([]xmlrepo.Element, error) { return slices.Clone(f), nil }

func (fixed) Store(context.Context, xmlrepo.Element) error { return errStoreDown }

// files is a store of the given contents, as if they were files.
func files(contents ...string) fixed {
	var f fixed
	for i, content := range contents {
		name := fmt.Sprintf("doc-%d", i)
		f = append(f, xmlrepo.Element{Name: name, XML: []byte(content), Location: "ring/" + name + ".xml"})
	}
	return f
}

func newManager(t testing.TB, repo xmlrepo.Repository, opts keyring.Options) *keyring.Manager {
	t.Helper()
	m, err := keyring.NewManager(repo, opts)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func read(t testing.TB, repo xmlrepo.Repository, decryptors ...keyring.XMLDecryptor) *keyring.Listing {
	t.Helper()
	l, err := newManager(t, repo, keyring.Options{Decryptors: decryptors}).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// readOne reads a store that holds one key.
func readOne(t testing.TB, repo xmlrepo.Repository, decryptors ...keyring.XMLDecryptor) keyring.Key {
	t.Helper()
	l := read(t, repo, decryptors...)
	if len(l.Keys) != 1 {
		t.Fatalf("%d keys instead of one; broken: %v", len(l.Keys), l.Broken)
	}
	return l.Keys[0]
}

func create(t testing.TB, m *keyring.Manager, o keyring.NewKeyOptions) keyring.Key {
	t.Helper()
	k, err := m.CreateKey(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// elements returns what a store holds, by name.
func elements(t testing.TB, repo xmlrepo.Repository) map[string]string {
	t.Helper()
	all, err := repo.Elements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]string)
	for _, e := range all {
		byName[e.Name] = string(e.XML)
	}
	return byName
}

// put stores an element as somebody else would.
func put(t testing.TB, repo xmlrepo.Repository, name, xml string) {
	t.Helper()
	if err := repo.Store(t.Context(), xmlrepo.Element{Name: name, XML: []byte(xml)}); err != nil {
		t.Fatal(err)
	}
}

// vectorRing returns the store of a recorded ring and its files.
func vectorRing(t testing.TB, ring string) (store fixed, contents [][]byte) {
	t.Helper()
	dir, err := testdata.RingFS(ring)
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(dir, "*.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		content, err := fs.ReadFile(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		contents = append(contents, content)
		store = append(store, xmlrepo.Element{Name: strings.TrimSuffix(name, ".xml"), XML: compact(t, content), Location: name})
	}
	return store, contents
}

// compact returns a document as a store hands it out.
func compact(t testing.TB, document []byte) []byte {
	t.Helper()
	el, err := xmldoc.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	return xmldoc.Compact(el)
}

// sealsAndOpens reports whether two keys open what the other has sealed.
func sealsAndOpens(t testing.TB, a, b keyring.Key) {
	t.Helper()
	aad, text := []byte("additional data"), []byte("plaintext")
	for _, pair := range [][2]keyring.Key{{a, b}, {b, a}} {
		from, err := pair[0].Encryptor()
		if err != nil {
			t.Fatal(err)
		}
		to, err := pair[1].Encryptor()
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := from.Encrypt(nil, text, aad)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := to.Decrypt(nil, sealed, aad); err != nil || !bytes.Equal(got, text) {
			t.Errorf("got %q, %v", got, err)
		}
		if _, err := to.Decrypt(nil, sealed, nil); err == nil {
			t.Error("opened with other additional data")
		}
	}
}

func mustID(text string) uuid.UUID { return uuid.MustParse(text) }
