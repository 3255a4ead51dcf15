package elementtext_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"dataprotection.example/internal/elementtext"
)

const id = "5d2d2bd8-9c5f-4b0c-8b62-0d2c3a1f6a77"

func TestParse(t *testing.T) {
	for _, text := range []string{
		`<a b="ä"><c /></a>`,
		`<a b='ä'><c></c></a>`,
		" \r\n<a b=\"ä\"><c/></a>\n",
		"\ufeff<a b=\"ä\"><c/></a>",
		`<?xml version="1.0"?><a b="ä"><c/></a>`,
		`<?xml version="1.0" encoding="utf-8"?><a b="ä"><c/></a>`,
		`<?xml version="1.0" encoding="utf-16"?><a b="ä"><c/></a>`,
		`<?xml version='1.0' encoding = 'ISO-8859-1' standalone='yes'?><a b="ä"><c/></a>`,
		"\ufeff<?xml version=\"1.0\" encoding=\"windows-1252\"?>\n<a b=\"ä\"><c/></a>",
	} {
		if _, err := elementtext.Parse(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{
		"", " ", "text", "<a>", "<a /><b />", " <?xml version=\"1.0\"?><a />", `<?xml version="1.1" encoding="utf-8"?><a />`,
		"<a b=\"\xe4\" />", "\xff\xfe<\x00a\x00/\x00>\x00", "<!DOCTYPE a><a />", `<?xml encoding="utf-16"?><a />`, "<?xml",
		`<?xml version="1.0" encoding="utf-16`, "<?xml?>",
	} {
		if _, err := elementtext.Parse(text); err == nil {
			t.Errorf("%q is not an element, and was read", text)
		}
	}
}

func TestName(t *testing.T) {
	for text, want := range map[string]string{
		`<key id="` + id + `" version="1" />`:                                                                                        "key-" + id,
		`<key id=" {5D2D2BD8-9C5F-4B0C-8B62-0D2C3A1F6A77} " />`:                                                                      "key-" + id,
		`<revocation><key id="` + id + `" /><reason /></revocation>`:                                                                 "revocation-" + id,
		`<revocation version="1"><revocationDate>2020-05-06T07:08:09.12+02:00</revocationDate><key id="*" /><reason /></revocation>`: "revocation-20200506T05080912Z",
		`<revocation><key id="*" /><revocationDate>2020-05-06T05:08:09Z</revocationDate></revocation>`:                               "revocation-20200506T050809Z",
	} {
		if got := nameOf(t, text); got != want {
			t.Errorf("%s is called %s, want %s", text, got, want)
		}
	}
	// What cannot be named after what it is about is named after all of it.
	seen := map[string]string{}
	for _, text := range []string{
		`<x />`, `<x a="1" />`, `<x xmlns="urn:x" />`, `<key xmlns="urn:x" id="` + id + `" />`, `<key />`, `<key id="1" />`, `<key p:id="` + id + `" xmlns:p="urn:p" />`,
		`<revocation />`, `<revocation><key /></revocation>`, `<revocation><key id="*" /></revocation>`,
		`<revocation><revocationDate>yesterday</revocationDate><key id="*" /></revocation>`,
		`<revocation><p:key xmlns:p="urn:p" id="` + id + `" /></revocation>`, `<Key id="` + id + `" />`,
	} {
		name := nameOf(t, text)
		if len(name) != len("element-")+32 || name[:8] != "element-" {
			t.Errorf("%s is called %s", text, name)
		}
		if seen[name] != "" {
			t.Errorf("%s and %s have one name", text, seen[name])
		}
		seen[name] = text
	}
	if a, b := nameOf(t, `<x a='1'></x>`), nameOf(t, ` <x  a="1"></x >`); a != b {
		t.Errorf("two spellings of one element are called %s and %s", a, b)
	}
}

// Whatever has the name of another holds its needle.
func TestNeedle(t *testing.T) {
	for _, spellings := range [][]string{
		{
			`<key id="` + id + `" />`, `<key id=" {5D2d2bd8-9c5f-4b0c-8b62-0d2c3a1f6a77}"><x /></key>`,
			`<key version='2' id='5D2D2BD89c5f4b0c8b620d2c3a1f6a77'/>`,
		},
		{
			`<revocation><key id="` + id + `" /></revocation>`,
			`<revocation><!-- --><x /><revocationDate>2026-01-01T00:00:00Z</revocationDate><key id="(5D2D2BD8-9C5F-4B0C-8B62-0D2C3A1F6A77)"/></revocation>`,
		},
		{
			`<revocation><revocationDate>2026-01-01T00:00:00Z</revocationDate><key id="*" /></revocation>`,
			`<revocation><key id='*'/><revocationDate>2026-01-01T02:00:00.000+02:00</revocationDate></revocation>`,
		},
		{`<Ä:Größe xmlns:Ä="urn:x" />`, `<Ä:Größe  xmlns:Ä='urn:x'/>`},
		{`<revocation />`, "<revocation\n/>"}, {`<key />`, ` <key/>`}, {`<KEY />`}, {`<revocation><key id="*" /></revocation>`},
	} {
		first, err := elementtext.Parse(spellings[0])
		if err != nil {
			t.Fatal(err)
		}
		needle := elementtext.Needle(first)
		for _, text := range spellings {
			if text != spellings[0] && nameOf(t, text) != nameOf(t, spellings[0]) {
				t.Errorf("%s and %s have different names", spellings[0], text)
			}
			small := strings.Map(func(r rune) rune {
				if 'A' <= r && r <= 'Z' {
					r += 'a' - 'A'
				}
				return r
			}, text)
			if needle == "" || !strings.Contains(small, needle) {
				t.Errorf("%s does not contain %q", text, needle)
			}
		}
	}
}

func nameOf(t *testing.T, text string) string {
	t.Helper()
	root, err := elementtext.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return elementtext.Name(root)
}

func TestRead(t *testing.T) {
	key := func(content string) string { return fmt.Sprintf(`<key id="%s">%s</key>`, id, content) }
	all, err := elementtext.Read([]elementtext.Value{
		{Text: key("a"), Location: "0"},
		{Text: key("b"), Location: "1"},
		{Text: " " + key("a") + "\n", Location: "2"},
		{Text: "<x />", Location: "3"},
		{Text: key("b"), Location: "4"},
		{Text: "<x />", Location: "5", Name: "mine"},
		{Text: "<y />", Location: "6", Name: "mine"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		name, xml, location string
		values              []int
	}{
		{"key-" + id, key("a"), "0", []int{0, 2}},
		{"key-" + id + "-", key("b"), "1", []int{1, 4}},
		{"element-", "<x />", "3", []int{3}},
		{"mine", "<x />", "5", []int{5}},
		{"mine-", "<y />", "6", []int{6}},
	}
	if len(all) != len(want) {
		t.Fatalf("got %d elements, want %d: %+v", len(all), len(want), all)
	}
	for i, w := range want {
		e := all[i]
		if e.Name[:min(len(e.Name), len(w.name))] != w.name || string(e.XML) != w.xml || e.Location != w.location || !slices.Equal(e.Values, w.values) {
			t.Errorf("element %d is %+v, want %+v", i, e, w)
		}
		if found := elementtext.Find(all, e.Name); found == nil || string(found.XML) != w.xml {
			t.Errorf("%s is not found under its name", e.Name)
		}
	}
	if elementtext.Find(all, "key") != nil {
		t.Error("found what is not there")
	}
}

// A name that a value brings may be one that another got for being second.
func TestReadNamesApart(t *testing.T) {
	first, err := elementtext.Read([]elementtext.Value{{Text: "<a />", Name: "n"}, {Text: "<b />", Name: "n"}})
	if err != nil {
		t.Fatal(err)
	}
	all, err := elementtext.Read([]elementtext.Value{
		{Text: "<c />", Name: first[1].Name}, {Text: "<a />", Name: "n"}, {Text: "<b />", Name: "n"}, {Text: "<b />", Name: "n"},
	})
	if err != nil || len(all) != 3 || all[2].Name == all[0].Name || len(all[2].Values) != 2 {
		t.Errorf("got %+v, %v", all, err)
	}
}

func TestReadMalformed(t *testing.T) {
	all, err := elementtext.Read([]elementtext.Value{
		{Text: "<a />", Location: "0"}, {Text: "<b>", Location: "1"}, {Text: "", Location: "2"}, {Text: "<c />", Location: "3"},
	})
	var malformed *elementtext.Error
	if !errors.As(err, &malformed) || malformed.Location != "1" {
		t.Errorf("got %v, want an error of value 1", err)
	}
	if len(all) != 2 {
		t.Errorf("got %+v, want the two elements", all)
	}
}
