package repotest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"dataprotection.example/xmlrepo"
)

// samples returns elements in the form in which Elements returns them.
func samples() []xmlrepo.Element {
	elems := []xmlrepo.Element{
		{Name: "revocation-20200506T05080912Z", XML: []byte(`<revocation version="1"><revocationDate>2020-05-06T05:08:09.12Z</revocationDate>` +
			`<!-- All keys created before the revocation date are revoked. --><key id="*" /><reason /></revocation>`)},
		{Name: "revocation-6e3c4f0a-11d2-4a5c-9b1e-0a2f4c6e8d10", XML: []byte(`<revocation version="1"><key id="6e3c4f0a-11d2-4a5c-9b1e-0a2f4c6e8d10" />` +
			`<reason>lost &amp; found, &lt;twice&gt;, ümläut 鍵 🔑</reason></revocation>`)},
	}
	for i, content := range []string{
		`<creationDate>2026-11-21T22:17:22.359343Z</creationDate>` +
			`<descriptor deserializerType="T, A, Version=8.0.0.0"><descriptor><encryption algorithm="AES_256_CBC" />` +
			`<masterKey p4:requiresEncryption="true" xmlns:p4="http://schemas.asp.net/2015/03/dataProtection"><!-- Warning: the key below is in an unencrypted form. -->` +
			`<value>AAAA</value></masterKey></descriptor></descriptor>`,
		``,
		`<x />`,
		`<x a="1 &amp; 2" />`,
		`one<y />two<y>three</y>`,
		`<x xmlns="urn:a"><p:y xmlns:p="urn:b" p:z="1" /></x>`,
		`<x><x><x /></x></x>`,
		`text with 'quotes', "double" ones, back\slashes, $1, %s and ? marks`,
	} {
		elems = append(elems, key(i, content))
	}
	return elems
}

func testEmpty(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	for range 2 { // the first look must not change what the second sees
		list, err := repo.Elements(t.Context())
		if err != nil || len(list) != 0 {
			t.Fatalf("Elements of an empty store: %d elements, error %v; want none of either", len(list), err)
		}
	}
}

func testRoundTrip(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	var stored []xmlrepo.Element
	for _, e := range samples() {
		store(t, repo, e)
		stored = append(stored, e)
		want(t, repo, stored...)
	}
}

func testNormalForm(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	normal := `<x a="1"><y /></x>`
	var stored []xmlrepo.Element
	for i, format := range []string{
		"%s",
		"\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>\n%s",
		" \n%s\n",
	} {
		for j, xml := range []string{normal, "<x\n a='1'\n><y\n/></x>", "\n  <x a=\"1\">\n    <y></y>\n  </x>\n"} {
			e := key(10*i+j, xml)
			e.XML = fmt.Appendf(nil, format, e.XML)
			store(t, repo, e)
			stored = append(stored, key(10*i+j, normal))
		}
	}
	// Of an element without content an end tag makes one with an empty text.
	last := len(stored)
	for i := 2; i < last; i += 3 {
		stored[i].XML = []byte(strings.ReplaceAll(string(stored[i].XML), "<y />", "<y></y>"))
	}
	want(t, repo, stored...)
}

func testMalformed(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	for _, xml := range []string{
		"", " ", "\ufeff", "text", "<x", "<x>", "<x></y>", "<x /><y />", "<x />text", "<!-- only a comment -->",
		"<!DOCTYPE x><x />", "<!DOCTYPE x [<!ENTITY e \"v\">]><x>&e;</x>", "<x>&undefined;</x>",
		"<x>&#1;</x>", "<x>\x01</x>", "<x>\xff</x>", "<x a=\"1\" a=\"2\" />", "<p:x />",
		strings.Repeat("<x>", 65) + strings.Repeat("</x>", 65),
	} {
		err := repo.Store(t.Context(), xmlrepo.Element{Name: key(1, "").Name, XML: []byte(xml)})
		if err == nil {
			t.Fatalf("Store accepted %.60q, which is not one well-formed element", xml)
		}
		if errors.Is(err, xmlrepo.ErrExist) {
			t.Errorf("Store of %.60q: %v", xml, err)
		}
	}
	want(t, repo)
	store(t, repo, key(1, "")) // the name is still free
}

