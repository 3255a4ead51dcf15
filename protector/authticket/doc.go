// Package authticket reads and writes ASP.NET Core's AuthenticationTicket: who
// somebody is, as far as an application believes it, with the dates and the
// tokens of the sign-in. It is what an authentication cookie holds, and a bearer
// token of ASP.NET Core; both are payloads of package protector around it.
//
// # What is in a ticket
//
// A [Ticket] names the scheme it was issued under and holds identities and
// properties. An [Identity] is somebody as one authority sees them: claims, in
// order, each a type and a value ("name", "bob") with who says so. Most tickets
// have one identity. [Properties] are texts by name: when the ticket was issued
// and when it expires, whether the cookie outlives the browser, tokens of other
// parties, and whatever the application adds.
//
//	ticket := &authticket.Ticket{
//		Scheme: "Cookies",
//		Identities: []authticket.Identity{{
//			AuthenticationType: "Cookies",
//			Claims: authticket.Claims{
//				{Type: authticket.ClaimName, Value: "bob"},
//				{Type: authticket.ClaimRole, Value: "admin"},
//			},
//		}},
//	}
//	ticket.Properties.SetExpires(time.Now().Add(time.Hour))
//
// # Long and short names
//
// Claim types are URIs in ASP.NET (ClaimTypes: [ClaimName], [ClaimRole]) and
// short in JWTs ([JWTName], [JWTRole]). These are different types, in .NET and
// here: nothing turns one into the other, because only the application knows
// whether its "sub" is the "nameidentifier" of the other one. Which of the two a
// ticket has depends on who made it: OpenID Connect in ASP.NET maps them to the
// long ones unless told not to (MapInboundClaims). Ask for both, in the order
// you prefer:
//
//	id := ticket.Value(authticket.ClaimNameIdentifier, authticket.JWTSub)
//
// Names and roles need none of that. Each identity says which of its claims are
// its names and its roles, and [Ticket.Name] and [Ticket.HasRole] go by that, as
// User.Identity.Name and User.IsInRole do. Types compare without regard to case
// there and here, values exactly.
//
// # Dates
//
// For ASP.NET's cookies a ticket whose .expires is missing or unreadable never
// expires. Here both are errors, and different ones: see [Properties.Expires].
// Nothing in this package looks at the clock. Whoever opens a ticket decides
// whether it is still good.
//
// # Bytes
//
// The binary form is format 5 of TicketSerializer, the only one that ASP.NET Core
// writes. What .NET wrote is reproduced byte for byte. Reading is as
// lenient as .NET where that is harmless (a text spelled out where .NET writes a
// mark for the default, any non-zero byte for true) and stricter where it is
// not: bytes after the end, another version of the properties (.NET drops them,
// and with them the expiration), more than [MaxActors] nested actors, texts that
// are not UTF-8, numbers that what follows cannot hold.
//
// # What is printed
//
// A ticket holds personal data and maybe tokens, and lands in a log by one
// careless %v. Ticket, [Identity] and [Properties] therefore print names only:
// the scheme, the types of claims, the keys of properties and their dates. So do
// their JSON forms, which are for logs and cannot be read back. A [Token], and an
// [Item] that is one, hide the value. Claims and other items that are printed by
// themselves are printed whole. Package fmt asks nobody about what is in an
// unexported field: a struct that keeps a ticket in one should keep a pointer,
// of which %v prints the address.
//
// All functions are safe for concurrent use, values as long as nobody changes
// them.
package authticket
