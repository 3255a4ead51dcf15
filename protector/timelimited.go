package protector

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"dataprotection.example/internal/dotnet"
)

const (
	// timeLimitedPurpose is the last of a time-limited protector's purposes.
	timeLimitedPurpose = "Microsoft.AspNetCore.DataProtection.TimeLimitedDataProtector.v1"
	// A plaintext begins with when it expires: DateTimeOffset.UtcTicks, be64.
	ticksSize = 8
)

var errExpiryRange = errors.New("protector: the expiration is not within the years 1 to 9999")

// TimeLimited protects payloads that expire (ITimeLimitedDataProtector). The
// expiration stands inside the payload, where nobody can alter it, in whole units
// of 100 ns; a payload still opens at that very instant and never after it. There
// is no allowance for clocks that differ.
//
// The payloads of a TimeLimited and those of the protector it was made from do
// not open with each other.
type TimeLimited struct {
	base  *Protector
	limit *Protector // base with the purpose of time-limited payloads
}

// TimeLimited returns the time-limited protector for the purposes of p
// (ToTimeLimitedDataProtector).
func (p *Protector) TimeLimited() *TimeLimited {
	return &TimeLimited{base: p, limit: p.CreateProtector(timeLimitedPurpose)}
}

// TimeLimited returns t: what is limited already is not limited twice.
func (t *TimeLimited) TimeLimited() *TimeLimited { return t }

// CreateProtector returns the time-limited protector for the purposes of t and
// then these. It is the same as that of the longer chain:
// p.TimeLimited().CreateProtector("a") is p.CreateProtector("a").TimeLimited().
func (t *TimeLimited) CreateProtector(purpose string, sub ...string) *TimeLimited {
	return t.base.CreateProtector(purpose, sub...).TimeLimited()
}

// Protect returns a payload that holds plaintext until expires, or for ever if
// that is the zero time; it is 8 bytes longer than one without an expiration. The
// year of expires, in UTC, must be 1 to 9999; it may have passed.
func (t *TimeLimited) Protect(ctx context.Context, plaintext []byte, expires time.Time) ([]byte, error) {
	ticks, err := expiryTicks(expires)
	if err != nil {
		return nil, err
	}
	scratch := &t.base.provider.scratch
	s := scratch.get(len(ticks) + len(plaintext))
	defer scratch.put(s)
	return t.limit.Protect(ctx, append(append(s.buf, ticks[:]...), plaintext...))
}

// Unprotect returns the plaintext that payload holds and when that expires, in
// UTC; zero means never. If it has expired, the error is an [*Error] with that
// time that wraps [ErrExpired]; otherwise the errors are those of
// [Protector.Unprotect].
func (t *TimeLimited) Unprotect(ctx context.Context, payload []byte) (plaintext []byte, expires time.Time, err error) {
	u, err := t.UnprotectDetails(ctx, payload)
	return u.Plaintext, u.Expires, err
}

// ProtectString is Protect for text; see [Protector.ProtectString].
func (t *TimeLimited) ProtectString(ctx context.Context, text string, expires time.Time) (string, error) {
	ticks, err := expiryTicks(expires)
	if err != nil {
		return "", err
	}
	return t.limit.protectText(ctx, ticks[:], text)
}

// UnprotectString is Unprotect for text; see [Protector.UnprotectString].
func (t *TimeLimited) UnprotectString(ctx context.Context, payload string) (text string, expires time.Time, err error) {
	scratch := &t.base.provider.scratch
	s := scratch.get(textScratch(payload))
	defer scratch.put(s)
	limited, err := t.limit.unprotectText(ctx, s, payload)
	if err != nil {
		return "", time.Time{}, err
	}
	plaintext, expires, err := t.check(limited)
	if err != nil {
		return "", time.Time{}, err
	}
	if text, err = textOf(plaintext); err != nil {
		return "", time.Time{}, err
	}
	return text, expires, nil
}

// UnprotectDetails is Unprotect that also tells about the payload's key; see
// [Protector.UnprotectDetails].
func (t *TimeLimited) UnprotectDetails(ctx context.Context, payload []byte) (Unprotected, error) {
	return t.details(t.limit.UnprotectDetails(ctx, payload))
}

// DangerousUnprotect is UnprotectDetails that accepts payloads under revoked
// keys, though not expired ones; see [Protector.DangerousUnprotect].
func (t *TimeLimited) DangerousUnprotect(ctx context.Context, payload []byte) (Unprotected, error) {
	return t.details(t.limit.DangerousUnprotect(ctx, payload))
}

// details turns what t.limit opened into what t opens.
func (t *TimeLimited) details(u Unprotected, err error) (Unprotected, error) {
	if err != nil {
		return Unprotected{}, err
	}
	if u.Plaintext, u.Expires, err = t.check(u.Plaintext); err != nil {
		return Unprotected{}, err
	}
	return u, nil
}

// check splits what a time-limited payload holds, and refuses what has expired.
// What nobody protected with an expiration is ErrInvalidPayload.
func (t *TimeLimited) check(limited []byte) (plaintext []byte, expires time.Time, err error) {
	if len(limited) < ticksSize {
		return nil, time.Time{}, ErrInvalidPayload
	}
	ticks := int64(binary.BigEndian.Uint64(limited))
	plaintext = limited[ticksSize:]
	if ticks == dotnet.MaxTicks {
		return plaintext, time.Time{}, nil
	}
	expires, err = dotnet.FromTicks(ticks)
	if err != nil {
		return nil, time.Time{}, ErrInvalidPayload
	}
	if dotnet.Ticks(t.base.provider.now()) > ticks {
		return nil, time.Time{}, &Error{ExpiredAt: expires, Err: ErrExpired}
	}
	return plaintext, expires, nil
}

// expiryTicks returns what stands before the plaintext. DateTimeOffset.MaxValue
// is .NET's way to say never.
func expiryTicks(expires time.Time) (ticks [ticksSize]byte, err error) {
	n := dotnet.MaxTicks
	if !expires.IsZero() {
		if !dotnet.InRange(expires) {
			return ticks, errExpiryRange
		}
		n = dotnet.Ticks(expires)
	}
	binary.BigEndian.PutUint64(ticks[:], uint64(n))
	return ticks, nil
}
