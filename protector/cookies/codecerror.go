package cookies

type codecErrorKind uint8

const (
	usage codecErrorKind = iota + 1
	decode
	internal
)

// CodecError is an error of a [Codec]. Its methods are those of
// securecookie.Error, which tell whose fault it is. What it wraps are the errors
// of packages protector and keyring, of the serializer, and [ErrTooLarge].
type CodecError struct {
	kind codecErrorKind
	err  error
}

// Error returns what is wrong, without the value.
func (e *CodecError) Error() string {
	if e.kind == decode {
		return "cookies: the value cannot be decoded: " + e.err.Error()
	}
	return "cookies: the value cannot be encoded: " + e.err.Error()
}

// Unwrap returns what is wrong.
func (e *CodecError) Unwrap() error { return e.err }

// Cause returns what is wrong.
func (e *CodecError) Cause() error { return e.err }

// IsUsage reports whether the application asked for what cannot be: a value that
// the serializer does not take, or a large one.
func (e *CodecError) IsUsage() bool { return e.kind == usage }

// IsDecode reports whether what came in is no good. It may have been forged.
func (e *CodecError) IsDecode() bool { return e.kind == decode }

// IsInternal reports whether it is neither: the ring has no key to protect with.
func (e *CodecError) IsInternal() bool { return e.kind == internal }
