package repotest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"dataprotection.example/xmlrepo"
)

// samples are elements in the form in which Elements returns them.
var samples = map[string]string{
	"key-5d2d2bd8-9c5f-4b0c-8b62-0d2c3a1f6a77": `<key id="5d2d2bd8-9c5f-4b0c-8b62-0d2c3a1f6a77" version="1"><creationDate>2026-11-21T22:17:22.359343Z</creationDate>` +
		`<descriptor deserializerType="T, A, Version=8.0.0.0"><descriptor><encryption algorithm="AES_256_CBC" />` +
		`<masterKey p4:requiresEncryption="true" xmlns:p4="http://schemas.asp.net/2015/03/dataProtection"><!-- Warning: the key below is in an unencrypted form. -->` +
		`<value>AAAA</value></masterKey></descriptor></descriptor></key>`,
	"revocation-20200506T05080912Z": `<revocation version="1"><revocationDate>2020-05-06T05:08:09.12Z</revocationDate><!-- All keys created before the revocation date are revoked. -->` +
		`<key id="*" /><reason /></revocation>`,
	"revocation-1":   `<revocation version="1"><key id="5d2d2bd8-9c5f-4b0c-8b62-0d2c3a1f6a77" /><reason>lost &amp; found, &lt;twice&gt;, ümläut 鍵 🔑</reason></revocation>`,
	"empty":          `<x />`,
	"attribute":      `<x a="1 &amp; 2" />`,
	"mixed":          `<x>one<y />two<y>three</y></x>`,
	"namespace":      `<x xmlns="urn:a"><p:y xmlns:p="urn:b" p:z="1" /></x>`,
	"A":              `<html />`,
	"_":              `<Key />`,
	"-":              `<x>text</x>`,
	"0123456789_-Az": `<x><x><x /></x></x>`,
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
	stored := make(map[string]string)
	for name, xml := range samples {
		store(t, repo, name, xml)
		stored[name] = xml
		want(t, repo, stored)
	}
}

func testNormalForm(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	stored := make(map[string]string)
	for i, xml := range []string{
		"<x a=\"1\"><y /></x>",
		"\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<x a=\"1\">\n  <y />\n</x>",
		" \n<x a=\"1\"><y/></x>\n",
		"<x\n a='1'\n><y\n/></x>",
	} {
		name := fmt.Sprint("spelling-", i)
		store(t, repo, name, xml)
		stored[name] = `<x a="1"><y /></x>`
	}
	want(t, repo, stored)
}

func testMalformed(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	for _, xml := range []string{
		"", " ", "\ufeff", "text", "<x", "<x>", "<x></y>", "<x /><y />", "<x />text", "<!-- only a comment -->",
		"<!DOCTYPE x><x />", "<!DOCTYPE x [<!ENTITY e \"v\">]><x>&e;</x>", "<x>&undefined;</x>",
		"<x>&#1;</x>", "<x>\x01</x>", "<x>\xff</x>", "<x a=\"1\" a=\"2\" />", "<p:x />",
		strings.Repeat("<x>", 65) + strings.Repeat("</x>", 65),
	} {
		err := repo.Store(t.Context(), xmlrepo.Element{Name: "key-1", XML: []byte(xml)})
		if err == nil {
			t.Fatalf("Store accepted %.60q, which is not one well-formed element", xml)
		}
		if errors.Is(err, xmlrepo.ErrExist) {
			t.Errorf("Store of %.60q: %v", xml, err)
		}
	}
	want(t, repo, nil)
	store(t, repo, "key-1", "<x />") // the name is still free
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
	want(t, repo, nil)
	stored := make(map[string]string)
	for _, name := range []string{"a", "0", "_a", "-a", "azAZ09-_", strings.Repeat("n", 100)} {
		store(t, repo, name, "<x />")
		stored[name] = "<x />"
	}
	want(t, repo, stored)
}

func testNeverReplaces(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	store(t, repo, "key-1", "<first />")
	for _, xml := range []string{"<second />", "<first />"} {
		taken(t, repo.Store(t.Context(), xmlrepo.Element{Name: "key-1", XML: []byte(xml)}))
	}
	want(t, repo, map[string]string{"key-1": "<first />"})
}

func testCopies(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	xml := []byte("<key />")
	if err := repo.Store(t.Context(), xmlrepo.Element{Name: "key-1", XML: xml}); err != nil {
		t.Fatal(err)
	}
	clear(xml)
	want(t, repo, map[string]string{"key-1": "<key />"})

	first, err := repo.Elements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	clear(first[0].XML)
	first[0].Name = "other"
	want(t, repo, map[string]string{"key-1": "<key />"})
}

func testManyElements(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	n := 400
	if testing.Short() {
		n = 100
	}
	repo := open(t)
	stored := make(map[string]string)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for part := range 10 {
		wg.Go(func() {
			for i := part; i < n; i += 10 {
				e := xmlrepo.Element{Name: fmt.Sprint("key-", i), XML: fmt.Appendf(nil, `<key id="%d" />`, i)}
				if err := repo.Store(t.Context(), e); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				stored[e.Name] = string(e.XML)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	want(t, repo, stored)
}

func testLargeElement(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	xml := "<x>" + strings.Repeat("0123456789abcdef", 32<<10) + "</x>" // half a MiB
	store(t, repo, "large", xml)
	want(t, repo, map[string]string{"large": xml})
}

func testCancelled(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	store(t, repo, "key-1", "<key />")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	list, err := repo.Elements(ctx)
	cancelled(t, "Elements", err)
	if len(list) != 0 {
		t.Errorf("Elements returned an error and %d elements", len(list))
	}
	cancelled(t, "Store", repo.Store(ctx, xmlrepo.Element{Name: "key-2", XML: []byte("<key />")}))
	if r, ok := repo.(xmlrepo.Remover); ok {
		cancelled(t, "Remove", r.Remove(ctx, func(all []xmlrepo.Element) []xmlrepo.Element { return all }))
	}
	if f, ok := repo.(xmlrepo.Fingerprinter); ok {
		_, err := f.Fingerprint(ctx)
		cancelled(t, "Fingerprint", err)
	}
	want(t, repo, map[string]string{"key-1": "<key />"})
}

func testApart(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	a, b := open(t), open(t)
	store(t, a, "key-1", "<a />")
	want(t, b, nil)
	store(t, b, "key-1", "<b />")
	want(t, a, map[string]string{"key-1": "<a />"})
}
