package protector

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"dataprotection.example/internal/dotnet"
)

// purposes is a chain of purposes in the form in which it enters the AAD. The
// zero value is the empty chain. It never changes, so a protector and those made
// from it may share it.
type purposes struct {
	count   uint32
	encoded string // each purpose with its length before it, see dotnet.AppendString
	invalid bool   // one of them has no encoding, and so the chain has none
}

// with returns the chain with more purposes at its end.
func (c purposes) with(purpose string, sub ...string) purposes {
	encoded := c.appendPurpose([]byte(c.encoded), purpose)
	for _, s := range sub {
		encoded = c.appendPurpose(encoded, s)
	}
	c.encoded = string(encoded)
	return c
}

func (c *purposes) appendPurpose(dst []byte, purpose string) []byte {
	if !utf8.ValidString(purpose) || len(purpose) > math.MaxInt32 {
		c.invalid = true
	}
	if c.invalid {
		return dst
	}
	c.count++
	return dotnet.AppendString(dst, purpose)
}

// appendAAD appends what a payload with this header is bound to:
// header ‖ be32(number of purposes) ‖ the purposes.
func (c purposes) appendAAD(dst []byte, header [headerSize]byte) []byte {
	dst = append(dst, header[:]...)
	dst = binary.BigEndian.AppendUint32(dst, c.count)
	return append(dst, c.encoded...)
}
