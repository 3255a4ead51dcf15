package xmldoc

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A SyntaxError says what is wrong with a document and where, in the manner of
// System.Xml.XmlException but without any of the document's text.
type SyntaxError struct {
	Line, Column int // from 1, columns in characters; both 0 if the whole is at fault
	What         string
}

// Error returns "xmldoc: what", preceded by the position if there is one.
func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return "xmldoc: " + e.What
	}
	return fmt.Sprintf("xmldoc: line %d, column %d: %s", e.Line, e.Column, e.What)
}

// wrong returns an error about the document as a whole.
func wrong(what string) error { return &SyntaxError{What: what} }

// wrongAt returns an error about the byte at offset of text.
func wrongAt(text []byte, offset int, what string) error {
	before := text[:min(offset, len(text))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return &SyntaxError{
		Line:   bytes.Count(before, []byte("\n")) + 1,
		Column: utf8.RuneCount(before[start:]) + 1,
		What:   what,
	}
}

const misplacedDeclaration = "an XML declaration that is not at the very start"

// explain puts an error of encoding/xml into words of our own, since its
// messages quote names and entities.
func explain(err error) string {
	var syntax *xml.SyntaxError
	if !errors.As(err, &syntax) { // about the version or encoding, which decode has dealt with at the start
		return misplacedDeclaration
	}
	for _, e := range []struct{ prefix, what string }{
		{"unexpected EOF", "the document ends too early"},
		{"invalid character entity", "undefined entity or malformed character reference"},
		{"illegal character code", "reference to a character that XML does not allow"},
		{"unescaped ]]>", "]]> in text"},
		{"unescaped <", "< in an attribute value"},
		{"unquoted or missing", "attribute value without quotes"},
		{"attribute name without", "attribute without a value"},
		{"invalid sequence \"--\"", "-- in a comment"},
	} {
		if strings.HasPrefix(syntax.Msg, e.prefix) {
			return e.what
		}
	}
	return "malformed markup"
}
