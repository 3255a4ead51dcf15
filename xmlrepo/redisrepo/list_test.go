package redisrepo_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/redisrepo"
)

const id = "5d2d2bd8-9c5f-4b0c-8b62-0d2c3a1f6a77"

func key(content string) string { return `<key id="` + id + `">` + content + `</key>` }

// What Store writes is what .NET writes: the element as one string, no byte order
// mark, no declaration, no formatting, at the end of the list.
func TestWritesAsDotNet(t *testing.T) {
	f := start(t)
	f.push(t, "<first />")
	xml := "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<key id=\"" + id + "\">\n  <a></a>\n  <b/>\n</key>"
	if err := f.Store(t.Context(), xmlrepo.Element{Name: "any", XML: []byte(xml)}); err != nil {
		t.Fatal(err)
	}
	want := []string{"<first />", key("<a></a><b />")}
	if got := f.values(t); f.Key() != "DataProtection-Keys" || !slices.Equal(got, want) {
		t.Errorf("%s holds %q, want %q", f.Key(), got, want)
	}
}

func TestReads(t *testing.T) {
	f := start(t)
	f.push(t,
		key("<a />"),
		" \r\n<x n=\"1\" />\n",
		`<?xml version="1.0" encoding="utf-8"?><x n="2"/>`,
		`<?xml version="1.0" encoding="utf-16"?><x n="ä"/>`,
		"\ufeff<x n=\"4\"></x>", // .NET would refuse
	)
	list := f.elements(t)
	want := []string{key("<a />"), `<x n="1" />`, `<x n="2" />`, `<x n="ä" />`, `<x n="4"></x>`}
	if len(list) != len(want) {
		t.Fatalf("%d elements, want %d", len(list), len(want))
	}
	for i, e := range list {
		if string(e.XML) != want[i] {
			t.Errorf("value %d is %s, want %s", i, e.XML, want[i])
		}
		if location := fmt.Sprintf("redis list DataProtection-Keys[%d]", i); e.Location != location {
			t.Errorf("value %d lies at %q, want %q", i, e.Location, location)
		}
	}
	if list[0].Name != "key-"+id {
		t.Errorf("the key is called %s", list[0].Name)
	}
}

// One value that is no element hides none of the others, and everything that
// depends on reading them all fails. Storing does not depend on it.
func TestMalformedValue(t *testing.T) {
	for _, value := range []string{"", " ", "text", "<x", "<x /><y />", "<!DOCTYPE x><x />", "<x a=\"\xff\" />", ` <?xml version="1.0"?><x />`} {
		f := start(t)
		f.push(t, "<a />", key("<a />"), value, "<b />")
		list, err := f.Elements(t.Context())
		var file *xmlrepo.FileError
		if !errors.As(err, &file) || file.Path != "redis list DataProtection-Keys[2]" || !errors.Is(err, xmlrepo.ErrMalformed) || len(list) != 0 {
			t.Errorf("%q: %d elements, error %v", value, len(list), err)
		}
		if err := f.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element { return all }); !errors.As(err, &file) {
			t.Errorf("%q: Remove: %v", value, err)
		}
		if err := f.Store(t.Context(), xmlrepo.Element{Name: "c", XML: []byte("<c />")}); err != nil {
			t.Errorf("%q: Store: %v", value, err)
		}
		if err := f.Store(t.Context(), xmlrepo.Element{Name: "key", XML: []byte(key("<b />"))}); !errors.Is(err, xmlrepo.ErrExist) {
			t.Errorf("%q: Store of a name that is taken: %v", value, err)
		}
	}
}

func TestNotAList(t *testing.T) {
	f := start(t)
	if err := f.client.Set(t.Context(), f.Key(), "text", 0).Err(); err != nil {
		t.Fatal(err)
	}
	_, readErr := f.Elements(t.Context())
	_, printErr := f.Fingerprint(t.Context())
	storeErr := f.Store(t.Context(), xmlrepo.Element{Name: "x", XML: []byte("<x />")})
	for _, err := range []error{readErr, printErr, storeErr} {
		if err == nil || !strings.Contains(err.Error(), "WRONGTYPE") || !strings.Contains(err.Error(), f.Key()) {
			t.Errorf("got %v", err)
		}
	}
}

