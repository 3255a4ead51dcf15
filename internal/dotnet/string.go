package dotnet

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
)

var errPrefix = errors.New("the string length is malformed")

// AppendString appends s as BinaryWriter.Write(string) does: the number of its
// bytes in base 128, low group first, the high bit meaning that more follows
// (1 to 5 bytes), then the bytes themselves. It does not look at the bytes; .NET
// writes UTF-8. A string beyond 2³¹−1 bytes has no encoding there and must not
// be given.
func AppendString(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// ReadString reads one string written by AppendString from the start of b and
// returns what follows it. As BinaryReader.ReadString it takes a length that is
// longer than needed (81 00 for 1), and refuses a sixth byte and a length
// beyond 2³¹−1. A string that ends early is io.ErrUnexpectedEOF.
func ReadString(b []byte) (s string, rest []byte, err error) {
	var n uint64
	for i := 0; ; i++ {
		if i == len(b) {
			return "", nil, io.ErrUnexpectedEOF
		}
		if i == 4 && b[i] > 0x0f {
			return "", nil, errPrefix
		}
		n |= uint64(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			b = b[i+1:]
			break
		}
	}
	if n > math.MaxInt32 {
		return "", nil, errPrefix
	}
	if n > uint64(len(b)) {
		return "", nil, io.ErrUnexpectedEOF
	}
	return string(b[:n]), b[n:], nil
}
