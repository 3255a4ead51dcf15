package protector

import (
	"context"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// Ephemeral is a provider over a ring of its own that lives in memory
// (EphemeralDataProtectionProvider): for tests, and for payloads that need not
// outlive the process. Once it is gone, nothing opens them.
type Ephemeral struct {
	*Provider
}

// NewEphemeral returns a provider over a new ring. Close it when it is no longer
// used.
func NewEphemeral(ctx context.Context, opts Options) (*Ephemeral, error) {
	ring, err := keyring.Open(ctx, xmlrepo.NewMemory(), keyring.Options{
		GenerationDelay: -1, // there is nobody to wait for
		Now:             opts.Now,
	})
	if err != nil {
		return nil, err
	}
	return &Ephemeral{New(ring, opts)}, nil
}

// Close closes the ring. Protectors that are still about go on with its keys.
func (e *Ephemeral) Close() error { return e.ring.Close() }
