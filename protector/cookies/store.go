package cookies

import (
	"context"

	"dataprotection.example/protector/authticket"
)

// TicketStore keeps tickets on the server (ITicketStore). The cookie then holds
// a protected reference, and what ends here has ended: a cookie that holds the
// ticket itself cannot be taken back. Whoever copied it stays signed in until it
// expires, also after its owner has signed out. A store costs a look-up at every
// request and must be shared by all nodes.
//
// ASP.NET's nodes need the same store, with the same keys; the format of
// tickets in it is theirs ([authticket.Ticket.MarshalBinary] is TicketSerializer).
// Methods may be called at the same time.
type TicketStore interface {
	// Store keeps a ticket and returns its key, which must be new and should be
	// random (crypto/rand.Text).
	Store(ctx context.Context, t *authticket.Ticket) (key string, err error)

	// Renew replaces the ticket under a key. If there is none any more, it must
	// not come back: that user has signed out meanwhile.
	Renew(ctx context.Context, key string, t *authticket.Ticket) error

	// Retrieve returns the ticket under a key, or nil if there is none. The
	// caller may change it.
	Retrieve(ctx context.Context, key string) (*authticket.Ticket, error)

	// Remove removes a key, if it is there.
	Remove(ctx context.Context, key string) error
}

// claimSessionID is the type of the claim that refers to the store.
const claimSessionID = "Microsoft.AspNetCore.Authentication.Cookies-SessionId"

// reference returns the ticket that a cookie holds in place of one in a store:
// no dates, nobody's name.
func reference(scheme, key string) *authticket.Ticket {
	return &authticket.Ticket{
		Scheme:     scheme,
		Identities: []authticket.Identity{{Claims: authticket.Claims{{Type: claimSessionID, Value: key}}}},
	}
}

// referred returns the key in a reference, or "".
func referred(t *authticket.Ticket) string {
	for c := range t.Claims() {
		if c.Type == claimSessionID { // ASP.NET too compares this one exactly
			return c.Value
		}
	}
	return ""
}
