package xmldoc_test

import (
	"strings"
	"testing"

	"dataprotection.example/internal/xmldoc"
	"github.com/beevik/etree"
)

// TestPartOfATree prints inner elements; the answers are XElement's.
func TestPartOfATree(t *testing.T) {
	for _, c := range []struct{ document, path, want string }{
		{`<a xmlns="u"><b/></a>`, "b", `<b xmlns="u" />`},
		{`<a xmlns="u"><b xmlns=""/></a>`, "b", `<b xmlns="" />`},
		{`<p:a xmlns:p="u"><b><p:c/></b></p:a>`, "b", `<b><p:c xmlns:p="u" /></b>`},
		{`<a xmlns:p="u"><b p:c="1" d="2"/></a>`, "b", `<b p:c="1" d="2" xmlns:p="u" />`},
		{`<a xmlns:p="u" xmlns:q="v"><p:b q:c="1"/></a>`, "b", `<p:b q:c="1" xmlns:q="v" xmlns:p="u" />`},
		{`<a xmlns:p="u" xmlns:q="u"><q:b/></a>`, "b", `<p:b xmlns:p="u" />`},
		{`<a xmlns:p="u" xmlns:q="u"><b/></a>`, "b", `<b />`},
	} {
		el := parse(t, c.document).SelectElement(c.path)
		if got := string(xmldoc.Compact(el)); got != c.want {
			t.Errorf("%s of %s\n got %s\nwant %s", c.path, c.document, got, c.want)
		}
	}
}

// TestWhatXMLCannotExpress is printed as something that parses.
func TestWhatXMLCannotExpress(t *testing.T) {
	el := etree.NewElement("a")
	el.CreateAttr("b", "\x00\xff\ufffe\"")
	el.CreateText("\x01\ud7ff\ufffd\xed\xa0\x80")
	el.CreateComment("a--b---")
	el.CreateCData("a]]>b")
	el.CreateProcInst("p", "x?>y")
	got := xmldoc.Compact(el)
	const want = "<a b=\"\ufffd\ufffd\ufffd&quot;\">\ufffd\ud7ff\ufffd\ufffd\ufffd\ufffd<!--a- -b- - - --><![CDATA[a]]]]><![CDATA[>b]]><?p x? >y?></a>"
	if string(got) != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if _, err := xmldoc.Parse(got); err != nil {
		t.Error(err)
	}
}

// TestUndeclaredPrefixStays, as there is nothing it could be called.
func TestUndeclaredPrefixStays(t *testing.T) {
	el := etree.NewElement("p:a")
	el.CreateAttr("q:b", "")
	if got := string(xmldoc.Compact(el)); got != `<p:a q:b="" />` {
		t.Errorf("got %s", got)
	}
}

// TestElementsMadeInGo are written like .NET's own.
func TestElementsMadeInGo(t *testing.T) {
	el := etree.NewElement("masterKey")
	el.CreateAttr("p4:requiresEncryption", "true")
	el.CreateAttr("xmlns:p4", "http://schemas.asp.net/2015/03/dataProtection")
	el.CreateComment(" Warning: the key below is in an unencrypted form. ")
	el.CreateElement("value").SetText("AA==")
	const want = `<masterKey p4:requiresEncryption="true" xmlns:p4="http://schemas.asp.net/2015/03/dataProtection">` +
		`<!-- Warning: the key below is in an unencrypted form. --><value>AA==</value></masterKey>`
	if got := string(xmldoc.Compact(el)); got != want {
		t.Errorf("got %s", got)
	}
}

func TestPrintingLeavesTheTreeAlone(t *testing.T) {
	root := parse(t, `<a xmlns:p="u" xmlns:q="u"><p:b q:c="&#10;"> x <!-- y --></p:b></a>`)
	before := root.Copy()
	inner := root.SelectElement("b")
	xmldoc.File(root)
	xmldoc.Compact(inner)
	a, b := etree.NewDocumentWithRoot(root), etree.NewDocumentWithRoot(before)
	got, _ := a.WriteToString()
	want, _ := b.WriteToString()
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestText(t *testing.T) {
	for document, want := range map[string]string{
		`<a/>`:                          "",
		`<a></a>`:                       "",
		`<a>x</a>`:                      "x",
		`<a> x </a>`:                    " x ",
		`<a>x<b>y<c/></b><!--z-->w</a>`: "xyw",
		`<a><![CDATA[x]]><b/>y</a>`:     "xy",
		`<a><b>AA</b> <b>==</b></a>`:    "AA==", // white space between elements is none
	} {
		if got := xmldoc.Text(parse(t, document)); got != want {
			t.Errorf("Text(%s) = %q, want %q", document, got, want)
		}
	}
}

// TestDocumentsAreTheirOwn: two parses share nothing, and nothing with the bytes.
func TestDocumentsAreTheirOwn(t *testing.T) {
	document := []byte(`<a b="c">d</a>`)
	one, err := xmldoc.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	two := parse(t, string(document))
	copy(document, strings.Repeat("#", len(document)))
	two.CreateAttr("b", "changed")
	if got := string(xmldoc.Compact(one)); got != `<a b="c">d</a>` || one.Parent() != nil {
		t.Errorf("got %s", got)
	}
}
