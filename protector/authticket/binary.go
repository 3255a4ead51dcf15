package authticket

import "errors"

const (
	// formatVersion is the first number of a ticket, propertiesVersion the first
	// of its properties. .NET has never written others.
	formatVersion     = 5
	propertiesVersion = 1

	// defaultMark stands for the default of a text that has one. A text that is
	// just this cannot be written: it would be read as the default.
	defaultMark = "\x00"
)

// What is wrong with bytes, or with a ticket. Test with errors.Is.
var (
	// ErrMalformed: bytes are no ticket. The error says what is wrong and where,
	// and repeats none of them.
	ErrMalformed = errors.New("authticket: malformed ticket")
	// ErrUnencodable: a ticket has no binary form.
	ErrUnencodable = errors.New("authticket: ticket cannot be encoded")
)
