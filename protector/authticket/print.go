package authticket

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// String returns the ticket without the values of its claims and properties;
// see the package documentation. Every verb of fmt prints the same.
func (t Ticket) String() string {
	parts := []string{"scheme " + strconv.Quote(t.Scheme)}
	for _, id := range t.Identities {
		parts = append(parts, id.String())
	}
	return "Ticket{" + strings.Join(append(parts, t.Properties.String()), ", ") + "}"
}

// String returns the identity without the values of its claims.
func (id Identity) String() string { return id.describe(0) }

func (id Identity) describe(depth int) string {
	if depth > MaxActors {
		return "…" // a circle, perhaps
	}
	parts := []string{strconv.Quote(id.AuthenticationType), "claims " + quoted(id.Claims, func(c Claim) string { return c.Type })}
	if id.Bootstrap != "" {
		parts = append(parts, "bootstrap "+hidden)
	}
	if id.Actor != nil {
		parts = append(parts, "actor "+id.Actor.describe(depth+1))
	}
	return "Identity{" + strings.Join(parts, ", ") + "}"
}

// String returns the keys of the properties, and the dates.
func (p Properties) String() string {
	texts := make([]string, len(p.Items))
	for i, item := range p.Items {
		texts[i] = strconv.Quote(item.Key)
		switch item.Key {
		case KeyIssued, KeyExpires, KeyRefresh:
			texts[i] += ": " + strconv.Quote(item.Value)
		}
	}
	return "Properties{" + strings.Join(texts, ", ") + "}"
}

// String returns key and value, but no token.
func (i Item) String() string {
	value := strconv.Quote(i.Value)
	if strings.HasPrefix(i.Key, KeyTokenPrefix) {
		value = hidden
	}
	return strconv.Quote(i.Key) + ": " + value
}

// String returns the token's name.
func (t Token) String() string { return "Token{" + strconv.Quote(t.Name) + ": " + hidden + "}" }

const hidden = "[secret]"

func quoted[T any](all []T, text func(T) string) string {
	texts := make([]string, len(all))
	for i, t := range all {
		texts[i] = strconv.Quote(text(t))
	}
	return "[" + strings.Join(texts, " ") + "]"
}

// Format implements [fmt.Formatter]: every verb prints String.
func (t Ticket) Format(f fmt.State, _ rune)     { io.WriteString(f, t.String()) }
func (id Identity) Format(f fmt.State, _ rune)  { io.WriteString(f, id.String()) }
func (p Properties) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }
func (i Item) Format(f fmt.State, _ rune)       { io.WriteString(f, i.String()) }
func (t Token) Format(f fmt.State, _ rune)      { io.WriteString(f, t.String()) }

// MarshalJSON implements [json.Marshaler], for logs: String as a JSON string.
// The form that can be read back is that of MarshalBinary.
func (t Ticket) MarshalJSON() ([]byte, error)     { return jsonString(t) }
func (id Identity) MarshalJSON() ([]byte, error)  { return jsonString(id) }
func (p Properties) MarshalJSON() ([]byte, error) { return jsonString(p) }
func (i Item) MarshalJSON() ([]byte, error)       { return jsonString(i) }
func (t Token) MarshalJSON() ([]byte, error)      { return jsonString(t) }

func jsonString(s fmt.Stringer) ([]byte, error) { return json.Marshal(s.String()) }