func testNames(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	for _, name := range []string{
		"", " ", ".", "..", "a.b", "a/b", "../a", "/a", `a\b`, "a b", "a\n", "a\x00", "ä", "鍵", "a:b", "*", "a%20b", "\xff", "key-{0}",
	} {
		err := repo.Store(t.Context(), xmlrepo.Element{Name: name, XML: []byte("<x />")})
		if err == nil {
			t.Errorf("Store accepted the name %q", name)
		} else if errors.Is(err, xmlrepo.ErrExist) {
			t.Errorf("Store of the name %q: %v", name, err)
		}
	}
	want(t, repo)
	if !keepsNames(t, open(t)) {
		return // testForeign has more to say about it
	}
	var stored []xmlrepo.Element
	for _, name := range []string{"a", "0", "_a", "-a", "azAZ09-_", strings.Repeat("n", 100)} {
		e := xmlrepo.Element{Name: name, XML: []byte("<x />")}
		store(t, repo, e)
		stored = append(stored, e)
	}
	want(t, repo, stored...)
}

// keepsNames reports whether an empty repository returns elements under names
// that have nothing to do with their content.
func keepsNames(t *testing.T, repo xmlrepo.Repository) bool {
	t.Helper()
	store(t, repo, xmlrepo.Element{Name: "x", XML: []byte("<x />")})
	_, ok := elements(t, repo)["x"]
	return ok
}

// testForeign stores what is no element of a key ring. Where no names are kept,
// it has one that depends on nothing but its content.
func testForeign(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	foreign := []string{`<x />`, `<x a="1" />`, `<html />`, `<Key />`, `<key />`, `<key id="1" />`, `<key xmlns="urn:x" />`, `<revocation />`, `<x>text</x>`}
	names := make(map[string]string) // by content
	keeps := keepsNames(t, open(t))
	for round := range 2 {
		repo := open(t)
		for i, xml := range foreign {
			store(t, repo, xmlrepo.Element{Name: fmt.Sprintf("round-%d-%d", round, i), XML: []byte(xml)})
		}
		found := elements(t, repo)
		if len(found) != len(foreign) {
			t.Fatalf("%d elements were stored, and %d are there", len(foreign), len(found))
		}
		for name, xml := range found {
			if err := xmlrepo.CheckName(name); err != nil {
				t.Error(err)
			}
			if before, ok := names[xml]; !keeps && round > 0 && (!ok || before != name) {
				t.Errorf("%s is called %q, and was called %q in another store", xml, name, before)
			}
			names[xml] = name
		}
		for i, xml := range foreign {
			if keeps && found[fmt.Sprintf("round-%d-%d", round, i)] != xml {
				t.Errorf("%s is not there under its name", xml)
			} else if !keeps {
				taken(t, repo.Store(t.Context(), xmlrepo.Element{Name: "another", XML: []byte(xml)}))
			}
		}
	}
}

func testNeverReplaces(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	store(t, repo, key(1, "<first />"))
	for _, content := range []string{"<second />", "<first />"} {
		taken(t, repo.Store(t.Context(), key(1, content)))
	}
	want(t, repo, key(1, "<first />"))
}

func testCopies(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	e := key(1, "")
	if err := repo.Store(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	clear(e.XML)
	want(t, repo, key(1, ""))

	first, err := repo.Elements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	clear(first[0].XML)
	first[0].Name = "other"
	want(t, repo, key(1, ""))
}

// testManyElements has a ring of a size that no farm has.
func testManyElements(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	n := 400
	if testing.Short() {
		n = 100
	}
	repo := open(t)
	stored := make([]xmlrepo.Element, n)
	secret := "<value>" + strings.Repeat("A", 1500) + "</value>" // makes them as long as keys are
	var wg sync.WaitGroup
	for part := range 10 {
		wg.Go(func() {
			for i := part; i < n; i += 10 {
				stored[i] = key(i, secret)
				if err := repo.Store(t.Context(), stored[i]); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	want(t, repo, stored...)
}

func testLargeElement(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	large := key(1, strings.Repeat("0123456789abcdef", 32<<10)) // half a MiB
	store(t, repo, large)
	want(t, repo, large)
}

func testApart(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	a, b := open(t), open(t)
	store(t, a, key(1, "<a />"))
	want(t, b)
	store(t, b, key(1, "<b />"))
	want(t, a, key(1, "<a />"))
}
