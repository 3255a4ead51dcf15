package keyring_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// falling is a store that fails at some Stores, before or after it has stored,
// and is looked at after each.
type falling struct {
	xmlrepo.Repository
	fails  func() (before, after bool)
	looked func()
}

func (f falling) Store(ctx context.Context, e xmlrepo.Element) error {
	before, after := f.fails()
	if before {
		return errStoreDown
	}
	err := f.Repository.Store(ctx, e)
	f.looked()
	if after {
		return errStoreDown
	}
	return err
}

// randomKey is a key in one of the forms of which there are decryptors.
func randomKey(t testing.TB, rt *rapid.T, xml string) string {
	switch form := rapid.SampledFrom([]string{"plain", "null", "prefix", "other"}).Draw(rt, "form"); form {
	case "null":
		return sealedBy(t, keyring.NullXMLEncryptor{}, xml)
	case "prefix":
		return sealedBy(t, prefixEncryptor{}, xml)
	case "other":
		return sealedBy(t, otherEncryptor{}, xml)
	}
	return xml
}

// randomRing draws a ring, in clear text. Every element has another name, and
// not every name can be stored.
func randomRing(rt *rapid.T) (all []xmlrepo.Element) {
	add := func(xml string) {
		name := fmt.Sprintf(rapid.SampledFrom([]string{"a-%d", "b%d", "not this (%d)", "../%d"}).Draw(rt, "name"), len(all))
		all = append(all, xmlrepo.Element{Name: name, XML: []byte(xml), Location: "/from/" + name})
	}
	for i := range rapid.IntRange(0, 5).Draw(rt, "keys") {
		id := uuid.UUID{15: byte(i + 1)}.String()
		xml := strings.Replace(goodKeyXML, goodKeyID, id, 1)
		xml = strings.Replace(xml, "05.6Z", fmt.Sprintf("%02dZ", i), 1)
		if rapid.IntRange(0, 4).Draw(rt, "broken") == 0 {
			xml = strings.Replace(xml, "2026-01-03T", "on ", 1)
		}
		add(xml)
		for n := range rapid.IntRange(0, 2).Draw(rt, "revocations") {
			add(strings.Replace(strings.Replace(revocationXML, goodKeyID, id, 1), "lost", fmt.Sprint("reason ", n), 1))
		}
	}
	for range rapid.IntRange(0, 2).Draw(rt, "mass revocations") {
		add(strings.Replace(massRevocationXML, "2026-02-03T00:00:00", fmt.Sprintf("2026-01-02T03:04:%02d", rapid.IntRange(0, 3).Draw(rt, "second")), 1))
	}
	for i := range rapid.IntRange(0, 2).Draw(rt, "foreign elements") {
		add(fmt.Sprintf(`<html n="%d" />`, i))
	}
	return rapid.Permutation(all).Draw(rt, "order")
}

// subject is what an element is about, whatever its form.
func subject(e xmlrepo.Element) string {
	xml := string(e.XML)
	_, rest, _ := strings.Cut(xml, ` id="`)
	id, _, _ := strings.Cut(rest, `"`)
	switch {
	case strings.HasPrefix(xml, "<key"):
		return "key " + id
	case strings.HasPrefix(xml, "<revocation") && id == "*":
		_, date, _ := strings.Cut(xml, "<revocationDate>")
		return "all before " + date[:20]
	case strings.HasPrefix(xml, "<revocation"):
		return "revocation of " + id
	}
	return xml
}

// subjects counts the elements of a ring by what they are about.
func subjects(t testing.TB, store xmlrepo.Repository) map[string]int {
	t.Helper()
	all, err := store.Elements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range all {
		count[subject(e)]++
	}
	return count
}

