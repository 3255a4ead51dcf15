package dotnettest

import (
	"slices"
	"strings"
)

// Error is what .NET threw in answer to one question.
type Error struct {
	Chain []Exception // outermost first; never empty
}

// Exception is one link of an [Error].
type Exception struct {
	Type    string `json:"type"` // full name: System.Security.Cryptography.CryptographicException
	Message string `json:"message"`
}

// Error joins the chain, outermost first.
func (e *Error) Error() string {
	links := make([]string, len(e.Chain))
	for i, exception := range e.Chain {
		links[i] = exception.Type + ": " + exception.Message
	}
	return ".NET: " + strings.Join(links, " <- ")
}

// Has reports whether the chain holds an exception of this type, named in full
// or by its last part: "XmlException".
func (e *Error) Has(name string) bool {
	return slices.ContainsFunc(e.Chain, func(x Exception) bool {
		return x.Type == name || strings.HasSuffix(x.Type, "."+name)
	})
}

// newError returns nil for an empty chain, without the trap of a typed nil.
func newError(chain []Exception) error {
	if len(chain) == 0 {
		return nil
	}
	return &Error{Chain: chain}
}
