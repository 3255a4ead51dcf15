package dotnet

import (
	"errors"
	"strings"

	"github.com/google/uuid"
)

// xmlSpace is the white space of XML 1.0, which .NET trims around values.
const xmlSpace = " \t\r\n"

var errGUID = errors.New("not a GUID")

// ParseGUID reads the text of a System.Guid as it stands in an XML attribute:
// 32 hexadecimal digits of either case, bare or in groups of 8-4-4-4-12, the
// grouped form also in braces or parentheses, XML white space around it. The
// comma-separated form of .NET ("{0x…,0x…,…}") and the prefixed digits its
// parser tolerates for old times' sake are refused; nothing writes them.
func ParseGUID(s string) (uuid.UUID, error) {
	s = strings.Trim(s, xmlSpace)
	if len(s) == 38 {
		if ends := s[:1] + s[37:]; ends != "{}" && ends != "()" {
			return uuid.Nil, errGUID
		}
		s = s[1:37]
		if s[8] != '-' {
			return uuid.Nil, errGUID
		}
	}
	if len(s) != 36 && len(s) != 32 {
		return uuid.Nil, errGUID
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return uuid.Nil, errGUID
	}
	return id, nil
}

// AppendGUID appends the 16 bytes of Guid.ToByteArray to dst: the first three
// groups of the text byte-reversed, the last two in the order of the text.
func AppendGUID(dst []byte, id uuid.UUID) []byte {
	id = swapGUID(id)
	return append(dst, id[:]...)
}

// GUIDFromBytes is the inverse of AppendGUID, the constructor Guid(byte[]).
func GUIDFromBytes(b [16]byte) uuid.UUID { return swapGUID(b) }

// swapGUID turns the order of the text into that of the bytes, and back.
func swapGUID(b [16]byte) [16]byte {
	b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
	b[4], b[5] = b[5], b[4]
	b[6], b[7] = b[7], b[6]
	return b
}
