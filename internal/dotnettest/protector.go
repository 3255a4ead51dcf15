package dotnettest

import (
	"slices"
	"time"
)

// Protector is an IDataProtector.
type Protector struct {
	ring     *Ring
	purposes []string
}

// Protector is CreateProtector(purposes): at least one, in order, after the
// application name.
func (r *Ring) Protector(purposes ...string) *Protector {
	return &Protector{ring: r, purposes: slices.Clone(purposes)}
}

// Outcome is the answer for one item of many.
type Outcome struct {
	Data []byte // the payload, or the plaintext
	Err  error  // an [*Error], and then Data is nil
}

// Unprotected is what an unprotecting method says besides the plaintext.
type Unprotected struct {
	Data              []byte
	RequiresMigration bool
	WasRevoked        bool
}

// Protect returns the payload of data.
func (p *Protector) Protect(data []byte) ([]byte, error) {
	return one(p.ProtectMany([][]byte{data}))
}

// Unprotect returns the plaintext of a payload.
func (p *Protector) Unprotect(payload []byte) ([]byte, error) {
	return one(p.UnprotectMany([][]byte{payload}))
}

// ProtectMany is [Protector.Protect] for each item, in one question.
func (p *Protector) ProtectMany(data [][]byte) ([]Outcome, error) {
	return p.many("protect", data)
}

// UnprotectMany is [Protector.Unprotect] for each item, in one question.
func (p *Protector) UnprotectMany(payloads [][]byte) ([]Outcome, error) {
	return p.many("unprotect", payloads)
}

// ProtectString is the Protect of strings: base64url without padding.
func (p *Protector) ProtectString(text string) (string, error) {
	return p.text("protect", text)
}

// UnprotectString is the Unprotect of strings.
func (p *Protector) UnprotectString(payload string) (string, error) {
	return p.text("unprotect", payload)
}

// DangerousUnprotect is IPersistedDataProtector.DangerousUnprotect.
func (p *Protector) DangerousUnprotect(payload []byte, ignoreRevocation bool) (Unprotected, error) {
	a, err := p.single("dangerousUnprotect", payload, map[string]any{"ignoreRevocation": ignoreRevocation})
	return Unprotected{a.Value, a.RequiresMigration, a.WasRevoked}, err
}

// ProtectUntil is ITimeLimitedDataProtector.Protect; without an expiration
// (the zero time) the payload never expires.
func (p *Protector) ProtectUntil(data []byte, expiration time.Time) ([]byte, error) {
	args := map[string]any{}
	if !expiration.IsZero() {
		args["expiration"] = expiration
	}
	a, err := p.single("protectUntil", data, args)
	return a.Value, err
}

// UnprotectTimeLimited is ITimeLimitedDataProtector.Unprotect with the time at
// which the payload expires.
func (p *Protector) UnprotectTimeLimited(payload []byte) ([]byte, time.Time, error) {
	a, err := p.single("unprotectTimeLimited", payload, nil)
	return a.Value, a.Expiration, err
}

// itemAnswer is what any command answers for one item of bytes.
type itemAnswer struct {
	Value             []byte
	RequiresMigration bool
	WasRevoked        bool
	Expiration        time.Time
	Error             []Exception
}

func (p *Protector) many(command string, items [][]byte) ([]Outcome, error) {
	var answers []itemAnswer
	if err := p.ask(command, items, "bytes", nil, &answers); err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, len(answers))
	for i, a := range answers {
		outcomes[i] = Outcome{Data: a.Value, Err: newError(a.Error)}
	}
	return outcomes, nil
}

func (p *Protector) single(command string, item []byte, args map[string]any) (itemAnswer, error) {
	var answers [1]itemAnswer
	if err := p.ask(command, [][]byte{item}, "bytes", args, &answers); err != nil {
		return itemAnswer{}, err
	}
	return answers[0], newError(answers[0].Error)
}

func (p *Protector) text(command, item string) (string, error) {
	var answers [1]struct {
		Value string
		Error []Exception
	}
	if err := p.ask(command, []string{item}, "string", nil, &answers); err != nil {
		return "", err
	}
	return answers[0].Value, newError(answers[0].Error)
}

func (p *Protector) ask(command string, items any, form string, args map[string]any, result any) error {
	if args == nil {
		args = make(map[string]any)
	}
	args["purposes"], args["form"], args["items"] = p.purposes, form, items
	return p.ring.ask(command, args, result)
}

func one(outcomes []Outcome, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return outcomes[0].Data, outcomes[0].Err
}
