package xmldoc_test

import (
	"bytes"
	"testing"

	"dataprotection.example/internal/xmldoc"
)

// FuzzParse: what parses prints, and what is printed parses to the same.
func FuzzParse(f *testing.F) {
	for _, document := range nasty {
		f.Add(document)
	}
	for _, document := range documents(1, 50) {
		f.Add(document)
	}
	for _, document := range vectorFiles(f) {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		root, err := xmldoc.Parse(document)
		if err != nil {
			return
		}
		compact, file := xmldoc.Compact(root), xmldoc.File(root)
		if len(compact) > xmldoc.MaxBytes || len(file) > xmldoc.MaxBytes {
			return // escaped text is longer, and so is ISO-8859-1 in UTF-8
		}
		again, err := xmldoc.Parse(compact)
		if err != nil {
			t.Fatalf("%q: printed %q: %v", document, compact, err)
		}
		if got := xmldoc.Compact(again); !bytes.Equal(got, compact) {
			t.Fatalf("%q: printed %q, then %q", document, compact, got)
		}
		again, err = xmldoc.Parse(file)
		if err != nil {
			t.Fatalf("%q: printed %q: %v", document, file, err)
		}
		// Under xml:space="preserve" indentation is text, for XElement too.
		if got := xmldoc.Compact(again); !bytes.Equal(got, compact) && !bytes.Contains(compact, []byte(`xml:space="preserve"`)) {
			t.Fatalf("%q: printed %q, whose file is %q", document, compact, got)
		}
	})
}
