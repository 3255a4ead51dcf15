package authticket

import (
	"context"
	"encoding/base64"

	"github.com/google/uuid"

	"dataprotection.example/protector"
)

// Format turns tickets into protected text and back (TicketDataFormat, a
// SecureDataFormat). It is safe for concurrent use, and cheap to keep.
//
// It does not look at the ticket's dates: a ticket that has expired opens. See
// [Properties.Expires].
type Format struct {
	protector *protector.Protector
}

// NewFormat returns the format whose payloads are those of p. Where .NET calls
// SecureDataFormat with a purpose, give p that purpose as its last one; an empty
// one adds none.
func NewFormat(p *protector.Protector) *Format { return &Format{p} }

// CookieFormat returns the format of the cookies of ASP.NET's cookie
// authentication under a scheme, "Cookies" unless the application says otherwise,
// and "Identity.Application" with ASP.NET Core Identity.
func CookieFormat(p *protector.Provider, scheme string) *Format {
	return create(p, CookiePurposes(scheme))
}

// AccessTokenFormat returns the format of the access tokens of ASP.NET's bearer
// token authentication under a scheme, "BearerToken" unless the application says
// otherwise. The scheme inside of those tickets is scheme+":AccessToken"; ASP.NET
// does not read it, but refuses a ticket without [Properties.Expires].
func AccessTokenFormat(p *protector.Provider, scheme string) *Format {
	return create(p, AccessTokenPurposes(scheme))
}

// RefreshTokenFormat is AccessTokenFormat for refresh tokens. The scheme inside
// is scheme+":RefreshToken".
func RefreshTokenFormat(p *protector.Provider, scheme string) *Format {
	return create(p, RefreshTokenPurposes(scheme))
}

// CookiePurposes returns the purposes of [CookieFormat].
func CookiePurposes(scheme string) []string {
	return []string{"Microsoft.AspNetCore.Authentication.Cookies.CookieAuthenticationMiddleware", scheme, "v2"}
}

// AccessTokenPurposes returns the purposes of [AccessTokenFormat].
func AccessTokenPurposes(scheme string) []string {
	return []string{"Microsoft.AspNetCore.Authentication.BearerToken", scheme, "BearerToken"}
}

// RefreshTokenPurposes returns the purposes of [RefreshTokenFormat].
func RefreshTokenPurposes(scheme string) []string {
	return []string{"Microsoft.AspNetCore.Authentication.BearerToken", scheme, "RefreshToken"}
}

func create(p *protector.Provider, purposes []string) *Format {
	return NewFormat(p.CreateProtector(purposes[0], purposes[1:]...))
}

// Protect returns the ticket as base64url without padding: 4 characters for each
// 3 bytes of [Ticket.MarshalBinary] and about 100 more. Errors are those of
// MarshalBinary and of [protector.Protector.Protect].
func (f *Format) Protect(ctx context.Context, t *Ticket) (string, error) {
	plaintext, err := t.MarshalBinary()
	if err != nil {
		return "", err
	}
	payload, err := f.protector.Protect(ctx, plaintext)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(payload), nil
}

// Unprotected is a ticket and what is known about the payload it came from.
type Unprotected struct {
	Ticket *Ticket
	KeyID  uuid.UUID // the key that it was protected under

	// RequiresMigration: the payload ought to be replaced by protecting the
	// ticket anew. See [protector.Unprotected].
	RequiresMigration bool
}

// Unprotect returns the ticket in a text that Protect or ASP.NET returned. Errors
// are those of [protector.Protector.Unprotect], among them for everything that is
// forged [protector.ErrInvalidPayload], and [ErrMalformed] for a payload that is
// genuine and holds no ticket. ASP.NET returns null for each of them.
func (f *Format) Unprotect(ctx context.Context, text string) (*Ticket, error) {
	u, err := f.UnprotectDetails(ctx, text)
	return u.Ticket, err
}

// UnprotectDetails is Unprotect that also tells of the payload's key.
func (f *Format) UnprotectDetails(ctx context.Context, text string) (Unprotected, error) {
	payload, err := protector.DecodePayload(text)
	if err != nil {
		return Unprotected{}, err
	}
	opened, err := f.protector.UnprotectDetails(ctx, payload)
	if err != nil {
		return Unprotected{}, err
	}
	t := new(Ticket)
	if err := t.UnmarshalBinary(opened.Plaintext); err != nil {
		return Unprotected{}, err
	}
	id, _, err := protector.ParsePayload(payload)
	if err != nil {
		return Unprotected{}, err
	}
	return Unprotected{Ticket: t, KeyID: id, RequiresMigration: opened.RequiresMigration}, nil
}
