package authticket_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
)

// What ASP.NET's cookie authentication puts into its cookie, and back. Where the
// ring is an application's, that application reads it.
func ExampleCookieFormat() {
	ctx := context.Background()
	provider, err := protector.NewEphemeral(ctx, protector.Options{ApplicationName: "shop"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer provider.Close()
	now := time.Date(2026, 11, 21, 22, 29, 1, 0, time.UTC)

	ticket := &authticket.Ticket{
		Scheme: "Cookies",
		Identities: []authticket.Identity{{
			AuthenticationType: "Cookies",
			Claims: authticket.Claims{
				{Type: authticket.ClaimName, Value: "bob"},
				{Type: authticket.ClaimRole, Value: "admin"},
				{Type: authticket.ClaimNameIdentifier, Value: "42"},
			},
		}},
	}
	ticket.Properties.SetIssued(now)
	ticket.Properties.SetExpires(now.AddDate(0, 0, 14))

	format := authticket.CookieFormat(provider.Provider, "Cookies")
	value, err := format.Protect(ctx, ticket)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(value[:5])

	opened, err := format.Unprotect(ctx, value)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(opened.Name(), opened.HasRole("admin"), opened.Value(authticket.ClaimNameIdentifier, authticket.JWTSub))
	fmt.Println(opened)
	// Output:
	// CfDJ8
	// bob true 42
	// Ticket{scheme "Cookies", Identity{"Cookies", claims ["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name" "http://schemas.microsoft.com/ws/2008/06/identity/claims/role" "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"]}, Properties{".issued": "Sat, 21 Nov 2026 22:29:01 GMT", ".expires": "Sat, 05 Dec 2026 22:29:01 GMT"}}
}

// A ticket that does not say in a readable way when it expires is not one that
// never does.
func ExampleProperties_Expires() {
	now := time.Date(2026, 11, 21, 22, 29, 1, 0, time.UTC)
	good := func(p authticket.Properties) string {
		expires, err := p.Expires()
		switch {
		case errors.Is(err, authticket.ErrNoDate):
			return "refused: it does not say when it expires"
		case err != nil:
			return "refused: " + err.Error()
		case !now.Before(expires):
			return "refused: it has expired"
		}
		return "good"
	}

	var p authticket.Properties
	fmt.Println(good(p))
	p.Items.Set(authticket.KeyExpires, "tomorrow")
	fmt.Println(good(p))
	p.SetExpires(now)
	fmt.Println(good(p))
	p.SetExpires(now.Add(time.Hour))
	fmt.Println(good(p))
	// Output:
	// refused: it does not say when it expires
	// refused: authticket: the ticket has a date that cannot be read: .expires
	// refused: it has expired
	// good
}

// Claims by the names that the identity's maker gave them.
func ExampleTicket_Value() {
	mapped := authticket.Ticket{Identities: []authticket.Identity{{
		Claims: authticket.Claims{{Type: authticket.ClaimEmail, Value: "bob@example.com"}},
	}}}
	unmapped := authticket.Ticket{Identities: []authticket.Identity{{
		NameClaimType: authticket.JWTName,
		RoleClaimType: authticket.JWTRole,
		Claims: authticket.Claims{
			{Type: authticket.JWTName, Value: "Bob"},
			{Type: authticket.JWTRole, Value: "admin"},
			{Type: authticket.JWTEmail, Value: "bob@example.org"},
		},
	}}}
	for _, t := range []authticket.Ticket{mapped, unmapped} {
		fmt.Printf("%q %v %s\n", t.Name(), t.HasRole("admin"), t.Value(authticket.ClaimEmail, authticket.JWTEmail))
	}
	// Output:
	// "" false bob@example.com
	// "Bob" true bob@example.org
}

// Tokens are in the ticket, and not in the log.
func ExampleProperties_SetTokens() {
	var p authticket.Properties
	if err := p.SetTokens(
		authticket.Token{Name: "access_token", Value: "eyJhbGciOi…"},
		authticket.Token{Name: "refresh_token", Value: "tGzv3JOkF0…"},
	); err != nil {
		fmt.Println(err)
		return
	}
	value, ok := p.Token("access_token")
	fmt.Println(len(value) > 0, ok)
	fmt.Println(p.Tokens())
	fmt.Println(p)
	// Output:
	// true true
	// [Token{"access_token": [secret]} Token{"refresh_token": [secret]}]
	// Properties{".Token.access_token", ".Token.refresh_token", ".TokenNames"}
}

// The bytes alone, as TicketSerializer writes them.
func ExampleTicket_MarshalBinary() {
	ticket := authticket.Ticket{Scheme: "s"}
	data, err := ticket.MarshalBinary()
	fmt.Printf("%x %v\n", data, err)

	var read authticket.Ticket
	fmt.Println(read.UnmarshalBinary(data), read.Scheme)
	fmt.Println(read.UnmarshalBinary(data[:9]))
	// Output:
	// 050000000173000000000100000000000000 <nil>
	// <nil> s
	// authticket: malformed ticket: cut short (at byte 6 of 9)
}
