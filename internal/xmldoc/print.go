package xmldoc

import (
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// Compact returns an element as XElement.ToString(SaveOptions.DisableFormatting)
// does: UTF-8 without byte order mark or declaration, nothing added between
// elements. The element may stand in a larger tree; a namespace it takes from
// there is declared on it, behind the attributes.
//
// As in XLinq the names count and not the prefixes: where two prefixes stand for
// one namespace, the one declared last in the element is written. Line ends in text become LF;
// in attributes they and tabs become references. What XML cannot express, and
// Parse therefore never returns, is replaced: a forbidden character by U+FFFD,
// -- in a comment by "- -", and a prefix nobody declares is written as it is.
func Compact(root *etree.Element) []byte {
	p := newPrinter(root, false)
	p.element(root)
	return p.buf
}

// File returns an element as FileSystemXmlRepository writes it to disk, that is
// XElement.Save: byte order mark, declaration, every element, comment and
// processing instruction on a line of its own, indented by two blanks a level,
// except in an element from its first text on. Line ends are LF, with none at
// the end.
func File(root *etree.Element) []byte {
	p := newPrinter(root, true)
	p.buf = append(p.buf, "\ufeff"+usual...)
	p.element(root)
	return p.buf
}

// Text returns the string value of an element in the sense of XPath: all text
// below it, CDATA included, in document order.
func Text(el *etree.Element) string {
	if len(el.Child) == 1 {
		if text, ok := el.Child[0].(*etree.CharData); ok {
			return text.Data
		}
	}
	var b strings.Builder
	appendText(&b, el)
	return b.String()
}

func appendText(b *strings.Builder, el *etree.Element) {
	for _, child := range el.Child {
		switch child := child.(type) {
		case *etree.Element:
			appendText(b, child)
		case *etree.CharData:
			b.WriteString(child.Data)
		}
	}
}

type printer struct {
	buf     []byte
	scope   namespaces // as the tree declares them
	written namespaces // as the output has them so far

	indent bool
	level  int
	mixed  bool // the current element, or one around it, has had text
}

func newPrinter(root *etree.Element, indent bool) *printer {
	p := &printer{buf: make([]byte, 0, 1024), indent: indent}
	// XLinq counts what is declared outside from the inside out, and so takes
	// the first of several prefixes there, not the last.
	for el := root.Parent(); el != nil; el = el.Parent() {
		p.scope = appendDeclared(p.scope, el)
	}
	slices.Reverse(p.scope)
	return p
}

func (p *printer) element(el *etree.Element) {
	p.newLine()
	scope, written, mixed := p.scope, p.written, p.mixed
	p.scope = appendDeclared(p.scope, el)
	p.written = appendDeclared(p.written, el)

	name := p.qualify(el.Space, el.Tag, true)
	p.buf = append(p.buf, '<')
	p.buf = append(p.buf, name...)
	for i := range el.Attr {
		p.attribute(&el.Attr[i])
	}
	p.missing(el)
	if len(el.Child) == 0 {
		p.buf = append(p.buf, " />"...)
	} else {
		p.buf = append(p.buf, '>')
		start := len(p.buf)
		p.level++
		for _, child := range el.Child {
			p.child(child)
		}
		p.level--
		if len(p.buf) > start {
			p.newLine()
		}
		p.buf = append(p.buf, "</"...)
		p.buf = append(p.buf, name...)
		p.buf = append(p.buf, '>')
	}
	p.scope, p.written, p.mixed = scope, written, mixed
}

func (p *printer) child(child etree.Token) {
	switch t := child.(type) {
	case *etree.Element:
		p.element(t)
	case *etree.CharData:
		p.charData(t)
	case *etree.Comment:
		p.newLine()
		p.buf = append(p.buf, "<!--"...)
		p.buf = appendVerbatim(p.buf, spaceDashes(t.Data))
		p.buf = append(p.buf, "-->"...)
	case *etree.ProcInst:
		p.newLine()
		p.buf = append(p.buf, "<?"+t.Target...)
		if t.Inst != "" {
			p.buf = append(p.buf, ' ')
			p.buf = appendVerbatim(p.buf, strings.ReplaceAll(t.Inst, "?>", "? >"))
		}
		p.buf = append(p.buf, "?>"...)
	}
}

func (p *printer) charData(t *etree.CharData) {
	switch {
	case t.IsCData():
		p.buf = append(p.buf, "<![CDATA["...)
		p.buf = appendVerbatim(p.buf, strings.ReplaceAll(t.Data, "]]>", "]]]]><![CDATA[>"))
		p.buf = append(p.buf, "]]>"...)
	case t.Data != "":
		p.buf = appendEscaped(p.buf, t.Data, false)
	default:
		return // only the mark of <a></a>
	}
	p.mixed = true
}

func (p *printer) attribute(a *etree.Attr) {
	p.buf = append(p.buf, ' ')
	if _, declares := declaration(a); declares {
		p.buf = append(p.buf, a.FullKey()...)
	} else {
		p.buf = append(p.buf, p.qualify(a.Space, a.Key, false)...)
	}
	p.buf = append(p.buf, `="`...)
	p.buf = appendEscaped(p.buf, a.Value, true)
	p.buf = append(p.buf, '"')
}

// newLine begins a line and indents it, when that adds no text to anything.
func (p *printer) newLine() {
	if !p.indent || p.mixed {
		return
	}
	p.buf = append(p.buf, '\n')
	for range p.level {
		p.buf = append(p.buf, "  "...)
	}
}
