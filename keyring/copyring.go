package keyring

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"

	"dataprotection.example/xmlrepo"
)

// copyRing is one of the two rings of a copy as it was read, not opened. The
// numbers are positions in elements.
type copyRing struct {
	elements []xmlrepo.Element
	parsed   []parsedElement // of the same positions
	keys     []Key

	names       map[string]int
	contents    map[fingerprint]int
	ids         map[uuid.UUID][]int // key elements, broken ones too
	revocations map[string]int      // by what they revoke, which is what .NET names them by
}

// copyError says which ring of a copy an error is about.
type copyError struct {
	ring string
	err  error
}

func (e *copyError) Error() string { return "keyring: the " + e.ring + ": " + withoutPrefix(e.err) }

func (e *copyError) Unwrap() error { return e.err }

// readCopyRing reads a store that must be a ring that can be understood. No
// secret has to be opened to see that.
func readCopyRing(ctx context.Context, which string, repo xmlrepo.Repository) (*copyRing, error) {
	elements, err := repo.Elements(ctx)
	if err != nil {
		return nil, &copyError{which, fmt.Errorf("reading the store: %w", err)}
	}
	parsed := parseElements(ctx, elements, nil, nil)
	l, err := newListing(ctx, parsed)
	if err != nil {
		return nil, &copyError{which, err}
	}
	r := &copyRing{elements: elements, parsed: parsed, keys: l.Keys, names: map[string]int{}, contents: map[fingerprint]int{},
		ids: map[uuid.UUID][]int{}, revocations: map[string]int{}}
	for i, e := range elements {
		r.names[e.Name] = i
		r.contents[fingerprintOf(e.XML)] = i
		switch p := parsed[i]; p.kind {
		case goodKey, brokenKey:
			r.ids[p.key.ID] = append(r.ids[p.key.ID], i)
		case goodRevocation:
			r.revocations[p.revocation.name()] = i
		}
	}
	return r, nil
}

// hasKey reports whether a key that is not broken has the id.
func (r *copyRing) hasKey(id uuid.UUID) bool {
	for _, i := range r.ids[id] {
		if r.parsed[i].kind == goodKey {
			return true
		}
	}
	return false
}

// withContent returns the element with this XML, or -1.
func (r *copyRing) withContent(xml []byte) int {
	if i, ok := r.contents[fingerprintOf(xml)]; ok && bytes.Equal(r.elements[i].XML, xml) {
		return i
	}
	return -1
}

// order returns the positions in the order of storing.
func (r *copyRing) order() []int {
	var first, keys []int
	for i := range r.elements {
		if r.tell(i).Kind == CopiedKey {
			keys = append(keys, i)
		} else {
			first = append(first, i)
		}
	}
	return append(first, keys...)
}

// tell describes an element.
func (r *copyRing) tell(i int) CopiedElement {
	e := CopiedElement{Kind: CopiedOther, Name: r.elements[i].Name, Location: r.elements[i].Location}
	switch p := r.parsed[i]; p.kind {
	case goodKey, brokenKey:
		e.Kind, e.ID = CopiedKey, p.key.ID
	case goodRevocation:
		e.Kind, e.ID = CopiedRevocation, p.revocation.id
	}
	return e
}

// contentName returns the name that an element would have where names come from
// the content.
func (r *copyRing) contentName(i int) string {
	switch p := r.parsed[i]; {
	case p.kind == goodRevocation:
		return p.revocation.name()
	case p.kind == goodKey, p.kind == brokenKey && p.key.ID != uuid.UUID{}:
		return "key-" + p.key.ID.String()
	}
	sum := sha256.Sum256(r.elements[i].XML)
	return "element-" + hex.EncodeToString(sum[:16])
}

// place names the place of an element for a person.
func (r *copyRing) place(i int) string {
	return (&ElementError{Name: r.elements[i].Name, Location: r.elements[i].Location}).place()
}

// alike reports whether two elements say the same as they stand.
func (r *copyRing) alike(i, j int) bool {
	a, b := r.parsed[i], r.parsed[j]
	return bytes.Equal(r.elements[i].XML, r.elements[j].XML) ||
		a.kind == goodRevocation && b.kind == goodRevocation && a.revocation.name() == b.revocation.name()
}

// chooseName returns the name that an element of the source gets in the target:
// its own, or the one from its content. Or it returns a step before it that
// gives the target the same.
func (c *copier) chooseName(at int) (name string, twin *copyStep, err error) {
	names := []string{c.source.elements[at].Name, c.source.contentName(at)}
	for _, name := range names {
		step, planned := c.names[name]
		_, taken := c.target.names[name]
		switch {
		case planned && c.source.alike(at, step.at):
			return "", &step, nil
		case !planned && !taken && xmlrepo.CheckName(name) == nil:
			return name, nil, nil
		}
	}
	return "", nil, c.nameTaken(at, names[1])
}

// nameTaken is the error of an element whose last possible name something else has.
func (c *copier) nameTaken(at int, name string) error {
	e := c.source.elements[at]
	err := fmt.Errorf("it cannot be stored in the target, where the name %s is taken", name)
	if i, ok := c.target.names[name]; ok {
		err = fmt.Errorf("%w by something else, in %s", err, c.target.place(i))
	} else if step, ok := c.names[name]; ok {
		err = fmt.Errorf("%w for what is in the source in %s", err, c.source.place(step.at))
	}
	return &ElementError{e.Name, e.Location, err}
}
