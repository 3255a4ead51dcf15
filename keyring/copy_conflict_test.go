package keyring_test

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// sealedBy encrypts a key that is in clear text.
func sealedBy(t testing.TB, e keyring.XMLEncryptor, xml string) string {
	t.Helper()
	sealed, err := keyring.EncryptKey(t.Context(), e, []byte(xml))
	if err != nil {
		t.Fatal(err)
	}
	return string(sealed)
}

// located is a ring of one place per element.
func located(place string, contents ...string) fixed {
	all := files(contents...)
	for i := range all {
		all[i].Location = strings.Replace(all[i].Location, "ring/", place+"/", 1)
	}
	return all
}

// What is in the target already is found in every form in which it can be, and
// what is not is not.
func TestCopyFindsTheSame(t *testing.T) {
	another64 := strings.Replace(masterKey64, "AAEC", "AAED", 1)
	spaced := strings.Replace(goodKeyXML, masterKey64, "\n"+masterKey64[:10]+" "+masterKey64[10:], 1)
	whole := strings.Replace(goodKeyXML, "<descriptor><enc", "<descriptor><!-- --><enc", 1)
	broken := strings.Replace(goodKeyXML, "2026-01-03T", "on ", 1)
	nameless := strings.Replace(goodKeyXML, `id="`+goodKeyID+`"`, "", 1)
	old := strings.Replace(goodKeyXML, "AES_256_CBC", "AES_256_XYZ", 1)
	for _, test := range []struct {
		name, source, target string
		same                 bool
		want                 string // in the error, if there is one
	}{
		{"the same", goodKeyXML, goodKeyXML, true, ""},
		{"here encrypted", sealedBy(t, prefixEncryptor{}, goodKeyXML), goodKeyXML, true, ""},
		{"there encrypted", goodKeyXML, sealedBy(t, prefixEncryptor{}, goodKeyXML), true, ""},
		{"both encrypted", sealedBy(t, otherEncryptor{}, goodKeyXML), sealedBy(t, prefixEncryptor{}, goodKeyXML), true, ""},
		{"there wrapped", goodKeyXML, sealedBy(t, keyring.NullXMLEncryptor{}, goodKeyXML), true, ""},
		{"white space", goodKeyXML, sealedBy(t, otherEncryptor{}, spaced), true, ""},
		{"a comment", goodKeyXML, whole, true, ""},
		{"a fraction of zero", goodKeyXML, strings.Replace(goodKeyXML, "05:00Z", "05:00.000Z", 1), true, ""},
		{"a broken key, encrypted", broken, sealedBy(t, prefixEncryptor{}, broken), true, ""},
		{"a broken key without an id, encrypted", nameless, sealedBy(t, prefixEncryptor{}, nameless), true, ""},
		{"an unusable key, encrypted", old, sealedBy(t, prefixEncryptor{}, old), true, ""},
		{"another reason", revocationXML, strings.Replace(revocationXML, "lost", "found", 1), true, ""},
		{"another date for one key", revocationXML, strings.Replace(revocationXML, "2026-02", "2026-03", 1), true, ""},
		{"another spelling of a mass revocation", massRevocationXML, strings.Replace(massRevocationXML, "T00:00:00Z", "T01:00:00.0+01:00", 1), true, ""},

		{"another id", goodKeyXML, keyXML, false, ""},
		{"another revoked key", revocationXML, strings.Replace(revocationXML, goodKeyID, otherKeyID, 1), false, ""},
		{"a later mass revocation", massRevocationXML, strings.Replace(massRevocationXML, "T00:00:00Z", "T00:00:00.0000001Z", 1), false, ""},
		{"one key and all of them", revocationXML, massRevocationXML, false, ""},
		{"a foreign element", `<html />`, `<html a="" />`, false, ""},
		{"another broken key without an id", nameless, sealedBy(t, prefixEncryptor{}, strings.Replace(nameless, masterKey64, another64, 1)), false, ""},
		{"an unreadable broken key without an id", nameless, sealedBy(t, lockingEncryptor{}, nameless), false, ""},

		{"another secret", goodKeyXML, strings.Replace(goodKeyXML, masterKey64, another64, 1), false, "its secret differs"},
		{"another secret, encrypted", sealedBy(t, prefixEncryptor{}, goodKeyXML),
			sealedBy(t, prefixEncryptor{}, strings.Replace(goodKeyXML, masterKey64, another64, 1)), false, "its secret differs"},
		{"another date", goodKeyXML, strings.Replace(goodKeyXML, "2099", "2098", 1), false, "dates or algorithms"},
		{"another algorithm", goodKeyXML, strings.Replace(goodKeyXML, "AES_256", "AES_128", 1), false, "dates or algorithms"},
		{"another unusable key", old, strings.Replace(old, masterKey64, another64, 1), false, "they differ"},
		{"a broken key there", goodKeyXML, broken, false, "broken"},
		{"a broken key here", broken, goodKeyXML, false, "broken"},
		{"unreadable there", goodKeyXML, sealedBy(t, lockingEncryptor{}, goodKeyXML), false, "that of the target cannot be opened"},
		{"unreadable here", sealedBy(t, lockingEncryptor{}, goodKeyXML), goodKeyXML, false, "that of the source cannot be opened"},
	} {
		from := located("/here", "<first />", test.source)
		to := &onStore{Repository: xmlrepo.NewMemory()}
		put(t, to.Repository, "theirs", test.target)
		before := elements(t, to)
		o := toOther()
		o.SkipUnreadable = true
		for range 2 {
			r, err := newManager(t, from, encrypting()).CopyTo(t.Context(), to, o)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "/here/doc-1.xml") ||
					!strings.Contains(err.Error(), "theirs") || !strings.HasPrefix(err.Error(), "keyring: ") || to.n > 0 || !maps.Equal(elements(t, to), before) {
					t.Errorf("%s: %+v, %v", test.name, r, err)
				}
				for how, needle := range needles([]byte(base64Decoded(t, masterKey64))) {
					if strings.Contains(err.Error(), needle) {
						t.Errorf("%s: the error prints the %s: %v", test.name, how, err)
					}
				}
				continue
			}
			want := map[bool]int{true: 2, false: 3}[test.same]
			if err != nil || len(elements(t, to)) != want || r.Verified != 2 {
				t.Errorf("%s: %+v, %v, %v", test.name, r, err, elements(t, to))
			}
		}
	}
}

func base64Decoded(t testing.TB, text string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Beside a key there may be broken ones of its id. Each is itself.
func TestCopyBrokenTwins(t *testing.T) {
	broken := strings.Replace(goodKeyXML, "2026-01-03T", "on ", 1)
	from := files(broken, goodKeyXML, strings.Replace(broken, "2099", "one day", 1))
	for n := range len(from) + 1 {
		to := &onStore{Repository: &failing{xmlrepo.NewMemory(), n}}
		_, err := newManager(t, from, encrypting()).CopyTo(t.Context(), to, toOther())
		if (err == nil) != (n == len(from)) {
			t.Errorf("after %d: %v", n, err)
		}
		to.Repository = to.Repository.(*failing).Memory
		for range 2 {
			if r := copyTo(t, from, to, toOther()); r.Verified != len(from) || len(elements(t, to)) != len(from) {
				t.Errorf("after %d: %+v", n, r)
			}
		}
	}
	// A store that has but one name for them says so.
	r, err := newManager(t, from, encrypting()).CopyTo(t.Context(), nameless{xmlrepo.NewMemory()}, keyring.CopyOptions{})
	if err == nil || !strings.Contains(err.Error(), "ring/doc-1.xml") || !strings.Contains(err.Error(), "the name key-"+goodKeyID+" is taken") || len(r.Copied) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// Keys that do not open are named all, or copied as they are.
func TestCopyUnreadable(t *testing.T) {
	from, keys := ringOf(t, 1)
	locked := newManager(t, from, keyring.Options{Now: at(noon), Encryptor: lockingEncryptor{}})
	a, b := create(t, locked, keyring.NewKeyOptions{}), create(t, locked, keyring.NewKeyOptions{})
	to := xmlrepo.NewMemory()
	_, err := newManager(t, from, encrypting()).CopyTo(t.Context(), to, toOther())
	if !errors.Is(err, keyring.ErrDecryptionKeyMissing) || !strings.Contains(err.Error(), a.ElementName) || !strings.Contains(err.Error(), b.ElementName) || len(elements(t, to)) > 0 {
		t.Errorf("got %v, stored %v", err, elements(t, to))
	}
	o := toOther()
	o.SkipUnreadable = true
	r := copyTo(t, from, to, o)
	for _, e := range r.Copied {
		if unread := e.ID != keys[0].ID; e.Reencrypted == unread || e.Plain || errors.Is(e.Err, keyring.ErrDecryptionKeyMissing) != unread {
			t.Errorf("%+v", e)
		}
	}
	if len(r.Copied) != 3 || elements(t, to)[a.ElementName] != elements(t, from)[a.ElementName] {
		t.Errorf("%+v", r)
	}
	// Without an encryptor nothing need be opened.
	if r := copyTo(t, from, xmlrepo.NewMemory(), keyring.CopyOptions{}); len(r.Copied) != 3 {
		t.Errorf("%+v", r)
	}
}

// A store that is no ring is neither copied nor copied to.
func TestCopyRefuses(t *testing.T) {
	good := files(goodKeyXML)
	for name, bad := range map[string]xmlrepo.Repository{
		"not XML":             files(goodKeyXML, "<html"),
		"a broken revocation": files(goodKeyXML, "<revocation />"),
		"a key twice":         files(goodKeyXML, goodKeyXML+" "),
		"a store that fails":  outOfOrder{},
	} {
		for _, o := range []keyring.CopyOptions{{}, toOther()} {
			to := &onStore{Repository: xmlrepo.NewMemory()}
			_, err := newManager(t, bad, encrypting()).CopyTo(t.Context(), to, o)
			if err == nil || !strings.HasPrefix(err.Error(), "keyring: the source: ") || to.n > 0 {
				t.Errorf("%s: %v", name, err)
			}
			to.Repository = bad
			_, err = newManager(t, good, encrypting()).CopyTo(t.Context(), to, o)
			if err == nil || !strings.HasPrefix(err.Error(), "keyring: the target: ") || strings.Contains(err.Error()[9:], "keyring") || to.n > 0 {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	var element *keyring.ElementError
	_, err := newManager(t, good, keyring.Options{}).CopyTo(t.Context(), files("<revocation />"), keyring.CopyOptions{})
	if !errors.As(err, &element) || element.Location != "ring/doc-0.xml" {
		t.Errorf("got %v", err)
	}
	m := newManager(t, good, keyring.Options{})
	if _, err := m.CopyTo(t.Context(), nil, keyring.CopyOptions{}); err == nil {
		t.Error("copied to nowhere")
	}
	if _, err := m.CopyTo(t.Context(), xmlrepo.NewMemory(), keyring.CopyOptions{Encryptor: otherEncryptor{}}); err == nil {
		t.Error("encrypted without a test")
	}
	if _, err := m.CopyTo(t.Context(), xmlrepo.NewMemory(), keyring.CopyOptions{Encryptor: otherEncryptor{}, Decryptors: []keyring.XMLDecryptor{prefixEncryptor{}}}); err == nil {
		t.Error("encrypted for nobody")
	}
	_, err = m.CopyTo(t.Context(), fixed{{Name: "doc-0", XML: []byte("<x />")}, {Name: "key-" + goodKeyID, XML: []byte(keyXML)}}, keyring.CopyOptions{})
	if err == nil || !strings.Contains(err.Error(), "ring/doc-0.xml") || !strings.Contains(err.Error(), "in key-"+goodKeyID) {
		t.Errorf("got %v", err)
	}
}

type outOfOrder struct{}

func (outOfOrder) Elements(context.Context) ([]xmlrepo.Element, error) { return nil, errStoreDown }

func (outOfOrder) Store(context.Context, xmlrepo.Element) error { return errStoreDown }

// Whoever stores the same in the meantime is no trouble, and whoever stores
// something else under its name is judged as if it had been there.
func TestCopyMeanwhile(t *testing.T) {
	for _, test := range []struct {
		what, name, meanwhile string // comes under the name
		copied, already       int
		want                  string
	}{
		{"the key, encrypted", "mine", sealedBy(t, prefixEncryptor{}, goodKeyXML), 1, 1, ""},
		{"a foreign element under the key's name in the source", "mine", "<theirs />", 2, 0, ""},
		{"a foreign element under the key's name", "key-" + goodKeyID, "<theirs />", 1, 0, "is taken by something else, in key-" + goodKeyID},
		{"another key of the id", "mine", strings.Replace(goodKeyXML, "2099", "2098", 1), 1, 0, "another key of the id"},
		{"what cannot be understood", "mine", "<revocation />", 1, 0, "the target: mine"},
	} {
		from := fixed{{Name: test.name, XML: []byte(goodKeyXML)}, {Name: "x", XML: []byte("<x />")}}
		memory := xmlrepo.NewMemory()
		to := &onStore{Repository: memory, before: func(n int) {
			if n == 2 {
				put(t, memory, test.name, test.meanwhile)
			}
		}}
		r, err := newManager(t, from, encrypting()).CopyTo(t.Context(), to, toOther())
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) || err == nil && r.Verified != 2 ||
			len(r.Copied) != test.copied || len(r.Already) != test.already || test.already > 0 && r.Already[0].Reencrypted {
			t.Errorf("%s: %+v, %v", test.what, r, err)
		}
	}
}

// forgetful loses what it was given, or makes something else of it.
type forgetful struct {
	*xmlrepo.Memory
	instead string
}

func (f forgetful) Store(ctx context.Context, e xmlrepo.Element) error {
	if e.XML = []byte(f.instead); f.instead == "" {
		return nil
	}
	return f.Memory.Store(ctx, e)
}

// A copy is looked at, not believed in.
func TestCopyVerifies(t *testing.T) {
	for _, test := range []struct{ instead, want string }{
		{"", "is not in the target"},
		{"<x />", "is not in the target"},
		{goodKeyXML, "does not open there"},
		{sealedBy(t, prefixEncryptor{}, goodKeyXML), "does not open there"},
		{sealedBy(t, otherEncryptor{}, goodKeyXML), ""},
	} {
		r, err := newManager(t, files(goodKeyXML), encrypting()).CopyTo(t.Context(), forgetful{xmlrepo.NewMemory(), test.instead}, toOther())
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) || (r.Verified == 1) != (err == nil) {
			t.Errorf("%s: %+v, %v", test.instead, r, err)
		}
	}
}
