package xmldoc

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"dataprotection.example/testdata"
)

// agree holds the short way against the long one.
func agree(t *testing.T, data []byte) (short bool) {
	t.Helper()
	var text textSink
	var tree treeSink
	if short = scanPlain(data, &text); short != scanPlain(data, &tree) {
		t.Fatalf("plain for one sink alone: %q", data)
	}
	if !short {
		return false
	}
	root, err := parse(data)
	if err != nil {
		t.Fatalf("taken for plain, but it does not parse: %v\n%q", err, data)
	}
	if want := Compact(root); !bytes.Equal(text.out, want) {
		t.Fatalf("got  %q\nwant %q\nfor  %q", text.out, want, data)
	}
	if !sameTree(tree.root, root) {
		t.Fatalf("another tree for %q", data)
	}
	return true
}

// sameTree compares all that etree shows.
func sameTree(a, b *etree.Element) bool {
	if a.Space != b.Space || a.Tag != b.Tag || len(a.Attr) != len(b.Attr) || len(a.Child) != len(b.Child) {
		return false
	}
	for i := range a.Attr {
		x, y := &a.Attr[i], &b.Attr[i]
		if x.Space != y.Space || x.Key != y.Key || x.Value != y.Value || x.NamespaceURI() != y.NamespaceURI() || x.Element() != a {
			return false
		}
	}
	for i := range a.Child {
		if a.Child[i].Parent() != a || a.Child[i].Index() != i {
			return false
		}
		switch x := a.Child[i].(type) {
		case *etree.Element:
			if y, ok := b.Child[i].(*etree.Element); !ok || !sameTree(x, y) {
				return false
			}
		case *etree.CharData:
			if y, ok := b.Child[i].(*etree.CharData); !ok || x.Data != y.Data || x.IsCData() != y.IsCData() || x.IsWhitespace() != y.IsWhitespace() {
				return false
			}
		case *etree.Comment:
			if y, ok := b.Child[i].(*etree.Comment); !ok || x.Data != y.Data {
				return false
			}
		}
	}
	return a.NamespaceURI() == b.NamespaceURI()
}

// Every recorded file agrees, and those of the plain kind take the short way,
// or it would not be worth having.
func TestPlainRecordings(t *testing.T) {
	plain, all := 0, 0
	err := fs.WalkDir(testdata.FS, "vectors", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".xml") {
			return err
		}
		data, err := testdata.FS.ReadFile(path)
		if err != nil {
			return err
		}
		all++
		if agree(t, data) {
			plain++
		} else if strings.Contains(path, "/alg-") {
			t.Errorf("%s takes the long way", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d files are plain", plain, all)
}

func TestPlainEdges(t *testing.T) {
	const declared = `xmlns:p="http://schemas.asp.net/2015/03/dataProtection"`
	for document, plain := range map[string]bool{
		`<a/>`: true, "\ufeff<a />": true, ` <a b="1"  c="2" />`: true, "<a>\n  <b>x y</b>\n</a>\n": true,
		`<a></a>`: true, `<a> </a>`: true, `<a><!-- x --> y</a>`: true, `<a p:b="1" ` + declared + `/>`: true,
		`<a ` + declared + ` p:b="1"><b/></a>`:                          true,
		`<a p:b="1" ` + declared + `><b p:b="1" ` + declared + `/></a>`: false,
		`<a p:b="1" ` + declared + ` q:c="2"/>`:                         false,
		`<a p:b="1"/>`:                                                  false, `<a ` + declared + `/>`: false, `<a xmlns=""/>`: false, `<a xml:space="preserve"/>`: false,
		`<a b="1" b="2"/>`: false, `<a b='1'/>`: false, `<a b="&lt;"/>`: false, `<a>&lt;</a>`: false, `<a>]]></a>`: false,
		`<a/><b/>`: false, `<a>`: false, `</a>`: false, `<a></b>`: false, `<a`: false, ``: false, ` `: false, `<a/>x`: false,
		`<a><!-- - - --></a>`: true, `<a><!-- -- --></a>`: false, `<!-- --><a/>`: false, "<a>\t</a>": false, "<a>é</a>": false,
		`<a><![CDATA[x]]></a>`: false, `<?xml version="1.0" encoding="utf-8"?><a/>`: true, `<?xml version="1.1"?><a/>`: false,
		`<a b="1"c="2"/>`: false, `<a / >`: false, `<a b ="1"/>`: false, `<1a/>`: false, `<a:b/>`: false,
		`<a p:p="1" ` + declared + `/>`: true, `<a xmlns:xmlns="http://schemas.asp.net/2015/03/dataProtection" xmlns:b="1"/>`: false,
		strings.Repeat("<a>", 64) + strings.Repeat("</a>", 64): true,
		strings.Repeat("<a>", 65) + strings.Repeat("</a>", 65): false,
	} {
		if got := agree(t, []byte(document)); got != plain {
			t.Errorf("plain is %v, want %v: %q", got, plain, document)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add([]byte(`<a p:b="1" xmlns:p="http://schemas.asp.net/2015/03/dataProtection"><!-- c --><d>e</d></a>`))
	f.Add([]byte("\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<key id=\"x\" version=\"1\">\n  <b />\n</key>"))
	f.Add([]byte(`<a xmlns:b="c" b:d="e"><f xmlns:g=""/></a>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		short := agree(t, data)
		out, err := CompactDocument(data)
		if short && err != nil {
			t.Fatal(err)
		}
		if err == nil {
			if again, err := CompactDocument(out); err != nil || !bytes.Equal(again, out) {
				t.Fatalf("%v: compact again: %q, was %q", err, again, out)
			}
		}
	})
}

func BenchmarkCompactDocument(b *testing.B) {
	data, err := testdata.FS.ReadFile("vectors/null-encryptor/ring/key-b8febeae-508f-4abf-ac1a-d2fdd6d4bbaa.xml")
	if err != nil {
		b.Fatal(err)
	}
	root, err := Parse(data)
	if err != nil {
		b.Fatal(err)
	}
	plain := File(root.FindElement("//masterKey"))
	for name, data := range map[string][]byte{"plain": plain, "long": data} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := CompactDocument(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
