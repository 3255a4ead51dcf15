package xmldoc_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"dataprotection.example/internal/xmldoc"
	"github.com/beevik/etree"
)

func parse(t *testing.T, document string) *etree.Element {
	t.Helper()
	root, err := xmldoc.Parse([]byte(document))
	if err != nil {
		t.Fatalf("Parse(%q): %v", document, err)
	}
	return root
}

func TestLimits(t *testing.T) {
	nested := func(n int) []byte {
		return []byte(strings.Repeat("<a>", n) + strings.Repeat("</a>", n))
	}
	if _, err := xmldoc.Parse(nested(xmldoc.MaxDepth)); err != nil {
		t.Errorf("depth %d: %v", xmldoc.MaxDepth, err)
	}
	if _, err := xmldoc.Parse(nested(xmldoc.MaxDepth + 1)); err == nil {
		t.Errorf("depth %d: no error", xmldoc.MaxDepth+1)
	}
	sized := func(n int) []byte { return []byte("<a>" + strings.Repeat("x", n-len("<a></a>")) + "</a>") }
	if _, err := xmldoc.Parse(sized(xmldoc.MaxBytes)); err != nil {
		t.Errorf("%d bytes: %v", xmldoc.MaxBytes, err)
	}
	if _, err := xmldoc.Parse(sized(xmldoc.MaxBytes + 1)); err == nil {
		t.Errorf("%d bytes: no error", xmldoc.MaxBytes+1)
	}
	attributes := func(n int, name string) []byte {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " %s%d='u%d'", name, i, i)
		}
		return []byte("<a" + b.String() + "/>")
	}
	for _, name := range []string{"b", "xmlns:p"} {
		if _, err := xmldoc.Parse(attributes(100, name)); err != nil {
			t.Errorf("100 of %s: %v", name, err)
		}
		if _, err := xmldoc.Parse(attributes(101, name)); err == nil {
			t.Errorf("101 of %s: no error", name)
		}
	}
	inherited := strings.Replace(string(attributes(100, "xmlns:p")), "/>", "><b xmlns:q='v'/></a>", 1)
	if _, err := xmldoc.Parse([]byte(inherited)); err == nil {
		t.Error("101 namespaces in scope: no error")
	}
}

func TestErrorsSayWhereAndNotWhat(t *testing.T) {
	const secret = "c2VjcmV0"
	for _, c := range []struct{ document, at string }{
		{"<a>\n <b>" + secret + "</c></a>", "line 2, column 13"},
		{"<a>\n\u00e9\u00e9&" + secret + ";</a>", "line 2"},
		{"<a>" + secret + "\x01</a>", "line 1, column 12"},
		{"<?xml version='1.0'?>\n<a b='" + secret + "' b=''/>", "line 2, column 1"},
		{"<" + secret + "></" + secret + "><b/>", "line 1"},
		{"<a>" + secret, "line 1, column 12"},
		{"<a>" + secret + "<b", "line 1"},
		{"<?xml version='" + secret + "'?><a/>", "line 1"},
		{" <?xml version='1.1'?><a/>", "not at the very start"},
		{"<a><?xml version='1.0' encoding='x'?></a>", "not at the very start"},
		{"<a><!DOCTYPE " + secret + "></a>", "line 1, column 4"},
	} {
		_, err := xmldoc.Parse([]byte(c.document))
		var syntax *xmldoc.SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), c.at) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v; want %s", c.document, err, c.at)
		}
	}
}
