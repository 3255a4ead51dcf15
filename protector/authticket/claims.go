package authticket

import (
	"iter"
	"unicode"
	"unicode/utf8"
)

// Claims are claims in order. Types are compared without regard to case, as .NET
// does (StringComparison.OrdinalIgnoreCase), and values exactly.
type Claims []Claim

// Find returns the first claim of the first type of which there is one: earlier
// types are preferred to later ones (ClaimsPrincipal.FindFirst for each).
func (c Claims) Find(types ...string) (Claim, bool) {
	for _, typ := range types {
		for i := range c {
			if equalFold(c[i].Type, typ) {
				return c[i], true
			}
		}
	}
	return Claim{}, false
}

// Value returns the value of the claim that Find finds, or "".
func (c Claims) Value(types ...string) string {
	found, _ := c.Find(types...)
	return found.Value
}

// Values returns the values of all claims of any of these types, in the claims'
// order.
func (c Claims) Values(types ...string) []string {
	var values []string
	for i := range c {
		if isAny(c[i].Type, types) {
			values = append(values, c[i].Value)
		}
	}
	return values
}

// Has reports whether there is a claim of this type with this value
// (ClaimsPrincipal.HasClaim).
func (c Claims) Has(typ, value string) bool {
	for i := range c {
		if c[i].Value == value && equalFold(c[i].Type, typ) {
			return true
		}
	}
	return false
}

// Authenticated reports whether the identity has an authentication type
// (IsAuthenticated).
func (id Identity) Authenticated() bool { return id.AuthenticationType != "" }

// Name returns the value of the first claim of NameClaimType, or "".
func (id Identity) Name() string { return id.Claims.Value(id.nameType()) }

// Roles returns the values of the claims of RoleClaimType.
func (id Identity) Roles() []string { return id.Claims.Values(id.roleType()) }

// HasRole reports whether there is a claim of RoleClaimType with this value.
func (id Identity) HasRole(role string) bool { return id.Claims.Has(id.roleType(), role) }

// Authenticated reports whether an identity of t is: what
// RequireAuthenticatedUser asks.
func (t Ticket) Authenticated() bool {
	for _, id := range t.Identities {
		if id.Authenticated() {
			return true
		}
	}
	return false
}

// Name returns the name of the first identity, or "" (User.Identity.Name).
func (t Ticket) Name() string {
	if len(t.Identities) == 0 {
		return ""
	}
	return t.Identities[0].Name()
}

// Roles returns the roles of all identities, each by its own RoleClaimType.
func (t Ticket) Roles() []string {
	var roles []string
	for _, id := range t.Identities {
		roles = append(roles, id.Roles()...)
	}
	return roles
}

// HasRole reports whether any identity has the role, authenticated or not
// (ClaimsPrincipal.IsInRole).
func (t Ticket) HasRole(role string) bool {
	for _, id := range t.Identities {
		if id.HasRole(role) {
			return true
		}
	}
	return false
}

// Claims yields the claims of all identities, in order, without those of actors.
func (t Ticket) Claims() iter.Seq[Claim] {
	return func(yield func(Claim) bool) {
		for _, id := range t.Identities {
			for _, c := range id.Claims {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// Find is [Claims.Find] over all identities.
func (t Ticket) Find(types ...string) (Claim, bool) {
	for _, typ := range types {
		for _, id := range t.Identities {
			if c, ok := id.Claims.Find(typ); ok {
				return c, true
			}
		}
	}
	return Claim{}, false
}

// Value returns the value of the claim that Find finds, or "".
func (t Ticket) Value(types ...string) string {
	found, _ := t.Find(types...)
	return found.Value
}

// Values is [Claims.Values] over all identities.
func (t Ticket) Values(types ...string) []string {
	var values []string
	for _, id := range t.Identities {
		values = append(values, id.Claims.Values(types...)...)
	}
	return values
}

func isAny(typ string, types []string) bool {
	for _, t := range types {
		if equalFold(typ, t) {
			return true
		}
	}
	return false
}

// equalFold is StringComparison.OrdinalIgnoreCase. [strings.EqualFold] is not:
// it takes a Kelvin sign for a k, and more.
func equalFold(a, b string) bool {
	for a != b {
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if n == 0 || m == 0 || upper(x) != upper(y) {
			return false
		}
		a, b = a[n:], b[m:]
	}
	return true
}

// upper is .NET's mapping: Unicode's simple one, except that no letter outside
// ASCII becomes one inside.
func upper(r rune) rune {
	u := unicode.ToUpper(r)
	if r >= utf8.RuneSelf && u < utf8.RuneSelf {
		return r
	}
	return u
}
