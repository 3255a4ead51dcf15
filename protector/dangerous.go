package protector

import (
	"context"
	"time"
)

// Unprotected is a plaintext and what is known about the payload it came from.
type Unprotected struct {
	Plaintext []byte

	// RequiresMigration: the payload is not under the key that protects now, or
	// is under a revoked one, and ought to be replaced by protecting the
	// plaintext anew. False if no key of the ring may protect.
	RequiresMigration bool

	// WasRevoked: the key has been revoked. Whoever caused that may have made
	// this payload. Only DangerousUnprotect returns such plaintexts.
	WasRevoked bool

	// Expires is when a time-limited payload expires, in UTC; zero if never, or
	// if the protector is not time-limited.
	Expires time.Time
}

// UnprotectDetails is Unprotect that also tells whether the payload ought to be
// protected anew. A payload under a revoked key is refused.
func (p *Protector) UnprotectDetails(ctx context.Context, payload []byte) (Unprotected, error) {
	return p.unprotect(ctx, nil, payload, false)
}

// DangerousUnprotect is UnprotectDetails that accepts payloads under revoked keys
// and says so in WasRevoked (IPersistedDataProtector.DangerousUnprotect with
// ignoreRevocationErrors). A key is revoked because somebody else may have it:
// such a plaintext may be anybody's. It is for rescuing stored data, never for
// what a client sends.
func (p *Protector) DangerousUnprotect(ctx context.Context, payload []byte) (Unprotected, error) {
	return p.unprotect(ctx, nil, payload, true)
}
