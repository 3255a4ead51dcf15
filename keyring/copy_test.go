package keyring_test

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/internal/elementtext"
	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// nameless is a store that keeps no names, as a Redis list does not.
type nameless struct{ *xmlrepo.Memory }

func (n nameless) Store(ctx context.Context, e xmlrepo.Element) error {
	root, err := elementtext.Parse(string(e.XML))
	if err != nil {
		return err
	}
	e.Name = elementtext.Name(root)
	return n.Memory.Store(ctx, e)
}

// copyTo copies a ring whose keys prefixEncryptor or nothing has encrypted.
func copyTo(t testing.TB, from, to xmlrepo.Repository, o keyring.CopyOptions) keyring.CopyResult {
	t.Helper()
	r, err := newManager(t, from, encrypting()).CopyTo(t.Context(), to, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// toOther copies with another encryptor.
func toOther() keyring.CopyOptions {
	return keyring.CopyOptions{Encryptor: otherEncryptor{}, Decryptors: []keyring.XMLDecryptor{otherEncryptor{}}}
}

// motley is a ring with elements of every kind: three keys in clear text, one of
// them in a wrapping, one that is encrypted, a broken one, revocations of which
// two are of one key, and a foreign element.
func motley(t testing.TB, store xmlrepo.Repository) {
	t.Helper()
	m := newManager(t, store, keyring.Options{Now: at(noon), AllowUnencryptedKeys: true})
	first := create(t, m, keyring.NewKeyOptions{})
	create(t, m, keyring.NewKeyOptions{Algorithms: keyring.Algorithms{Encryption: keyring.AES_256_GCM}})
	create(t, newManager(t, store, keyring.Options{Now: at(noon), Encryptor: keyring.NullXMLEncryptor{}}), keyring.NewKeyOptions{})
	create(t, newManager(t, store, encrypting()), keyring.NewKeyOptions{})
	for _, id := range []uuid.UUID{first.ID, mustID(otherKeyID)} {
		if _, err := m.RevokeKey(t.Context(), id, "lost"); err != nil {
			t.Fatal(err)
		}
	}
	put(t, store, "revocation-"+uuid.NewString(), strings.Replace(revocationXML, goodKeyID, first.ID.String(), 1))
	if _, err := m.RevokeAllKeys(t.Context(), noon.Add(-day), ""); err != nil {
		t.Fatal(err)
	}
	put(t, store, "a-foreign-element", `<html><masterKey /></html>`)
	put(t, store, "broken", strings.Replace(goodKeyXML, "2026-01-03T", "on ", 1))
}

const motleyKeys, motleyOthers = 5, 5

// A copy is the ring under the same names, whatever the stores, and a second
// call finds nothing to do.
func TestCopyAsItIs(t *testing.T) {
	dir := func() xmlrepo.Repository { return newDir(t, filepath.Join(t.TempDir(), "ring")) }
	memory := func() xmlrepo.Repository { return xmlrepo.NewMemory() }
	for name, stores := range map[string][2]func() xmlrepo.Repository{
		"Memory to Memory": {memory, memory}, "Memory to Dir": {memory, dir}, "Dir to Memory": {dir, memory}, "Dir to Dir": {dir, dir},
	} {
		from, to := stores[0](), stores[1]()
		motley(t, from)
		stored := elements(t, from)
		dry := copyTo(t, from, to, keyring.CopyOptions{DryRun: true})
		if len(elements(t, to)) > 0 || dry.Verified != 0 {
			t.Errorf("%s: a dry run stored something: %+v", name, dry)
		}
		r := copyTo(t, from, to, keyring.CopyOptions{})
		if !slices.Equal(r.Copied, dry.Copied) {
			t.Errorf("%s: a dry run tells %+v, then happened %+v", name, dry.Copied, r.Copied)
		}
		if !maps.Equal(elements(t, to), stored) {
			t.Errorf("%s: the copy is %v of %v", name, elements(t, to), stored)
		}
		if len(r.Copied) != len(stored) || r.Already != nil || r.Others != nil || r.Verified != len(stored) || r.Changed {
			t.Errorf("%s: %+v", name, r)
		}
		plain := 0
		for i, e := range r.Copied {
			isKey := strings.HasPrefix(stored[e.Name], "<key")
			kind := keyring.CopiedOther
			switch {
			case isKey:
				kind = keyring.CopiedKey
			case strings.HasPrefix(stored[e.Name], "<revocation"):
				kind = keyring.CopiedRevocation
			}
			if e.Kind != kind || isKey != (i >= motleyOthers) || e.Reencrypted || e.Err != nil {
				t.Errorf("%s: element %d of %d is %+v", name, i, len(r.Copied), e)
			}
			if _, id, _ := strings.Cut(e.Name, "-"); isKey && e.Name != "broken" && id != e.ID.String() {
				t.Errorf("%s: the id of %s is %v", name, e.Name, e.ID)
			}
			if e.Plain {
				plain++
			}
		}
		if plain != 4 { // with the broken one
			t.Errorf("%s: %d keys in clear text", name, plain)
		}
		again := copyTo(t, from, to, keyring.CopyOptions{})
		if again.Copied != nil || !slices.Equal(again.Already, r.Copied) || again.Verified != len(stored) {
			t.Errorf("%s: again: %+v", name, again)
		}
		if !maps.Equal(elements(t, from), stored) {
			t.Errorf("%s: the source is now %v", name, elements(t, from))
		}
	}
}

// A store without names takes one of the revocations of a key.
func TestCopyToAStoreWithoutNames(t *testing.T) {
	from, to := xmlrepo.NewMemory(), nameless{xmlrepo.NewMemory()}
	motley(t, from)
	r := copyTo(t, from, to, keyring.CopyOptions{})
	all := motleyKeys + motleyOthers
	if len(r.Copied) != all-1 || len(r.Already) != 1 || r.Already[0].Kind != keyring.CopiedRevocation || r.Verified != all {
		t.Errorf("%+v", r)
	}
	for name, xml := range elements(t, to) {
		if strings.HasPrefix(xml, "<html") != strings.HasPrefix(name, "element-") {
			t.Errorf("%s is called %s", xml, name)
		}
	}
	for range 2 {
		if r := copyTo(t, from, to, keyring.CopyOptions{}); r.Copied != nil || len(r.Already) != all || r.Verified != all {
			t.Errorf("again: %+v", r)
		}
	}
	if r := copyTo(t, to, from, keyring.CopyOptions{}); r.Copied != nil || r.Verified != all-1 {
		t.Errorf("back: %+v", r)
	}
}

// Every key is encrypted anew and the same key; a second call, whose encryption
// is another, does not double it, and neither does one that encrypts nothing.
func TestCopyEncrypts(t *testing.T) {
	from, to := xmlrepo.NewMemory(), xmlrepo.NewMemory()
	motley(t, from)
	var log bytes.Buffer
	opts := encrypting()
	opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
	r, err := newManager(t, from, opts).CopyTo(t.Context(), to, toOther())
	if err != nil || len(r.Copied) != motleyKeys+motleyOthers || r.Verified != len(r.Copied) {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, e := range r.Copied {
		if e.Reencrypted != (e.Kind == keyring.CopiedKey) || e.Plain {
			t.Errorf("%+v", e)
		}
	}
	if n := strings.Count(log.String(), "event=key.copied"); n != motleyKeys || strings.Count(log.String(), "event=element.copied") != motleyOthers {
		t.Errorf("the log is %s", log.String())
	}
	if broken := elements(t, to)["broken"]; strings.Contains(broken, "masterKey") || !strings.Contains(broken, "Other.Decryptor") {
		t.Errorf("the broken key is %s", broken)
	}
	old, now := read(t, from, prefixEncryptor{}), read(t, to, otherEncryptor{})
	if len(old.Keys) != len(now.Keys) {
		t.Fatalf("%d keys, then %d", len(old.Keys), len(now.Keys))
	}
	for _, k := range old.Keys {
		there, _ := now.Key(k.ID)
		sealsAndOpens(t, k, there)
		k.EncryptedAtRest = true
		if withoutSecret(k) != withoutSecret(there) {
			t.Errorf("%+v is now %+v", k, there)
		}
	}
	stored := elements(t, to)
	for _, o := range []keyring.CopyOptions{toOther(), {Decryptors: toOther().Decryptors}} {
		if again := copyTo(t, from, to, o); again.Copied != nil || len(again.Already) != len(r.Copied) || again.Verified != len(r.Copied) {
			t.Errorf("again: %+v", again)
		}
	}
	// And back: the source has all of it, in clear text.
	back := copyTo(t, to, from, toOther())
	plain := slices.DeleteFunc(back.Already, func(e keyring.CopiedElement) bool { return !e.Plain })
	if back.Copied != nil || len(plain) != 4 || !maps.Equal(elements(t, to), stored) {
		t.Errorf("back: %+v", back)
	}
}

// A ring that is copied to itself stays what it is.
func TestCopyToItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	motley(t, newDir(t, path))
	stored := elements(t, newDir(t, path))
	for _, o := range []keyring.CopyOptions{{}, toOther()} {
		r := copyTo(t, newDir(t, path), newDir(t, path), o)
		if r.Copied != nil || len(r.Already) != len(stored) || r.Changed || !maps.Equal(elements(t, newDir(t, path)), stored) {
			t.Errorf("%+v", r)
		}
	}
}

// What the target has of its own stays, and what the source gets in the
// meantime is told.
func TestCopyBesideOthers(t *testing.T) {
	from, fromKeys := ringOf(t, 2)
	to, toKeys := ringOf(t, 2)
	o := &onStore{Repository: to, before: func(n int) {
		if n == 2 {
			create(t, newManager(t, from, encrypting()), keyring.NewKeyOptions{})
		}
	}}
	r := copyTo(t, from, o, keyring.CopyOptions{})
	others := []uuid.UUID{toKeys[0].ID, toKeys[1].ID}
	if !slices.Equal(r.Others, others) || len(r.Copied) != 2 || !r.Changed || r.Verified != 2 {
		t.Errorf("%+v", r)
	}
	o.before = nil
	if r := copyTo(t, from, o, keyring.CopyOptions{}); len(r.Copied) != 1 || len(r.Already) != len(fromKeys) || r.Changed || r.Verified != 3 {
		t.Errorf("%+v", r)
	}
	if keys := read(t, to).Keys; len(keys) != 5 {
		t.Errorf("%d keys", len(keys))
	}
}

// onStore does something before each Store, which it counts from 1.
type onStore struct {
	xmlrepo.Repository
	n      int
	before func(n int)
}

func (o *onStore) Store(ctx context.Context, e xmlrepo.Element) error {
	o.n++
	if o.before != nil {
		o.before(o.n)
	}
	return o.Repository.Store(ctx, e)
}

// Names that cannot be stored, or are taken by something else, are replaced by
// those that ASP.NET Core gives.
func TestCopyNames(t *testing.T) {
	mass, mass2 := massRevocationXML, strings.Replace(massRevocationXML, "02-03T00:00:00Z", "02-03T00:00:00.1200000Z", 1)
	broken, foreign := strings.Replace(keyXML, "2026-01-03T", "on ", 1), `<html a="b" />`
	var from fixed
	for i, xml := range []string{goodKeyXML, broken, revocationXML, mass, mass2, foreign, "<key />"} {
		from = append(from, xmlrepo.Element{Name: []string{"../../etc/passwd", "", "a b", "ä", "x.xml", "nul\x00", "-\n"}[i], XML: compact(t, []byte(xml))})
	}
	to := xmlrepo.NewMemory()
	r := copyTo(t, from, to, keyring.CopyOptions{})
	if len(r.Copied) != len(from) || r.Verified != len(from) {
		t.Errorf("%+v", r)
	}
	var names []string
	for name, xml := range elements(t, to) {
		root, err := elementtext.Parse(xml)
		if err != nil || elementtext.Name(root) != name {
			t.Errorf("%s is called %s", xml, name)
		}
		names = append(names, name)
	}
	for _, want := range []string{"key-" + goodKeyID, "key-" + otherKeyID, "revocation-" + goodKeyID, "revocation-20260203T000000Z", "revocation-20260203T00000012Z"} {
		if !slices.Contains(names, want) {
			t.Errorf("%q are without %s", names, want)
		}
	}

	// Twins without names of their own are one.
	from, to = fixed{{Name: "!1", XML: []byte("<twin />")}, {Name: "!2", XML: []byte("<twin />")}}, xmlrepo.NewMemory()
	if r := copyTo(t, from, to, keyring.CopyOptions{}); len(r.Already) != 1 || len(r.Copied) != 1 || r.Verified != 2 {
		t.Errorf("twins: %+v", r)
	}

	// A name that something else has.
	to = xmlrepo.NewMemory()
	put(t, to, "mine", "<theirs />")
	r = copyTo(t, fixed{{Name: "mine", XML: []byte(goodKeyXML)}}, to, keyring.CopyOptions{})
	if len(r.Copied) != 1 || r.Copied[0].Name != "mine" || elements(t, to)["key-"+goodKeyID] != goodKeyXML || elements(t, to)["mine"] != "<theirs />" {
		t.Errorf("%+v: %v", r, elements(t, to))
	}
}

// Whoever cancels a copy finds in the target what the result tells.
func TestCopyCancelled(t *testing.T) {
	from, _ := ringOf(t, 5)
	to := xmlrepo.NewMemory()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := newManager(t, from, encrypting()).CopyTo(ctx, &onStore{Repository: to, before: func(n int) {
		if n == 3 {
			cancel()
		}
	}}, toOther())
	if err == nil || len(r.Copied) != 2 || len(elements(t, to)) != 2 || r.Verified != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	r = copyTo(t, from, to, toOther())
	if len(r.Copied) != 3 || len(r.Already) != 2 || r.Verified != 5 {
		t.Errorf("%+v", r)
	}
	ctx, cancel = context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	if r, err := newManager(t, from, encrypting()).CopyTo(ctx, to, toOther()); err == nil || r.Verified != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
