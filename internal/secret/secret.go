// Package secret holds bytes that cannot be printed by accident.
//
// A byte slice in an unexported field is not safe from fmt: %v walks fields by
// reflection and prints what it finds. [Bytes] therefore keeps the slice in a
// closure, which reflection cannot look into, and adds a redacted form for
// everything that asks a value how it wants to be shown: fmt, log/slog,
// encoding/json, encoding/xml.
//
// This guards against mistakes, not against a debugger.
//
// # Erasure
//
// The bytes are overwritten some time after nobody can reach them any more:
// when the garbage collector has noticed. What counts is the memory itself, so
// that a slice from [Bytes.Reveal] keeps it whole for as long as somebody holds
// it. Secrets of more than 2 KiB, which no key has, are not overwritten, nor is
// anything when a process ends.
//
// It is the best that a program in Go can do for memory of its own, and not all
// that there is. Not overwritten are: what the standard library derives from a
// key (AES key schedules, the working state of hash objects), registers and
// stacks, the text of XML documents in which a key stands in base64, and the
// copies of any of these that the runtime makes. [Do], in a build with
// GOEXPERIMENT=runtimesecret, covers most of that too.
package secret

import (
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
	held := allocate(len(b))
	copy(held, b)
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
