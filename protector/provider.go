package protector

import (
	"time"

	"dataprotection.example/keyring"
)

// Options configures a [Provider]. The zero value is what ASP.NET Core's
// DataProtectionProvider.Create does over a directory: no application name.
type Options struct {
	// ApplicationName keeps applications over one ring apart
	// (SetApplicationName). Unless empty it is the first purpose of every
	// protector. All nodes of one application need the same, letter for letter.
	ApplicationName string

	// Now is the clock by which time-limited payloads expire; nil means
	// time.Now. It must be safe for concurrent use.
	Now func() time.Time
}

// Provider makes protectors over one key ring (IDataProtectionProvider).
type Provider struct {
	ring    *keyring.Ring
	now     func() time.Time
	root    purposes
	scratch scratchPool
}

// New returns a provider over ring, which must stay open for as long as its
// protectors are used, and which the caller closes.
func New(ring *keyring.Ring, opts Options) *Provider {
	p := &Provider{ring: ring, now: opts.Now}
	if p.now == nil {
		p.now = time.Now
	}
	if opts.ApplicationName != "" {
		p.root = p.root.with(opts.ApplicationName)
	}
	return p
}

// CreateProtector returns the protector for a chain of at least one purpose.
// Purposes are compared byte for byte, and an empty one counts. They must be
// valid UTF-8: every call of a protector with another one, or of one made from
// it, returns [ErrInvalidPurpose].
func (p *Provider) CreateProtector(purpose string, sub ...string) *Protector {
	return &Protector{provider: p, purposes: p.root.with(purpose, sub...)}
}
