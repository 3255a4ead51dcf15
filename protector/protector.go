package protector

import (
	"context"
	"sync/atomic"

	"dataprotection.example/keyring"
)

// Protector protects payloads for one chain of purposes (IDataProtector). It is
// made by a [Provider] or from another protector. Keep it: it remembers what it
// derived from each key of the ring it has met, about a kilobyte a key.
type Protector struct {
	provider *Provider
	purposes purposes
	view     atomic.Pointer[view]
}

// CreateProtector returns the protector for the purposes of p and then these;
// see [Provider.CreateProtector].
func (p *Protector) CreateProtector(purpose string, sub ...string) *Protector {
	return &Protector{provider: p.provider, purposes: p.purposes.with(purpose, sub...)}
}

// Protect returns the payload that holds plaintext: 20 bytes of header, then the
// body, at most 132 bytes more than plaintext (100 with the default algorithms).
// The same plaintext gives another payload every time.
//
// Where no key of the ring may protect, the error is or wraps
// keyring.ErrNoDefaultKey. Protect does not wait, and ctx does not matter to it.
func (p *Protector) Protect(ctx context.Context, plaintext []byte) ([]byte, error) {
	return p.AppendProtect(ctx, nil, plaintext)
}

// AppendProtect appends the payload to dst and returns the result, nil with an
// error. If dst has room it allocates nothing but what the standard library's
// AES does: one object for CBC, two for GCM. dst's spare capacity must not
// overlap plaintext.
func (p *Protector) AppendProtect(_ context.Context, dst, plaintext []byte) ([]byte, error) {
	sealed, err := p.appendProtect(dst, plaintext)
	p.provider.ring.CountProtect(err)
	return sealed, err
}

func (p *Protector) appendProtect(dst, plaintext []byte) ([]byte, error) {
	if p.purposes.invalid {
		return nil, ErrInvalidPurpose
	}
	k, err := p.protectingKey()
	if err != nil {
		return nil, err
	}
	if dst == nil {
		dst = make([]byte, 0, headerSize+k.encryptor.EncryptedLen(len(plaintext)))
	}
	return k.encryptor.Encrypt(append(dst, k.header[:]...), plaintext)
}

// Unprotect returns the plaintext that payload holds. The error is
// [ErrInvalidPayload], or an [*Error] that wraps keyring.ErrKeyNotFound,
// keyring.ErrKeyRevoked or keyring.ErrKeyUnreadable, or ctx's error when ctx
// ended the wait for an unknown key.
func (p *Protector) Unprotect(ctx context.Context, payload []byte) ([]byte, error) {
	return p.AppendUnprotect(ctx, nil, payload)
}

// AppendUnprotect appends the plaintext to dst and returns the result, nil with
// an error. The errors are those of Unprotect, the allocations those of
// AppendProtect. dst's spare capacity must not overlap payload; an error leaves
// no plaintext in it.
func (p *Protector) AppendUnprotect(ctx context.Context, dst, payload []byte) ([]byte, error) {
	u, err := p.unprotect(ctx, dst, payload, false)
	return u.Plaintext, err
}

// unprotect appends to dst what payload holds and tells about its key; u is zero
// with an error.
func (p *Protector) unprotect(ctx context.Context, dst, payload []byte, acceptRevoked bool) (Unprotected, error) {
	u, err := p.appendUnprotect(ctx, dst, payload, acceptRevoked)
	p.provider.ring.CountUnprotect(err)
	return u, err
}

func (p *Protector) appendUnprotect(ctx context.Context, dst, payload []byte, acceptRevoked bool) (u Unprotected, err error) {
	if p.purposes.invalid {
		return u, ErrInvalidPurpose
	}
	id, body, err := ParsePayload(payload)
	if err != nil {
		return u, err
	}
	k, v, err := p.openingKey(ctx, id)
	switch {
	case err != nil:
		return u, &Error{KeyID: id, Err: err}
	case k.revoked && !acceptRevoked:
		return u, &Error{KeyID: id, Err: keyring.ErrKeyRevoked}
	case k.err != nil:
		return u, &Error{KeyID: id, Err: k.err}
	}
	plaintext, err := k.encryptor.Decrypt(dst, body)
	if err != nil {
		return u, ErrInvalidPayload // whatever it was
	}
	return Unprotected{
		Plaintext:         plaintext,
		RequiresMigration: v.requiresMigration(k),
		WasRevoked:        k.revoked,
	}, nil
}
