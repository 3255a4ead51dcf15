package xmldoc

import (
	"bytes"
	"slices"
)

// CompactDocument returns the root of a document as Compact prints it. It is
// Compact after Parse, with the same errors, but for the plain documents that
// are nearly all of every ring it builds no tree and takes a tenth of the time.
func CompactDocument(data []byte) ([]byte, error) {
	if out, ok := compactPlain(data); ok {
		return out, nil
	}
	root, err := Parse(data)
	if err != nil {
		return nil, err
	}
	return Compact(root), nil
}

// compactPlain does it for documents of printable ASCII without references,
// CDATA, processing instructions and single quotes, whose only namespace
// declaration is the prefix of one attribute beside it: what .NET and we write
// for a key in clear text and for a revocation. It reports false for all else,
// good or bad. A fuzz test holds it against Parse and Compact.
func compactPlain(data []byte) (out []byte, ok bool) {
	if len(data) > MaxBytes {
		return nil, false
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.TrimPrefix(data, []byte(`<?xml version="1.0" encoding="utf-8"?>`))
	p := plain{in: data, out: make([]byte, 0, len(data))}
	p.blanks()
	if !p.element(0, false) {
		return nil, false
	}
	p.blanks()
	return p.out, p.at == len(p.in)
}

// plain reads in from at on, and writes what it has understood to out.
type plain struct {
	in  []byte
	at  int
	out []byte
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

// element copies one element. inner says that one around it declares a prefix.
func (p *plain) element(depth int, inner bool) bool {
	if depth == MaxDepth || !p.skip("<") {
		return false
	}
	name := p.name()
	if len(name) == 0 {
		return false
	}
	p.out = append(append(p.out, '<'), name...)
	declares, ok := p.attributes(inner)
	switch {
	case !ok:
		return false
	case p.skip("/>"):
		p.out = append(p.out, " />"...)
		return true
	case !p.skip(">"):
		return false
	}
	p.out = append(p.out, '>')
	for {
		if !p.text() {
			return false
		}
		switch {
		case p.skip("</"):
			if !p.skip(string(name)) || !p.skip(">") {
				return false
			}
			p.out = append(append(append(p.out, "</"...), name...), '>')
			return true
		case p.skip("<!--"):
			if !p.comment() {
				return false
			}
		case !p.element(depth+1, inner || declares):
			return false
		}
	}
}

// text copies what comes before the next markup, unless it is blank.
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
		p.out = append(p.out, p.in[start:p.at]...)
	}
	return true
}

// comment copies a comment whose beginning has been passed.
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
	p.out = append(append(append(p.out, "<!--"...), text...), "-->"...)
	return p.skip("-->")
}

// attributes copies the attributes of a start tag. Either none has a prefix, or
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
		p.out = append(append(p.out, ' '), name...)
		if !p.value(string(first) == "xmlns") {
			return false, false
		}
	}
}

// value copies ="…". The value of a declaration must be a namespace of .NET's.
func (p *plain) value(declaration bool) bool {
	start := p.at
	if !p.skip(`="`) {
		return false
	}
	first := p.at
	for ; p.next() != '"'; p.at++ {
		c := p.next()
		if c < ' ' || c > '~' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	if declaration && string(p.in[first:p.at]) != "http://schemas.asp.net/2015/03/dataProtection" {
		return false
	}
	p.at++
	p.out = append(p.out, p.in[start:p.at]...)
	return true
}
