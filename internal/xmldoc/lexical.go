package xmldoc

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"strings"
	"unicode/utf8"
)

// xmlSpace is the white space of XML.
const xmlSpace = " \t\r\n"

func isSpace(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}

// normalize does to a start tag what encoding/xml leaves undone: white space
// must stand between attributes, a tab or line end in a value is a blank unless
// written as a reference (XML 1.0, section 3.3.3), and no reference may name
// half a surrogate pair. The second result is what is wrong, or "".
func normalize(t xml.StartElement, raw []byte) (xml.StartElement, string) {
	var fixed []byte // a copy of raw, if anything must change
	for i := 0; i < len(raw); i++ {
		quote := raw[i]
		if quote != '"' && quote != '\'' {
			continue
		}
		// Names hold no quotes, and encoding/xml has seen this one closed.
		end := i + 1 + bytes.IndexByte(raw[i+1:], quote)
		for j := i + 1; j < end; j++ {
			if raw[j] == '\t' || raw[j] == '\n' {
				if fixed == nil {
					fixed = bytes.Clone(raw)
				}
				fixed[j] = ' '
			}
		}
		i = end
		if next := raw[i+1]; next != '>' && next != '/' && !isSpace(raw[i+1:i+2]) {
			return t, "no white space between attributes"
		}
	}
	if refersToSurrogate(raw) {
		return t, "reference to a character that XML does not allow"
	}
	if fixed == nil {
		return t, ""
	}
	again, err := xml.NewDecoder(bytes.NewReader(fixed)).RawToken()
	t, ok := again.(xml.StartElement)
	if err != nil || !ok {
		return t, "malformed markup"
	}
	return t, ""
}

// refersToSurrogate reports whether markup or text that encoding/xml has
// accepted has a character reference to one of U+D800 to U+DFFF. It turns those
// into U+FFFD; XML forbids them.
func refersToSurrogate(raw []byte) bool {
	for {
		_, rest, found := bytes.Cut(raw, []byte("&#"))
		if !found {
			return false
		}
		raw = rest
		number, _, _ := bytes.Cut(rest, []byte(";"))
		base := 10
		if len(number) > 0 && number[0] == 'x' {
			number, base = number[1:], 16
		}
		n, err := strconv.ParseUint(string(number), base, 64)
		if err == nil && n >= 0xd800 && n <= 0xdfff {
			return true
		}
	}
}

// isNCName reports whether a name that encoding/xml has accepted as a whole is,
// behind its prefix, a name without colons.
func isNCName(name xml.Name) bool {
	if strings.IndexByte(name.Local, ':') >= 0 {
		return false
	}
	if name.Space == "" {
		return true
	}
	switch c := name.Local[0]; {
	case c >= utf8.RuneSelf: // rare: ask encoding/xml again, without the prefix
		_, err := xml.NewDecoder(strings.NewReader("<" + name.Local + ">")).RawToken()
		return err == nil
	default:
		return isNameByte(c) && c != '-' && c != '.' && (c < '0' || c > '9')
	}
}
