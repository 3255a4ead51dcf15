package protector

import (
	"context"
	"unicode/utf8"
)

// ProtectString returns the payload that holds text, as base64url without
// padding (DataProtectionCommonExtensions.Protect). Text that is not valid UTF-8
// is an error, because .NET has no string for it.
func (p *Protector) ProtectString(ctx context.Context, text string) (string, error) {
	return p.protectText(ctx, nil, text)
}

// UnprotectString returns the text that a payload holds
// (DataProtectionCommonExtensions.Unprotect). It accepts what [DecodePayload]
// accepts. A plaintext that is not valid UTF-8 is an error; [Protector.Unprotect]
// returns it. A byte order mark at its start is kept.
func (p *Protector) UnprotectString(ctx context.Context, payload string) (string, error) {
	s := p.provider.scratch.get(textScratch(payload))
	defer p.provider.scratch.put(s)
	plaintext, err := p.unprotectText(ctx, s, payload)
	if err != nil {
		return "", err
	}
	return textOf(plaintext)
}

// protectText protects prefix ‖ text.
func (p *Protector) protectText(ctx context.Context, prefix []byte, text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", errNotText
	}
	// Plaintext, payload and its text lie side by side in one buffer, which has
	// room for them from the start: if it grew, plaintext would stay behind.
	n := len(prefix) + len(text)
	s := p.provider.scratch.get(n + n + maxOverhead + payloadText.EncodedLen(n+maxOverhead))
	defer p.provider.scratch.put(s)
	plaintext := append(append(s.buf, prefix...), text...)
	sealed, err := p.AppendProtect(ctx, plaintext, plaintext)
	if err != nil {
		return "", err
	}
	all := payloadText.AppendEncode(sealed, sealed[n:])
	return string(all[len(sealed):]), nil
}

// textScratch is the room that unprotectText needs: for payload and plaintext,
// which is no longer.
func textScratch(payload string) int { return 2 * payloadText.DecodedLen(len(payload)) }

// unprotectText returns the plaintext of a payload. It lies in s.
func (p *Protector) unprotectText(ctx context.Context, s *scratch, payload string) ([]byte, error) {
	decoded, err := appendDecoded(s.buf, payload)
	if err != nil {
		return nil, err
	}
	u, err := p.unprotect(ctx, decoded, decoded, false)
	if err != nil {
		return nil, err
	}
	return u.Plaintext[len(decoded):], nil
}

// textOf returns plaintext as a string.
func textOf(plaintext []byte) (string, error) {
	if !utf8.Valid(plaintext) {
		return "", errNotText
	}
	return string(plaintext), nil
}