// .NET does not look before it writes.
func TestNamesThatOccurAgain(t *testing.T) {
	f := start(t)
	revocation := func(reason string) string {
		return `<revocation version="1"><key id="` + id + `" /><reason>` + reason + `</reason></revocation>`
	}
	f.push(t, key("<a />"), revocation("lost"), key("<a></a>"), "\n"+key("<a />"), revocation("found"), revocation("lost"))
	list := f.elements(t)
	var names []string
	for _, e := range list {
		names = append(names, e.Name)
	}
	// The key twice, one revocation for two reasons: an empty element spelled
	// in two ways is two elements, as it is for .NET.
	if len(list) != 4 || names[0] != "key-"+id || names[1] != "revocation-"+id ||
		!strings.HasPrefix(names[2], "key-"+id+"-") || !strings.HasPrefix(names[3], "revocation-"+id+"-") {
		t.Fatalf("got %q", names)
	}
	for _, e := range list {
		if xmlrepo.CheckName(e.Name) != nil || !errors.Is(f.Store(t.Context(), e), xmlrepo.ErrExist) {
			t.Errorf("%s is stored again", e.Name)
		}
	}
	// All values of an element go, and none of another.
	if err := f.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element { return []xmlrepo.Element{all[1], all[0]} }); err != nil {
		t.Fatal(err)
	}
	if got, want := f.values(t), []string{key("<a></a>"), revocation("found")}; !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q", got, want)
	}
}

func TestReplaceEveryValue(t *testing.T) {
	f := start(t)
	f.push(t, "<x />", key("<a />"), " "+key("<a/>"), "<y />")
	old := f.elements(t)[1]
	for _, with := range []string{key("<b />")[:20], `<key id="6d2d2bd8-9c5f-4b0c-8b62-0d2c3a1f6a77" />`, "<z />"} {
		if err := f.Replace(t.Context(), old, xmlrepo.Element{Name: old.Name, XML: []byte(with)}); err == nil {
			t.Errorf("%s took the place of %s", with, old.Name)
		}
	}
	with := xmlrepo.Element{Name: old.Name, XML: []byte(key("<b/>"))}
	if err := f.Replace(t.Context(), old, with); err != nil {
		t.Fatal(err)
	}
	if got, want := f.values(t), []string{"<x />", key("<b />"), key("<b />"), "<y />"}; !slices.Equal(got, want) {
		t.Errorf("the list holds %q, want %q", got, want)
	}
	if err := f.Replace(t.Context(), old, with); !errors.Is(err, xmlrepo.ErrChanged) {
		t.Errorf("Replace of what is replaced: %v", err)
	}
}

// The fingerprint sees what leaves the number of values alone.
func TestFingerprintSeesEverything(t *testing.T) {
	f := start(t)
	seen := map[string]bool{}
	step := func(what string) {
		t.Helper()
		print, err := f.Fingerprint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if seen[print] {
			t.Errorf("%s does not show", what)
		}
		seen[print] = true
	}
	step("nothing")
	for i := range 250 { // more than the script looks at together
		f.push(t, fmt.Sprintf("<x n=\"%d\" />", i))
	}
	step("adding")
	for _, i := range []int64{0, 99, 100, 249} {
		if err := f.client.LSet(t.Context(), f.Key(), i, "<y />").Err(); err != nil {
			t.Fatal(err)
		}
		step(fmt.Sprint("replacing ", i))
	}
	if err := f.client.LMove(t.Context(), f.Key(), f.Key(), "LEFT", "RIGHT").Err(); err != nil {
		t.Fatal(err)
	}
	step("another order")
	if err := f.client.Del(t.Context(), f.Key()).Err(); err != nil {
		t.Fatal(err)
	}
	if print, err := f.Fingerprint(t.Context()); err != nil || !seen[print] {
		t.Errorf("two empty lists have different fingerprints: %q, %v", print, err)
	}
}

func TestLargeList(t *testing.T) {
	f := start(t)
	const n = 5000
	values := make([]any, n)
	for i := range values {
		values[i] = fmt.Sprintf(`<key id="5d2d2bd8-9c5f-4b0c-8b62-%012x"><value>%s</value></key>`, i, strings.Repeat("A", 1500))
	}
	if err := f.client.RPush(t.Context(), f.Key(), values...).Err(); err != nil {
		t.Fatal(err)
	}
	if list := f.elements(t); len(list) != n {
		t.Errorf("%d elements, want %d", len(list), n)
	}
	if err := f.Store(t.Context(), xmlrepo.Element{Name: "x", XML: []byte(values[n-1].(string))}); !errors.Is(err, xmlrepo.ErrExist) {
		t.Errorf("Store of the last one: %v", err)
	}
	if err := f.Store(t.Context(), xmlrepo.Element{Name: "x", XML: []byte(key(""))}); err != nil {
		t.Error(err)
	}
	if got := f.client.LLen(t.Context(), f.Key()).Val(); got != n+1 {
		t.Errorf("%d values, want %d", got, n+1)
	}
}

func TestNew(t *testing.T) {
	if _, err := redisrepo.New(nil, redisrepo.Options{}); err == nil {
		t.Error("a list without a client")
	}
	client := redis.NewClient(&redis.Options{})
	defer client.Close()
	if _, err := redisrepo.New(client, redisrepo.Options{PollInterval: -time.Second}); err == nil {
		t.Error("a list that is polled at negative intervals")
	}
}
