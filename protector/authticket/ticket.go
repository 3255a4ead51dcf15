package authticket

import "slices"

// Ticket is what an application knows about who is signed in
// (AuthenticationTicket with its ClaimsPrincipal).
type Ticket struct {
	// Scheme under which it was issued. ASP.NET does not compare it with
	// anything: which scheme a payload is good for follows from its purposes.
	Scheme string

	// Identities of the principal; the first is the one that gives the name.
	Identities []Identity

	Properties Properties
}

// Identity is somebody as one authority sees them (ClaimsIdentity).
type Identity struct {
	// AuthenticationType is how they proved it. An identity without one counts
	// as not authenticated.
	AuthenticationType string

	// NameClaimType and RoleClaimType are the types of the claims that are the
	// identity's names and roles. Empty means ClaimName and ClaimRole, and that
	// is what is read back.
	NameClaimType, RoleClaimType string

	Claims Claims

	// Bootstrap is what the identity was made from, usually a token
	// (BootstrapContext, if that is a string). Empty means none.
	Bootstrap string

	// Actor is who acts for this identity, if anybody.
	Actor *Identity
}

// Claim is one statement about an identity (Claim).
type Claim struct {
	Type  string
	Value string

	// ValueType says what Value is the text of. Empty means ValueString, and
	// that is what is read back.
	ValueType string

	// Issuer is who says so, OriginalIssuer who said so first. Empty means
	// LocalIssuer, and the issuer; these are read back.
	Issuer, OriginalIssuer string

	// Properties are for the application, and rare.
	Properties Dictionary
}

// MaxActors is how deep actors nest: the identity of a ticket may have an actor,
// that one another, and so on, this many in a row. .NET has no limit.
const MaxActors = 16

// nameType is the type of the claims that are names.
func (id Identity) nameType() string { return orDefault(id.NameClaimType, ClaimName) }

// roleType is the type of the claims that are roles.
func (id Identity) roleType() string { return orDefault(id.RoleClaimType, ClaimRole) }

func orDefault(s, ifEmpty string) string {
	if s == "" {
		return ifEmpty
	}
	return s
}

// Clone returns a copy of t that shares nothing with it that could change
// (AuthenticationTicket.Clone).
func (t Ticket) Clone() *Ticket {
	t.Identities = slices.Clone(t.Identities)
	for i, id := range t.Identities {
		t.Identities[i] = id.clone()
	}
	t.Properties.Items = slices.Clone(t.Properties.Items)
	return &t
}

func (id Identity) clone() Identity {
	id.Claims = slices.Clone(id.Claims)
	for i := range id.Claims {
		id.Claims[i].Properties = slices.Clone(id.Claims[i].Properties)
	}
	if id.Actor != nil {
		actor := id.Actor.clone()
		id.Actor = &actor
	}
	return id
}
