package xmldoc

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// declarationPattern matches an XML declaration; the groups are the version and the
// name of the encoding, each with its quotes.
var declarationPattern = regexp.MustCompile(`^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*("[^"<&]*"|'[^'<&]*')` +
	`(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*("[A-Za-z][A-Za-z0-9._-]*"|'[A-Za-z][A-Za-z0-9._-]*'))?` +
	`(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"yes"|"no"|'yes'|'no'))?[ \t\r\n]*\?>`)

// usual is the declaration .NET writes, recognised without a regular expression.
const usual = `<?xml version="1.0" encoding="utf-8"?>`

// decode returns a document as UTF-8 without byte order mark and with line ends
// as XML 1.0, section 2.11, wants them; body is where the text goes on behind
// the XML declaration. Every character of the text is one that XML allows. The
// result may be data itself.
func decode(data []byte) (text []byte, body int, err error) {
	wide := false
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		text = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		text, err = decodeUTF16(data[2:], binary.LittleEndian)
		wide = true
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		text, err = decodeUTF16(data[2:], binary.BigEndian)
		wide = true
	default:
		text = data
	}
	if err != nil {
		return nil, 0, err
	}
	body, encoding, err := readDeclaration(text)
	if err != nil {
		return nil, 0, err
	}
	switch encoding {
	case "":
	case "utf-16", "utf-16le", "utf-16be":
		if !wide {
			return nil, 0, wrong("declared as UTF-16 but without its byte order mark")
		}
	case "utf-8", "iso-8859-1", "latin1", "us-ascii":
		if wide {
			return nil, 0, wrong("UTF-16 declared as another encoding")
		}
		if encoding == "iso-8859-1" || encoding == "latin1" { // .NET lets this overrule even the mark of UTF-8
			text = decodeLatin1(text)
		}
		if encoding == "us-ascii" && bytes.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 {
			return nil, 0, wrong("declared as US-ASCII but is not")
		}
	default:
		return nil, 0, wrong("declares an encoding other than UTF-8, UTF-16, ISO-8859-1 or US-ASCII")
	}
	if err := checkCharacters(text); err != nil {
		return nil, 0, err
	}
	if bytes.IndexByte(text[body:], '\r') >= 0 {
		rest := bytes.ReplaceAll(text[body:], []byte("\r\n"), []byte("\n"))
		rest = bytes.ReplaceAll(rest, []byte("\r"), []byte("\n"))
		text = append(bytes.Clone(text[:body]), rest...)
	}
	return text, body, nil
}

// readDeclaration returns the length of the XML declaration at the start of
// text, if there is one, and the encoding it names, in lower case.
func readDeclaration(text []byte) (length int, encoding string, err error) {
	if bytes.HasPrefix(text, []byte(usual)) {
		return len(usual), "utf-8", nil
	}
	if !bytes.HasPrefix(text, []byte("<?xml")) || len(text) > 5 && isNameByte(text[5]) {
		return 0, "", nil
	}
	m := declarationPattern.FindSubmatchIndex(text)
	if m == nil {
		return 0, "", wrongAt(text, 0, "malformed XML declaration")
	}
	if version := text[m[2]+1 : m[3]-1]; string(version) != "1.0" {
		return 0, "", wrongAt(text, m[2], "XML of a version other than 1.0")
	}
	if m[4] >= 0 {
		encoding = strings.ToLower(string(text[m[4]+1 : m[5]-1]))
	}
	return m[1], encoding, nil
}

func decodeUTF16(b []byte, order binary.ByteOrder) ([]byte, error) {
	if len(b)%2 != 0 {
		return nil, wrong("half a UTF-16 code unit at the end")
	}
	text := make([]byte, 0, len(b))
	for i := 0; i < len(b); i += 2 {
		r := rune(order.Uint16(b[i:]))
		if utf16.IsSurrogate(r) {
			if i+4 > len(b) {
				return nil, wrong("half a UTF-16 surrogate pair")
			}
			i += 2
			if r = utf16.DecodeRune(r, rune(order.Uint16(b[i:]))); r == utf8.RuneError {
				return nil, wrong("half a UTF-16 surrogate pair")
			}
		}
		text = utf8.AppendRune(text, r)
	}
	return text, nil
}

func decodeLatin1(b []byte) []byte {
	text := make([]byte, 0, len(b)+len(b)/8)
	for _, c := range b {
		text = utf8.AppendRune(text, rune(c))
	}
	return text
}

// checkCharacters refuses what is not UTF-8 or not a character of XML 1.0.
func checkCharacters(text []byte) error {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
				return wrongAt(text, i, "control character")
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return wrongAt(text, i, "not UTF-8")
		}
		if !isChar(r) {
			return wrongAt(text, i, "character that XML does not allow")
		}
		i += size
	}
	return nil
}

// isChar reports whether r is a Char of XML 1.0.
func isChar(r rune) bool {
	return r >= 0x20 && r < 0xd800 || r == '\t' || r == '\n' || r == '\r' ||
		r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= utf8.MaxRune
}

// isNameByte reports whether an ASCII character may stand in a name.
func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("_-.:", c) >= 0
}
