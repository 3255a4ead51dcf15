package xmldoc

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// stricter are documents that .NET reads and Parse refuses, by intent.
var stricter = map[string]string{
	"<!DOCTYPE a><a/>": "document type",
	"<?xml version=\"1.0\" encoding=\"us-ascii\"?><a>\xe9</a>": "US-ASCII", // .NET reads a question mark
	"\xff\xfe<\x00a\x00>\x00\xe9\x00<\x00/\x00a\x00>\x00x":     "half a UTF-16 code unit",
	// UTF-16 without a byte order mark.
	"<\x00a\x00>\x00\xe9\x00<\x00/\x00a\x00>\x00": "control character",
	"<\x00?\x00x\x00m\x00l\x00 \x00v\x00e\x00r\x00s\x00i\x00o\x00n\x00=\x00\"\x001\x00.\x000\x00\"\x00?\x00>\x00<\x00a\x00>\x00\xe9\x00<\x00/\x00a\x00>\x00": "control character",
}

func TestParseAndPrintAsXElement(t *testing.T) {
	for _, want := range recorded(t) {
		root, err := Parse(want.document)
		if what := stricter[string(want.document)]; what != "" {
			if err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("%q: error %v, want %s", want.document, err, what)
			}
			continue
		}
		if want.refused || err != nil {
			if !want.refused || err == nil {
				t.Errorf("%q: error %v; .NET refuses: %v", want.document, err, want.refused)
			}
			continue
		}
		if got := Compact(root); !bytes.Equal(got, want.compact) {
			t.Errorf("%q: Compact\n got %q\nwant %q", want.document, got, want.compact)
		}
		if got := File(root); !bytes.Equal(got, want.file) {
			t.Errorf("%q: File\n got %q\nwant %q", want.document, got, want.file)
		}
	}
}

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
