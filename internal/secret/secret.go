// Package secret holds bytes that cannot be printed by accident.
//
// A byte slice in an unexported field is not safe from fmt: %v walks fields by
// reflection and prints what it finds. [Bytes] therefore keeps the slice in a
// closure, which reflection cannot look into, and adds a redacted form for
// everything that asks a value how it wants to be shown: fmt, log/slog,
// encoding/json, encoding/xml.
//
// This guards against mistakes, not against a debugger: the bytes lie in
// ordinary memory until the garbage collector reuses it.
package secret

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
)

// redacted is what every printed form of a secret reads.
const redacted = "[secret]"

// Bytes is a secret byte string. The zero value is empty. A Bytes is immutable
// and safe for concurrent use; copies of it share the same bytes.
//
// Bytes cannot be compared with ==; compare what Reveal returns with
// [crypto/subtle.ConstantTimeCompare].
type Bytes struct {
	reveal func() []byte
}

// New returns a secret that holds a copy of b. The caller may clear b afterwards.
func New(b []byte) Bytes {
	if len(b) == 0 {
		return Bytes{}
	}
	held := bytes.Clone(b)
	held = held[:len(held):len(held)]
	return Bytes{reveal: func() []byte { return held }}
}

// Len returns the number of bytes held.
func (s Bytes) Len() int { return len(s.Reveal()) }

// Reveal returns the live bytes, not a copy; nil if there are none. The caller
// only reads them, and neither stores nor prints them. Appending to the result
// never writes into the secret.
func (s Bytes) Reveal() []byte {
	if s.reveal == nil {
		return nil
	}
	return s.reveal()
}

// Format implements [fmt.Formatter]: every verb prints "[secret]".
func (Bytes) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalText implements [encoding.TextMarshaler], for encoding/xml and the like.
func (Bytes) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON implements [json.Marshaler]: the string "[secret]".
func (Bytes) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue implements [slog.LogValuer].
func (Bytes) LogValue() slog.Value { return slog.StringValue(redacted) }
