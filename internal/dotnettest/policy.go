package dotnettest

import "time"

// Choice is IDefaultKeyResolver's answer for one ring at one instant. An id is
// empty where there is no such key.
type Choice struct {
	Default  string
	Fallback string
	Generate bool
}

// Resolve asks which of the ring's keys, read once, is the default at each
// instant.
func (r *Ring) Resolve(now ...time.Time) ([]Choice, error) {
	var choices []Choice
	err := r.ask("resolve", map[string]any{"now": now}, &choices)
	return choices, err
}

// MadeUpRing is a ring that lies in no directory.
type MadeUpRing struct {
	Keys []MadeUpKey `json:"keys"`
	Now  time.Time   `json:"now"`
}

// MadeUpKey is what the choice of a default key looks at. .NET cuts its dates
// to 100 ns.
type MadeUpKey struct {
	ID         string    `json:"id"`
	Creation   time.Time `json:"creation"`
	Activation time.Time `json:"activation"`
	Expiration time.Time `json:"expiration"`
	Revoked    bool      `json:"revoked"`
	Usable     bool      `json:"usable"` // an encryptor can be made
}

// ResolveMany asks for each ring's default key. Thousands of rings make one
// quick question.
func (p *Peer) ResolveMany(rings []MadeUpRing) ([]Choice, error) {
	var choices []Choice
	err := p.ask("resolveMany", map[string]any{"rings": rings}, &choices)
	return choices, err
}
