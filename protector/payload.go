package protector

import (
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/google/uuid"

	"dataprotection.example/internal/dotnet"
)

const (
	// magic begins every payload. Its last four bits are the version of the
	// format; there is only 0.
	magic = 0x09F0C9F0

	headerSize = 4 + 16 // magic, key id

	// maxOverhead is by how much the longest payload exceeds its plaintext:
	// header, key modifier, IV, padding, and the tag of HMACSHA512.
	maxOverhead = headerSize + 16 + 16 + 16 + 64
)

// newHeader returns the first bytes of every payload under the key.
func newHeader(id uuid.UUID) (h [headerSize]byte) {
	binary.BigEndian.PutUint32(h[:], magic)
	dotnet.AppendGUID(h[4:4], id)
	return h
}

// ParsePayload splits a payload into the id of the key it was protected under
// and what the key sealed: key modifier, IV or nonce, ciphertext, tag. It needs
// no key and no purposes, and so it vouches for nothing. body is a part of
// payload. Bytes that are no payload are [ErrInvalidPayload].
func ParsePayload(payload []byte) (keyID uuid.UUID, body []byte, err error) {
	if len(payload) < headerSize || binary.BigEndian.Uint32(payload) != magic {
		return uuid.Nil, nil, ErrInvalidPayload
	}
	return dotnet.GUIDFromBytes([16]byte(payload[4:headerSize])), payload[headerSize:], nil
}

// payloadText is the form of payloads as text. Every producer writes it without
// padding and with zeros in the bits that are left over.
var payloadText = base64.RawURLEncoding.Strict()

// DecodePayload returns the payload that a string holds: base64url (RFC 4648,
// section 5), without padding or padded in full, with nothing before, after or
// between, and no bits set that do not count. So a payload has two spellings and
// no more. Anything else is [ErrInvalidPayload]. The inverse is
// base64.RawURLEncoding.EncodeToString.
func DecodePayload(text string) ([]byte, error) {
	return appendDecoded(make([]byte, 0, payloadText.DecodedLen(len(text))), text)
}

// appendDecoded is DecodePayload into dst.
func appendDecoded(dst []byte, text string) ([]byte, error) {
	if len(text)%4 == 0 { // or else it cannot be padded in full
		trimmed := strings.TrimSuffix(text, "=")
		text = strings.TrimSuffix(trimmed, "=")
	}
	// Package base64 skips line breaks.
	if strings.IndexByte(text, '\n') >= 0 || strings.IndexByte(text, '\r') >= 0 {
		return nil, ErrInvalidPayload
	}
	dst, err := payloadText.AppendDecode(dst, []byte(text))
	if err != nil {
		return nil, ErrInvalidPayload
	}
	return dst, nil
}
