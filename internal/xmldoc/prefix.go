package xmldoc

import (
	"slices"

	"github.com/beevik/etree"
)

// declaration returns what an attribute declares, if it is a declaration.
func declaration(a *etree.Attr) (namespace, bool) {
	switch {
	case a.Space == "xmlns":
		return namespace{a.Key, a.Value}, true
	case a.Space == "" && a.Key == "xmlns":
		return namespace{"", a.Value}, true
	}
	return namespace{}, false
}

// appendDeclared appends the declarations of an element. It never writes into
// the array of s beyond its length, which an outer element may share.
func appendDeclared(s namespaces, el *etree.Element) namespaces {
	for i := range el.Attr {
		if n, ok := declaration(&el.Attr[i]); ok {
			s = append(slices.Clip(s), n)
		}
	}
	return s
}

// prefix returns the prefix XLinq writes for a namespace: that of the latest
// declaration which no later one of the same prefix hides. For an attribute the
// default namespace does not count.
func (s namespaces) prefix(uri string, element bool) (prefix string, ok bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i].uri != uri || !element && s[i].prefix == "" {
			continue
		}
		hidden := slices.ContainsFunc(s[i+1:], func(n namespace) bool { return n.prefix == s[i].prefix })
		if !hidden {
			return s[i].prefix, true
		}
	}
	return "", false
}

// rename returns the prefix under which a name is written.
func (p *printer) rename(space string, element bool) string {
	if len(p.scope) == 0 || space == "" && !element {
		return space
	}
	uri, bound := p.scope.uri(space)
	if !bound {
		return space
	}
	if uri == "" {
		return ""
	}
	if prefix, ok := p.scope.prefix(uri, element); ok {
		return prefix
	}
	return space
}

// qualify returns a name as it is written.
func (p *printer) qualify(space, local string, element bool) string {
	if prefix := p.rename(space, element); prefix != "" {
		return prefix + ":" + local
	}
	return local
}

// missing declares the namespaces that the start tag of el uses and only
// elements outside the output declare: like XmlWriter the last used first.
func (p *printer) missing(el *etree.Element) {
	if len(p.scope) == 0 {
		return
	}
	declared := len(p.written)
	p.need(el.Space, true)
	for i := range el.Attr {
		if _, declares := declaration(&el.Attr[i]); !declares && el.Attr[i].Space != "" {
			p.need(el.Attr[i].Space, false)
		}
	}
	for i := len(p.written) - 1; i >= declared; i-- {
		p.buf = append(p.buf, " xmlns"...)
		if prefix := p.written[i].prefix; prefix != "" {
			p.buf = append(p.buf, ":"+prefix...)
		}
		p.buf = append(p.buf, `="`...)
		p.buf = appendEscaped(p.buf, p.written[i].uri, true)
		p.buf = append(p.buf, '"')
	}
}

// need notes that a prefix is to be declared, unless the output has it.
func (p *printer) need(space string, element bool) {
	prefix := p.rename(space, element)
	uri, bound := p.scope.uri(space)
	if has, ok := p.written.uri(prefix); !bound || ok && has == uri {
		return
	}
	p.written = append(slices.Clip(p.written), namespace{prefix, uri})
}
