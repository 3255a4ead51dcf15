package xmldoc

import "encoding/xml"

const (
	xmlURI   = "http://www.w3.org/XML/1998/namespace" // always bound to the prefix xml
	xmlnsURI = "http://www.w3.org/2000/xmlns/"        // always bound to the prefix xmlns
)

// namespaces are the declarations in scope, the latest last.
type namespaces []namespace

type namespace struct{ prefix, uri string }

// uri returns what prefix is bound to; "" is the default namespace, which is
// bound to "" if to nothing else.
func (s namespaces) uri(prefix string) (uri string, bound bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i].prefix == prefix {
			return s[i].uri, true
		}
	}
	switch prefix {
	case "":
		return "", true
	case "xml":
		return xmlURI, true
	}
	return "", false
}

// declare brings the namespaces into scope that are among the attributes.
func (p *parser) declare(attrs []xml.Attr) string {
	if len(attrs) > maxAttributes {
		return "too many attributes"
	}
	for _, a := range attrs {
		var prefix string
		switch {
		case a.Name.Space == "xmlns":
			prefix = a.Name.Local
		case a.Name.Space != "" || a.Name.Local != "xmlns":
			continue
		}
		switch {
		case prefix == "xml" && a.Value == xmlURI: // may be said, changes nothing
		case prefix == "xml", prefix == "xmlns", a.Value == xmlURI, a.Value == xmlnsURI:
			return "reserved prefix or namespace declared"
		case prefix != "" && a.Value == "":
			return "prefix declared for no namespace"
		}
		p.scope = append(p.scope, namespace{prefix, a.Value})
	}
	if len(p.scope) > maxAttributes {
		return "too many namespaces"
	}
	return ""
}

// checkNames refuses malformed names, undeclared prefixes, and attributes given
// twice, be it under two prefixes of the same namespace.
func (p *parser) checkNames(t xml.StartElement) string {
	if !isNCName(t.Name) {
		return "malformed name"
	}
	if _, bound := p.scope.uri(t.Name.Space); !bound {
		return "undeclared prefix"
	}
	p.uris = p.uris[:0]
	for i, a := range t.Attr {
		if !isNCName(a.Name) {
			return "malformed name"
		}
		var uri string // without a prefix, none: the default namespace is for elements
		switch a.Name.Space {
		case "":
		case "xmlns":
			uri = xmlnsURI
		default:
			var bound bool
			if uri, bound = p.scope.uri(a.Name.Space); !bound {
				return "undeclared prefix"
			}
		}
		for j, b := range t.Attr[:i] {
			if a.Name.Local == b.Name.Local && uri == p.uris[j] {
				return "attribute given twice"
			}
		}
		p.uris = append(p.uris, uri)
	}
	return ""
}
