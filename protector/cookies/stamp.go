package cookies

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"dataprotection.example/protector/authticket"
)

// ClaimSecurityStamp is the type of the claim that holds a user's security stamp
// (ClaimsIdentityOptions.SecurityStampClaimType).
const ClaimSecurityStamp = "AspNet.Identity.SecurityStamp"

// identityInterval is how long Identity trusts a ticket
// (SecurityStampValidatorOptions.ValidationInterval).
const identityInterval = 30 * time.Minute

// IdentityOptions returns the Options of an application with ASP.NET Core
// Identity (AddIdentity): the scheme SchemeIdentity, and the check by
// [SecurityStamp] every half hour, which every such application makes. Where one
// has set more, such as the cookie's name, set that too.
//
// A ticket to sign in with then needs the claims [authticket.ClaimNameIdentifier]
// and ClaimSecurityStamp, or it is good for that half hour, there as here.
func IdentityOptions(current func(ctx context.Context, userID string) (stamp string, err error)) Options {
	return Options{Scheme: SchemeIdentity, Validate: SecurityStamp(identityInterval, current)}
}

// SecurityStamp returns an Options.Validate that does what ASP.NET Core
// Identity's SecurityStampValidator does, every interval (there: 30 minutes). It
// asks for the stamp that a user has now, by the id in the claim
// [authticket.ClaimNameIdentifier], and rejects a ticket that has another one:
// the password has been changed, or the user has signed out everywhere. The
// ticket that passes is renewed, and with that good for another interval. Unlike
// Identity it does not read the user's claims anew.
//
// For a user that is gone, current returns an error that wraps [ErrRejected].
// Any other error refuses this request and leaves the cookie.
func SecurityStamp(interval time.Duration, current func(ctx context.Context, userID string) (stamp string, err error)) func(*http.Request, *Session) error {
	return func(r *http.Request, s *Session) error {
		if current == nil {
			return errors.New("cookies: security stamp: there is nobody to ask")
		}
		if issued, err := s.Ticket.Properties.Issued(); err == nil && s.now.Sub(issued) <= interval {
			return nil
		}
		id := s.Ticket.Value(authticket.ClaimNameIdentifier)
		if id == "" {
			return fmt.Errorf("%w: it does not say who it is", ErrRejected)
		}
		stamp, err := current(r.Context(), id)
		if err != nil {
			return fmt.Errorf("cookies: security stamp: %w", err)
		}
		if stamp == "" || s.Ticket.Value(ClaimSecurityStamp) != stamp {
			return fmt.Errorf("%w: the security stamp has changed", ErrRejected)
		}
		s.Renew = true
		return nil
	}
}
