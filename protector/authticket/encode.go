package authticket

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"dataprotection.example/internal/dotnet"
)

// MarshalBinary returns the ticket in format 5 (TicketSerializer.Serialize):
//
//	ticket     = le32(5) text(scheme) le32(n) n×identity properties
//	identity   = text(authentication type) def(name claim type, ClaimName) def(role claim type, ClaimRole)
//	             le32(n) n×claim flag [text(bootstrap)] flag [identity: the actor]
//	claim      = def(type, name claim type) text(value) def(value type, ValueString)
//	             def(issuer, LocalIssuer) def(original issuer, issuer) le32(n) n×(text(key) text(value))
//	properties = le32(1) le32(n) n×(text(key) text(value))
//
// text is the number of bytes in base 128 and UTF-8; def is the text U+0000
// where the value is its default; flag is one byte. Empty fields with a default
// are written as that.
//
// An error wraps [ErrUnencodable]: a text that is not valid UTF-8 (.NET would
// alter it), a text with a default that is U+0000 (it would be read as the
// default), a key twice in one dictionary, more than [MaxActors] actors in a row.
func (t Ticket) MarshalBinary() ([]byte, error) {
	return t.AppendBinary(make([]byte, 0, usualSize))
}

// usualSize is enough for most tickets.
const usualSize = 1024

// AppendBinary appends what MarshalBinary returns to dst and returns the result,
// nil with an error.
func (t Ticket) AppendBinary(dst []byte) ([]byte, error) {
	e := encoder{buf: dst}
	if err := e.ticket(t); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnencodable, err)
	}
	return e.buf, nil
}

// encoder appends to buf until the first error.
type encoder struct {
	buf []byte
	err error
}

func (e *encoder) ticket(t Ticket) error {
	e.int32(formatVersion)
	e.text("scheme", t.Scheme)
	e.count(len(t.Identities))
	for i := range t.Identities {
		if e.err != nil {
			break
		}
		e.identity(&t.Identities[i], 0)
		e.within("identity", i)
	}
	e.int32(propertiesVersion)
	e.dictionary("properties", t.Properties.Items)
	return e.err
}

// identity writes id, which is below so many others as their actor.
func (e *encoder) identity(id *Identity, depth int) {
	e.text("authentication type", id.AuthenticationType)
	e.textOr("name claim type", id.nameType(), ClaimName)
	e.textOr("role claim type", id.roleType(), ClaimRole)
	e.count(len(id.Claims))
	for i := range id.Claims {
		if e.err != nil {
			return
		}
		e.claim(&id.Claims[i], id.nameType())
		e.within("claim", i)
	}
	if e.flag(id.Bootstrap != "") {
		e.text("bootstrap", id.Bootstrap)
	}
	if e.flag(id.Actor != nil) {
		if depth == MaxActors {
			e.fail(fmt.Errorf("more than %d actors in a row", MaxActors))
			return
		}
		e.identity(id.Actor, depth+1)
	}
}

func (e *encoder) claim(c *Claim, nameType string) {
	issuer := orDefault(c.Issuer, LocalIssuer)
	e.textOr("type", c.Type, nameType)
	e.text("value", c.Value)
	e.textOr("value type", orDefault(c.ValueType, ValueString), ValueString)
	e.textOr("issuer", issuer, LocalIssuer)
	e.textOr("original issuer", orDefault(c.OriginalIssuer, issuer), issuer)
	e.dictionary("properties", c.Properties)
}

func (e *encoder) dictionary(what string, d Dictionary) {
	if !d.unique() {
		e.fail(fmt.Errorf("%s: a key occurs twice", what))
		return
	}
	e.count(len(d))
	for i := range d {
		e.text(what, d[i].Key)
		e.text(what, d[i].Value)
	}
}

func (e *encoder) textOr(what, s, ifDefault string) {
	switch s {
	case defaultMark:
		e.fail(fmt.Errorf("%s is U+0000, which stands for the default", what))
	case ifDefault:
		e.buf = dotnet.AppendString(e.buf, defaultMark)
	default:
		e.text(what, s)
	}
}

func (e *encoder) text(what, s string) {
	switch {
	case !utf8.ValidString(s):
		e.fail(fmt.Errorf("%s: not valid UTF-8", what))
	case len(s) > math.MaxInt32:
		e.fail(fmt.Errorf("%s: longer than .NET's strings", what))
	default:
		e.buf = dotnet.AppendString(e.buf, s)
	}
}

func (e *encoder) flag(set bool) bool {
	if set {
		e.buf = append(e.buf, 1)
	} else {
		e.buf = append(e.buf, 0)
	}
	return set
}

func (e *encoder) count(n int) {
	if n > math.MaxInt32 {
		e.fail(errors.New("more entries than .NET can count"))
		return
	}
	e.int32(uint32(n))
}

func (e *encoder) int32(n uint32) { e.buf = binary.LittleEndian.AppendUint32(e.buf, n) }

// within says in which of many things an error was, if there was one.
func (e *encoder) within(what string, index int) {
	if e.err != nil {
		e.err = fmt.Errorf("%s %d: %w", what, index, e.err)
	}
}

func (e *encoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}
