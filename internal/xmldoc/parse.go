package xmldoc

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// The limits of a document. No ring needs a hundredth of them.
const (
	MaxBytes = 1 << 20 // length of the encoded document
	MaxDepth = 64      // elements inside one another, the root included

	// maxAttributes bounds the attributes of one element, and the namespaces in
	// scope, both of which are searched one by one.
	maxAttributes = 100
)

// Parse reads a document and returns its root element, without parent, as
// XElement.Load does: white space between markup is dropped unless xml:space
// says "preserve", character data of <![CDATA[ ]]> stays CDATA, and an element
// with a start and an end tag but nothing in between has one empty text as
// child. Comments and processing instructions are kept inside the root and
// dropped outside.
//
// The document is UTF-8 with or without byte order mark, UTF-16 with one, or
// declared as ISO-8859-1 or US-ASCII. Refused, with a *SyntaxError, is all that
// is not well-formed by XML 1.0 and by Namespaces in XML 1.0; any document type;
// XML 1.1; and what is beyond MaxBytes, MaxDepth, or 100 attributes of one
// element or namespaces in scope. Nothing of data is retained.
func Parse(data []byte) (*etree.Element, error) {
	var plain treeSink
	if scanPlain(data, &plain) {
		return plain.root, nil
	}
	return parse(data)
}

// parse is Parse without the short way.
func parse(data []byte) (*etree.Element, error) {
	if len(data) > MaxBytes {
		return nil, wrong("longer than " + strconv.Itoa(MaxBytes) + " bytes")
	}
	text, body, err := decode(data)
	if err != nil {
		return nil, err
	}
	p := parser{text: text, body: body, dec: xml.NewDecoder(bytes.NewReader(text[body:]))}
	for {
		p.start = p.offset()
		token, err := p.dec.RawToken()
		switch {
		case err == io.EOF:
			return p.finish()
		case err != nil:
			return nil, wrongAt(text, p.offset(), explain(err))
		}
		if what := p.take(token, text[p.start:p.offset()]); what != "" {
			return nil, wrongAt(text, p.start, what)
		}
	}
}

// parser builds the tree out of the tokens of encoding/xml. It looks at their
// bytes too, for what the tokens do not tell.
type parser struct {
	text  []byte
	body  int // where in text dec began
	start int // where in text the current token began
	dec   *xml.Decoder
	root  *etree.Element
	open  []frame
	scope namespaces
	uris  []string // scratch: the namespaces of an element's attributes
}

// frame is an element whose end tag has not come yet.
type frame struct {
	element  *etree.Element
	outside  int  // how many namespaces are in scope outside
	preserve bool // xml:space="preserve"
}

func (p *parser) offset() int { return p.body + int(p.dec.InputOffset()) }

func (p *parser) finish() (*etree.Element, error) {
	switch {
	case len(p.open) > 0:
		return nil, wrongAt(p.text, len(p.text), "the document ends too early")
	case p.root == nil:
		return nil, wrong("no root element")
	}
	return p.root, nil
}

// take adds a token to the tree. raw are its bytes in the document: none for the
// end of <a/>. The result is what is wrong, or "".
func (p *parser) take(token xml.Token, raw []byte) string {
	switch t := token.(type) {
	case xml.StartElement:
		return p.startElement(t, raw)
	case xml.EndElement:
		return p.endElement(t, raw)
	case xml.CharData:
		return p.charData(t, raw)
	case xml.Comment:
		if len(p.open) > 0 {
			p.top().element.CreateComment(string(t))
		}
	case xml.ProcInst:
		return p.procInst(t, raw)
	case xml.Directive:
		return "document type declaration"
	}
	return ""
}

func (p *parser) top() *frame { return &p.open[len(p.open)-1] }

func (p *parser) startElement(t xml.StartElement, raw []byte) string {
	f := frame{outside: len(p.scope)}
	switch {
	case len(p.open) > 0:
		f.preserve = p.top().preserve
	case p.root != nil:
		return "a second root element"
	}
	if len(p.open) == MaxDepth {
		return "more than " + strconv.Itoa(MaxDepth) + " elements inside one another"
	}
	if len(t.Attr) > 0 {
		var what string
		if t, what = normalize(t, raw); what != "" {
			return what
		}
		if what := p.declare(t.Attr); what != "" {
			return what
		}
	}
	if what := p.checkNames(t); what != "" {
		return what
	}
	f.element = etree.NewElement(t.Name.Local)
	f.element.Space = t.Name.Space
	for _, a := range t.Attr {
		key := a.Name.Local
		if a.Name.Space != "" {
			key = a.Name.Space + ":" + key
		}
		if key == "xml:space" {
			a.Value = strings.Trim(a.Value, xmlSpace)
			if a.Value != "preserve" && a.Value != "default" {
				return "xml:space is neither preserve nor default"
			}
			f.preserve = a.Value == "preserve"
		}
		f.element.CreateAttr(key, a.Value)
	}
	if len(p.open) == 0 {
		p.root = f.element
	} else {
		p.top().element.AddChild(f.element)
	}
	p.open = append(p.open, f)
	return ""
}

func (p *parser) endElement(t xml.EndElement, raw []byte) string {
	if len(p.open) == 0 {
		return "end tag without a start tag"
	}
	f := p.top()
	if t.Name.Local != f.element.Tag || t.Name.Space != f.element.Space {
		return "end tag of another name than the start tag"
	}
	if len(raw) > 0 && len(f.element.Child) == 0 {
		f.element.CreateText("")
	}
	p.scope = p.scope[:f.outside]
	p.open = p.open[:len(p.open)-1]
	return ""
}

func (p *parser) charData(t xml.CharData, raw []byte) string {
	if len(p.open) == 0 {
		if !isSpace(raw) { // raw: a reference to a blank is not a blank here
			return "text outside the root element"
		}
		return ""
	}
	f := p.top()
	if bytes.HasPrefix(raw, []byte("<![CDATA[")) {
		f.element.CreateCData(string(t))
		return ""
	}
	if refersToSurrogate(raw) {
		return "reference to a character that XML does not allow"
	}
	if f.preserve || !isSpace(t) {
		f.element.CreateText(string(t))
	}
	return ""
}

func (p *parser) procInst(t xml.ProcInst, raw []byte) string {
	after := raw[len("<?")+len(t.Target):]
	switch {
	case strings.EqualFold(t.Target, "xml"):
		return misplacedDeclaration
	case strings.Contains(t.Target, ":"), string(after) != "?>" && !isSpace(after[:1]):
		return "malformed processing instruction"
	}
	if len(p.open) > 0 {
		p.top().element.CreateProcInst(t.Target, string(t.Inst))
	}
	return ""
}
