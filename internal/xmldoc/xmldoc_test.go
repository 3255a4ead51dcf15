package xmldoc

import (
	"errors"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

func parse(t *testing.T, document string) *etree.Element {
	t.Helper()
	root, err := Parse([]byte(document))
	if err != nil {
		t.Fatalf("Parse(%q): %v", document, err)
	}
	return root
}

func TestLimits(t *testing.T) {
	nested := func(n int) []byte {
		return []byte(strings.Repeat("<a>", n) + strings.Repeat("</a>", n))
	}
	if _, err := Parse(nested(MaxDepth)); err != nil {
		t.Errorf("depth %d: %v", MaxDepth, err)
	}
	if _, err := Parse(nested(MaxDepth + 1)); err == nil {
		t.Errorf("depth %d: no error", MaxDepth+1)
	}
	sized := func(n int) []byte { return []byte("<a>" + strings.Repeat("x", n-len("<a></a>")) + "</a>") }
	if _, err := Parse(sized(MaxBytes)); err != nil {
		t.Errorf("%d bytes: %v", MaxBytes, err)
	}
	if _, err := Parse(sized(MaxBytes + 1)); err == nil {
		t.Errorf("%d bytes: no error", MaxBytes+1)
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
		{"<a><!DOCTYPE " + secret + "></a>", "line 1, column 4"},
	} {
		_, err := Parse([]byte(c.document))
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), c.at) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v; want %s", c.document, err, c.at)
		}
	}
}
