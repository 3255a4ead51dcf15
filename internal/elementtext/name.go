package elementtext

import (
	"errors"
	"strings"

	"github.com/beevik/etree"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/internal/xmldoc"
)

var errUTF8 = errors.New("xmldoc: not UTF-8")

// Name returns the name that ASP.NET Core's key manager gives to an element:
// "key-{id}", "revocation-{id}", or "revocation-{date}" for one of all keys. Any
// other element is called "element-" and 32 hexadecimal digits, the start of the
// SHA-256 of its compact form; so is a key or a revocation without what its name
// needs. Equal elements have equal names, and every name consists of letters,
// digits and dashes.
func Name(root *etree.Element) string {
	switch {
	case is(root, "key"):
		if id, ok := guid(root); ok {
			return "key-" + id
		}
	case is(root, "revocation"):
		key := child(root, "key")
		if key == nil {
			break
		}
		if id, ok := guid(key); ok {
			return "revocation-" + id
		}
		date := child(root, "revocationDate")
		if id, _ := idAttribute(key); id != "*" || date == nil {
			break
		}
		if t, err := dotnet.ParseDate(xmldoc.Text(date)); err == nil {
			return "revocation-" + dotnet.DateStamp(t)
		}
	}
	return "element-" + hash(xmldoc.Compact(root), 16)
}

// Needle returns a text that every spelling of an element with root's [Name]
// contains when its ASCII letters are made small, unless it holds a character
// reference ("&#"). It is never empty.
func Needle(root *etree.Element) string {
	needle := root.Tag
	subject := root
	if is(root, "revocation") {
		if key := child(root, "key"); key != nil {
			subject = key
		}
	}
	if is(root, "key") || subject != root {
		if id, ok := guid(subject); ok {
			needle = id[24:] // the last group stands together in every spelling of an id
		}
	}
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, needle)
}

// is reports whether el is called tag in no namespace.
func is(el *etree.Element, tag string) bool { return el.Tag == tag && el.NamespaceURI() == "" }

// child returns the first child called tag in no namespace, or nil.
func child(el *etree.Element, tag string) *etree.Element {
	for c := range el.ChildElementsSeq() {
		if is(c, tag) {
			return c
		}
	}
	return nil
}

func idAttribute(el *etree.Element) (string, bool) {
	for i := range el.Attr {
		if el.Attr[i].Space == "" && el.Attr[i].Key == "id" {
			return el.Attr[i].Value, true
		}
	}
	return "", false
}

// guid returns the id of el as .NET spells it.
func guid(el *etree.Element) (string, bool) {
	text, ok := idAttribute(el)
	if !ok {
		return "", false
	}
	id, err := dotnet.ParseGUID(text)
	return id.String(), err == nil
}
