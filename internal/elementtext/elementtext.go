// Package elementtext reads elements that a store keeps as text side by side:
// the values of a Redis list, a column of a table.
//
// Three things come with that and not with files. A text has been decoded before
// anybody looks at it, so that the encoding in an XML declaration means nothing.
// A store may keep no names, and then the name of an element is what [Name]
// makes of its content. And nothing keeps a writer from adding the same twice:
// equal elements of one name are one element here, and different elements of
// one name get names of their own.
package elementtext

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"

	"dataprotection.example/internal/xmldoc"
)

// Value is one text of a store.
type Value struct {
	Name     string // under which the store keeps it; empty if it does not
	Text     string
	Location string // where a person finds it
}

// Element is an element that one or more values of a store hold.
type Element struct {
	Name     string
	XML      []byte // as xmldoc.Compact prints it
	Location string // of the first of them
	Values   []int  // their positions, ascending
}

// Error says that a value is not one well-formed element.
type Error struct {
	Location string
	Err      error // of xmldoc
}

// Error returns the place and the cause.
func (e *Error) Error() string { return "elementtext: " + e.Location + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Read returns the elements that values hold, in the order of their first
// occurrence, each under a name that no other has. The error is an [*Error] for
// the first value that is no element; the elements are all the others even then.
//
// Of values with one name the first keeps it. A later one that holds the same
// element adds nothing but its position; one that holds another gets the name
// with a part of its content's hash behind, so that its name stays while the
// first is there.
func Read(values []Value) ([]Element, error) {
	var all []Element
	var first error
	byName := make(map[string]int, len(values)) // position in all
	for i, v := range values {
		root, err := Parse(v.Text)
		if err != nil {
			if first == nil {
				first = &Error{v.Location, err}
			}
			continue
		}
		e := Element{Name: v.Name, XML: xmldoc.Compact(root), Location: v.Location, Values: []int{i}}
		if e.Name == "" {
			e.Name = Name(root)
		}
		plain := e.Name
		for n := 1; ; n++ {
			at, taken := byName[e.Name]
			if !taken {
				byName[e.Name] = len(all)
				all = append(all, e)
				break
			}
			if string(all[at].XML) == string(e.XML) {
				all[at].Values = append(all[at].Values, i)
				break
			}
			e.Name = plain + "-" + hash(e.XML, 8)
			if n > 1 {
				e.Name = fmt.Sprintf("%s-%d", e.Name, n)
			}
		}
	}
	return all, first
}

// Find returns the element called name, or nil.
func Find(all []Element, name string) *Element {
	for i := range all {
		if all[i].Name == name {
			return &all[i]
		}
	}
	return nil
}

// encodingPattern finds the encoding in an XML declaration.
var encodingPattern = regexp.MustCompile(`([ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*)(?:"[A-Za-z][A-Za-z0-9._-]*"|'[A-Za-z][A-Za-z0-9._-]*')`)

// Parse is xmldoc.Parse for a text that is UTF-8 whatever its declaration says,
// as XElement.Parse takes a string: one that .NET's StringWriter has made says
// UTF-16. A byte order mark, which XElement.Parse refuses, is skipped.
func Parse(text string) (*etree.Element, error) {
	if !utf8.ValidString(text) {
		return nil, errUTF8
	}
	text = strings.TrimPrefix(text, "\ufeff")
	if end := strings.Index(text, "?>"); end > 0 && strings.HasPrefix(text, "<?xml") {
		text = encodingPattern.ReplaceAllString(text[:end], `$1"utf-8"`) + text[end:]
	}
	return xmldoc.Parse([]byte(text))
}

// hash returns the first n bytes of the hash of xml in hexadecimal.
func hash(xml []byte, n int) string {
	sum := sha256.Sum256(xml)
	return hex.EncodeToString(sum[:n])
}