// However often a copy is interrupted, and wherever, the target ends with all
// of the source and nothing twice; and whoever reads it meanwhile takes no key
// for good that is revoked in the source.
func TestCopyInterrupted(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := []keyring.XMLDecryptor{prefixEncryptor{}, otherEncryptor{}}
		from := fixed(randomRing(rt))
		var to xmlrepo.Repository = xmlrepo.NewMemory()
		named := true
		switch rapid.SampledFrom([]string{"Memory", "nameless", "Dir"}).Draw(rt, "target") {
		case "nameless":
			to, named = nameless{xmlrepo.NewMemory()}, false
		case "Dir":
			to = newDir(t, filepath.Join(t.TempDir(), "ring"))
		}
		// The target has something of it, under other names and in other forms,
		// and something of its own.
		there := map[string]bool{}
		for i, e := range from {
			xml := string(e.XML)
			if strings.HasPrefix(xml, "<key") {
				from[i].XML = []byte(randomKey(t, rt, xml))
				xml = randomKey(t, rt, xml)
			}
			if rapid.IntRange(0, 4).Draw(rt, "there") == 0 && !there[subject(e)] {
				there[subject(e)] = true
				put(t, to, fmt.Sprint("there-", i), strings.Replace(xml, ">reason ", ">another reason ", 1))
			}
		}
		if rapid.Bool().Draw(rt, "others") {
			put(t, to, "theirs", keyXML)
		}

		o := keyring.CopyOptions{Decryptors: []keyring.XMLDecryptor{otherEncryptor{}}}
		if rapid.Bool().Draw(rt, "encrypt") {
			o.Encryptor = otherEncryptor{}
		}
		source := read(t, from, all...)
		m := newManager(t, from, encrypting())
		store := falling{Repository: to, looked: func() {
			for _, k := range read(t, to, all...).Keys {
				if old, ok := source.Key(k.ID); ok && old.Revoked && !k.Revoked && !there[subject(xmlrepo.Element{XML: []byte(`<key id="` + k.ID.String())})] {
					t.Errorf("the key %s is good in the middle", k.ID)
				}
			}
		}}
		const turns = 20
		copied := map[string]int{}
		for turn := 0; ; turn++ {
			store.fails = func() (before, after bool) {
				if turn >= turns {
					return false, false
				}
				n := rapid.IntRange(0, 5).Draw(rt, "fails")
				return n == 0, n == 1
			}
			before := len(elements(t, to))
			r, err := m.CopyTo(t.Context(), store, o)
			for _, e := range r.Copied {
				copied[e.Name]++
			}
			if n := len(elements(t, to)) - before; n < len(r.Copied) || n > len(r.Copied)+1 {
				t.Errorf("%d elements have come, and it tells of %+v", n, r.Copied)
			}
			if err == nil {
				if r.Verified != len(from) {
					t.Errorf("%+v of %d elements", r, len(from))
				}
				break
			}
			if turn > turns {
				rt.Fatal(err)
			}
		}
		for name, n := range copied {
			if n > 1 {
				t.Errorf("%s was copied %d times", name, n)
			}
		}
		want, got := subjects(t, from), subjects(t, to)
		for s, n := range got {
			if s != "key "+otherKeyID && (want[s] == 0 || n > want[s] || n > 1 && !named) {
				t.Errorf("%d of %s, %d in the source", n, s, want[s])
			}
		}
		for s := range want {
			if got[s] == 0 {
				t.Errorf("%s was not copied", s)
			}
		}
		target := read(t, to, all...)
		for _, k := range source.Keys {
			now, _ := target.Key(k.ID)
			sealsAndOpens(t, k, now)
			if k.Revoked != now.Revoked || !k.ExpirationDate.Equal(now.ExpirationDate) || o.Encryptor != nil && copied[k.ElementName] > 0 && !now.EncryptedAtRest {
				t.Errorf("%+v is now %+v", k, now)
			}
		}
		stored := elements(t, to)
		store.fails = func() (bool, bool) { t.Error("it stores again"); return true, false }
		if r, err := m.CopyTo(t.Context(), store, o); err != nil || len(r.Copied) > 0 || len(elements(t, to)) != len(stored) {
			t.Errorf("again: %+v, %v", r, err)
		}
		if t.Failed() {
			rt.Fatal("see above")
		}
	})
}

// A copy ends with its context, wherever that is done.
func TestCopyDeadline(t *testing.T) {
	from, _ := ringOf(t, 3)
	for n := range 12 {
		ctx, cancel := context.WithCancel(t.Context())
		left := n
		m := newManager(t, from, keyring.Options{Now: at(noon)})
		r, err := m.CopyTo(ctx, xmlrepo.NewMemory(), keyring.CopyOptions{
			Encryptor: counted{otherEncryptor{}, func() {
				if left--; left < 0 {
					cancel()
				}
			}},
			Decryptors: []keyring.XMLDecryptor{otherEncryptor{}},
		})
		if (err == nil) != (n >= 3) || err != nil && (ctx.Err() == nil || len(r.Copied) > 0) {
			t.Errorf("after %d: %+v, %v", n, r, err)
		}
		cancel()
	}
}

// A key is opened once on either side, for that may cost a call to a key service.
func TestCopyOpensOnce(t *testing.T) {
	from, to := xmlrepo.NewMemory(), xmlrepo.NewMemory()
	motley(t, from)
	opened := 0
	count := []keyring.XMLDecryptor{counting{prefixEncryptor{}, &opened}, counting{otherEncryptor{}, &opened}}
	m := newManager(t, from, keyring.Options{Decryptors: count[:1]})
	o := keyring.CopyOptions{Encryptor: otherEncryptor{}, Decryptors: count[1:]}
	const want = 1 + motleyKeys // one is encrypted in the source, and all are in the target
	for _, what := range []string{"to test what it has sealed", "to compare"} {
		opened = 0
		if _, err := m.CopyTo(t.Context(), to, o); err != nil || opened != want {
			t.Errorf("%d keys opened instead of %d %s, %v", opened, want, what, err)
		}
	}
}

type counting struct {
	keyring.XMLDecryptor
	n *int
}

func (c counting) DecryptXML(ctx context.Context, element []byte) ([]byte, error) {
	*c.n++
	return c.XMLDecryptor.DecryptXML(ctx, element)
}

// counted tells of each encryption.
type counted struct {
	keyring.XMLEncryptor
	told func()
}

func (c counted) EncryptXML(ctx context.Context, element []byte) (keyring.EncryptedXML, error) {
	c.told()
	return c.XMLEncryptor.EncryptXML(ctx, element)
}
