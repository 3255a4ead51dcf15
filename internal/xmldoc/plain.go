package xmldoc

import (
	"bytes"
	"slices"
)

// scanPlain tells to the parts of a plain document and reports whether it is
// one; if not, to has been told nonsense. Plain is a document of printable ASCII
// without references, CDATA, processing instructions and single quotes, whose
// only namespace declaration is the prefix of one attribute beside it: what .NET
// and we write for a key in clear text and for a revocation, and so nearly all
// of every ring. All else, good or bad, is for the parser proper, which takes
// several times as long. A fuzz test holds the one against the other.
func scanPlain(data []byte, to sink) bool {
	if len(data) > MaxBytes {
		return false
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.TrimPrefix(data, []byte(`<?xml version="1.0" encoding="utf-8"?>`))
	p := plain{in: data, to: to}
	p.blanks()
	if !p.element(0, false) {
		return false
	}
	p.blanks()
	return p.at == len(p.in)
}

// sink is told the parts of a document in their order. The bytes are only lent.
type sink interface {
	start(name []byte)
	attribute(name, value []byte)
	content(empty bool) // the start tag ends, and if empty the element with it
	text(text []byte)
	comment(text []byte)
	end(name []byte)
}

// plain reads in from at on.
type plain struct {
	in []byte
	at int
	to sink
}

func (p *plain) next() byte {
	if p.at < len(p.in) {
		return p.in[p.at]
	}
	return 0
}

// skip passes over text if it comes next.
func (p *plain) skip(text string) bool {
	if len(p.in)-p.at < len(text) || string(p.in[p.at:p.at+len(text)]) != text {
		return false
	}
	p.at += len(text)
	return true
}

// blanks passes over spaces and line feeds, and reports whether there were any.
func (p *plain) blanks() bool {
	start := p.at
	for p.at < len(p.in) && (p.in[p.at] == ' ' || p.in[p.at] == '\n') {
		p.at++
	}
	return p.at > start
}

func (p *plain) name() []byte {
	start := p.at
	for p.at < len(p.in) {
		c := p.in[p.at]
		if letter := c|0x20 >= 'a' && c|0x20 <= 'z'; !letter && (c < '0' || c > '9' || p.at == start) {
			break
		}
		p.at++
	}
	return p.in[start:p.at]
}

// element reads one element. inner says that one around it declares a prefix.
func (p *plain) element(depth int, inner bool) bool {
	if depth == MaxDepth || !p.skip("<") {
		return false
	}
	name := p.name()
	if len(name) == 0 {
		return false
	}
	p.to.start(name)
	declares, ok := p.attributes(inner)
	switch {
	case !ok:
		return false
	case p.skip("/>"):
		p.to.content(true)
		return true
	case !p.skip(">"):
		return false
	}
	p.to.content(false)
	for {
		if !p.text() {
			return false
		}
		switch {
		case p.skip("</"):
			if !bytes.HasPrefix(p.in[p.at:], name) {
				return false
			}
			p.at += len(name)
			p.to.end(name)
			return p.skip(">")
		case p.skip("<!--"):
			if !p.comment() {
				return false
			}
		case !p.element(depth+1, inner || declares):
			return false
		}
	}
}

// text reads what comes before the next markup, unless it is blank.
func (p *plain) text() bool {
	start, blank := p.at, true
	for ; p.next() != '<'; p.at++ {
		c := p.next()
		if c != '\n' && (c < ' ' || c > '~') || c == '&' || c == '>' {
			return false
		}
		blank = blank && (c == ' ' || c == '\n')
	}
	if !blank {
		p.to.text(p.in[start:p.at])
	}
	return true
}

// comment reads a comment whose beginning has been passed.
func (p *plain) comment() bool {
	end := bytes.Index(p.in[p.at:], []byte("--"))
	if end < 0 {
		return false
	}
	text := p.in[p.at : p.at+end]
	for _, c := range text {
		if c != '\n' && (c < ' ' || c > '~') {
			return false
		}
	}
	p.at += end
	p.to.comment(text)
	return p.skip("-->")
}

// attributes reads the attributes of a start tag. Either none has a prefix, or
// one, which this element declares and no element around it does.
func (p *plain) attributes(inner bool) (declares, ok bool) {
	var names [4][]byte
	var used, declared []byte // prefixes
	for n := 0; ; n++ {
		blanks := p.blanks()
		if c := p.next(); c == '/' || c == '>' {
			return declared != nil, bytes.Equal(used, declared) && (declared == nil || !inner)
		}
		start := p.at
		first := p.name()
		name := first
		if p.skip(":") {
			second := p.name()
			name = p.in[start:p.at]
			switch {
			case len(second) == 0 || used != nil && declared != nil:
				return false, false
			case string(first) == "xmlns" && declared == nil:
				declared = second
			case string(first) != "xmlns" && used == nil:
				used = first
			default:
				return false, false
			}
		}
		// Beside the namespace itself nothing may mean it, and a name that
		// begins with xml may mean anything.
		if !blanks || n == len(names) || len(first) == 0 || string(name) == "xmlns" ||
			bytes.EqualFold(first, []byte("xml")) || slices.ContainsFunc(names[:n], func(b []byte) bool { return bytes.Equal(b, name) }) {
			return false, false
		}
		names[n] = name
		value, ok := p.value()
		if !ok || string(first) == "xmlns" && string(value) != "http://schemas.asp.net/2015/03/dataProtection" {
			return false, false
		}
		p.to.attribute(name, value)
	}
}

// value reads ="…".
func (p *plain) value() (value []byte, ok bool) {
	if !p.skip(`="`) {
		return nil, false
	}
	start := p.at
	for ; p.next() != '"'; p.at++ {
		c := p.next()
		if c < ' ' || c > '~' || c == '<' || c == '>' || c == '&' {
			return nil, false
		}
	}
	p.at++
	return p.in[start : p.at-1], true
}
