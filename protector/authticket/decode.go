package authticket

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"dataprotection.example/internal/dotnet"
)

// The fewest bytes that each of these takes, by which a count is checked before
// anything is made of it.
const (
	minItem     = 2         // two empty texts
	minClaim    = 5 + 4     // five of them, a count
	minIdentity = 3 + 4 + 2 // three of them, a count, two flags
)

// maxReserve is for how many things room is made at once, whatever a count says.
const maxReserve = 64

// UnmarshalBinary reads a ticket in format 5 (TicketSerializer.Deserialize); see
// [Ticket.MarshalBinary] for the format and the package documentation for how
// strict it is. Fields with a default are filled: nothing that was read is empty
// and means something else. An error wraps [ErrMalformed] and leaves t as it was.
// t keeps no part of data. Whatever data says, no more than 100 bytes are
// allocated for each of its own.
func (t *Ticket) UnmarshalBinary(data []byte) error {
	d := decoder{rest: data, size: len(data)}
	read := d.ticket()
	if d.err == nil && len(d.rest) > 0 {
		d.fail("bytes follow the end")
	}
	if d.err != nil {
		return d.err
	}
	*t = read
	return nil
}

// decoder reads from rest until the first error; after it everything is zero.
type decoder struct {
	rest []byte
	size int // of rest at the start
	err  error
}

func (d *decoder) ticket() (t Ticket) {
	if d.int32() != formatVersion {
		d.fail("not a ticket of format 5")
	}
	t.Scheme = d.text()
	n := d.count(minIdentity)
	t.Identities = reserve[Identity](n)
	for i := 0; i < n && d.err == nil; i++ {
		t.Identities = append(t.Identities, d.identity(0))
	}
	if d.int32() != propertiesVersion {
		d.fail("not properties of version 1")
	}
	t.Properties.Items = d.dictionary()
	return t
}

// identity reads one that is below so many others as their actor.
func (d *decoder) identity(depth int) (id Identity) {
	id.AuthenticationType = d.text()
	id.NameClaimType = d.textOr(ClaimName)
	id.RoleClaimType = d.textOr(ClaimRole)
	n := d.count(minClaim)
	id.Claims = reserve[Claim](n)
	for i := 0; i < n && d.err == nil; i++ {
		id.Claims = append(id.Claims, d.claim(id.NameClaimType))
	}
	if d.flag() {
		id.Bootstrap = d.text()
	}
	if d.flag() {
		if depth == MaxActors {
			d.fail("too many actors in a row")
			return id
		}
		actor := d.identity(depth + 1)
		id.Actor = &actor
	}
	return id
}

func (d *decoder) claim(nameType string) (c Claim) {
	// A type has no default for when it is empty, only one for when it is left out.
	if c.Type = d.text(); c.Type == defaultMark {
		c.Type = nameType
	}
	c.Value = d.text()
	c.ValueType = d.textOr(ValueString)
	c.Issuer = d.textOr(LocalIssuer)
	c.OriginalIssuer = d.textOr(c.Issuer)
	c.Properties = d.dictionary()
	return c
}

func (d *decoder) dictionary() Dictionary {
	n := d.count(minItem)
	items := Dictionary(reserve[Item](n))
	for i := 0; i < n && d.err == nil; i++ {
		items = append(items, Item{d.text(), d.text()})
	}
	if !items.unique() {
		d.fail("a key occurs twice")
	}
	return items
}

// textOr reads a text with a default: for the mark, and for the empty text,
// which .NET's constructors turn into the default as well.
func (d *decoder) textOr(ifDefault string) string {
	if s := d.text(); s != defaultMark && s != "" {
		return s
	}
	return ifDefault
}

func (d *decoder) text() string {
	if d.err != nil {
		return ""
	}
	s, rest, err := dotnet.ReadString(d.rest)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		d.fail(cutShort)
	case err != nil:
		d.fail("the length of a text is malformed")
	case !utf8.ValidString(s):
		d.fail("a text is not valid UTF-8")
	default:
		d.rest = rest
		return s
	}
	return ""
}

// count reads how many things follow that take at least so many bytes each.
func (d *decoder) count(minSize int) int {
	n := d.int32()
	if d.err != nil {
		return 0
	}
	if n > math.MaxInt32 || int64(n) > int64(len(d.rest)/minSize) {
		d.fail("a count is larger than what follows")
		return 0
	}
	return int(n)
}

func (d *decoder) flag() bool {
	b := d.take(1)
	return b != nil && b[0] != 0
}

func (d *decoder) int32() uint32 {
	b := d.take(4)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

// take returns the next n bytes, nil with an error.
func (d *decoder) take(n int) []byte {
	if d.err != nil {
		return nil
	}
	if len(d.rest) < n {
		d.fail(cutShort)
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

const cutShort = "cut short"

func (d *decoder) fail(why string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s (at byte %d of %d)", ErrMalformed, why, d.size-len(d.rest), d.size)
	}
}

// reserve returns room for n things, but no more than a few: the rest comes when
// there is something to put there.
func reserve[T any](n int) []T {
	if n == 0 {
		return nil
	}
	return make([]T, 0, min(n, maxReserve))
}
