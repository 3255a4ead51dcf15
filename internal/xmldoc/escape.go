package xmldoc

import (
	"strings"
	"unicode/utf8"
)

// appendEscaped appends text or an attribute's value as XmlWriter escapes it.
func appendEscaped(dst []byte, s string, attribute bool) []byte {
	done := 0
	for i := 0; i < len(s); {
		c, size := s[i], 1
		var instead string
		switch {
		case c == '&':
			instead = "&amp;"
		case c == '<':
			instead = "&lt;"
		case c == '>':
			instead = "&gt;"
		case c == '"' && attribute:
			instead = "&quot;"
		case c == '\t' && attribute:
			instead = "&#x9;"
		case c == '\n' && attribute:
			instead = "&#xA;"
		case c == '\r' && attribute:
			instead = "&#xD;"
		case c == '\r':
			instead = "\n"
			if strings.HasPrefix(s[i:], "\r\n") {
				size = 2
			}
		default:
			if c < 0x20 || c >= utf8.RuneSelf {
				instead, size = replaceBad(s[i:])
			}
		}
		if instead != "" {
			dst = append(dst, s[done:i]...)
			dst = append(dst, instead...)
			done = i + size
		}
		i += size
	}
	return append(dst, s[done:]...)
}

// appendVerbatim appends what stands in a comment, a processing instruction or
// CDATA, where nothing can be escaped.
func appendVerbatim(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		instead, size := "", 1
		switch {
		case strings.HasPrefix(s[i:], "\r\n"):
			instead, size = "\n", 2
		case s[i] == '\r':
			instead = "\n"
		default:
			instead, size = replaceBad(s[i:])
		}
		if instead == "" {
			instead = s[i : i+size]
		}
		dst = append(dst, instead...)
		i += size
	}
	return dst
}

// replaceBad returns the length of the first character of s, and U+FFFD if XML
// does not allow it.
func replaceBad(s string) (instead string, size int) {
	r, size := utf8.DecodeRuneInString(s)
	if !isChar(r) || r == utf8.RuneError && size == 1 {
		return "\ufffd", size
	}
	return "", size
}

// spaceDashes parts the dashes that would end a comment.
func spaceDashes(s string) string {
	if !strings.Contains(s, "--") && !strings.HasSuffix(s, "-") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		if s[i] == '-' && (i+1 == len(s) || s[i+1] == '-') {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
