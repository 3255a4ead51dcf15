package protector

import (
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/internal/dotnet"
)

// The errors of this package that callers may want to tell apart. Test with
// errors.Is. What is wrong with a key are errors of package keyring, which
// errors.Is finds too: keyring.ErrKeyNotFound, keyring.ErrKeyRevoked,
// keyring.ErrKeyUnreadable, and keyring.ErrNoDefaultKey when protecting.
var (
	// ErrInvalidPayload: the payload was not made by a protector like this
	// one, or not left as it was. The causes cannot be told apart.
	ErrInvalidPayload = errors.New("protector: the payload is invalid: forged, altered, cut short, no payload at all, " +
		"or protected for other purposes or another application name (these look the same)")
	// ErrExpired: the time that a time-limited payload was given has passed.
	ErrExpired = errors.New("protector: the payload has expired")
	// ErrInvalidPurpose: a purpose or the application name is not valid UTF-8.
	ErrInvalidPurpose = errors.New("protector: a purpose or the application name is not valid UTF-8")
)

// errNotText is for the string methods alone: .NET has no strings for such bytes.
var errNotText = errors.New("protector: the plaintext is not valid UTF-8; use the methods for bytes")

// Error is an error about a payload that is neither forged nor broken as far as
// anybody can tell: its key cannot be used, or it has expired.
type Error struct {
	KeyID     uuid.UUID // the key that the payload names; zero for ErrExpired
	ExpiredAt time.Time // with ErrExpired, in UTC; may be the zero time, the first that .NET has
	Err       error     // wraps one of the errors listed above, or the context's error
}

// Error returns what is wrong, with the key or the time.
func (e *Error) Error() string {
	if e.Err == ErrExpired {
		return "protector: the payload expired at " + dotnet.FormatDate(e.ExpiredAt)
	}
	return "protector: key " + e.KeyID.String() + ": " + strings.TrimPrefix(e.Err.Error(), "keyring: ")
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }
