package keyring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/xmlrepo"
)

// Examine reads the store and returns everything about the ring that somebody
// should know, the worst first. That it cannot be read is a finding too.
//
// Which key protects is told as for the nodes: a key that only lacks its
// decryptor here is a finding, and counts as usable.
func (m *Manager) Examine(ctx context.Context) []Finding {
	l, err := m.Read(ctx)
	if err != nil {
		return []Finding{FindingOf(err)}
	}
	now, policy := m.opts.Now(), m.opts.nodesPolicy()
	all := m.opts.findings(now, l, policy, policy.Resolve(now, l.Keys))
	examinePropagation(now, l, policy, func(code Code, file, format string, args ...any) {
		all = append(all, NewFinding(code, file, fmt.Sprintf(format, args...)))
	})
	SortFindings(all)
	return all
}

// errDuplicate and errRevocation tell the reasons of a failed load apart.
var (
	errDuplicate  = errors.New("the key id occurs twice")
	errRevocation = errors.New("the revocation cannot be understood")
)

// FindingOf says what an error means that kept a ring from being read, or from
// getting the key that it needs.
func FindingOf(err error) Finding {
	var element *ElementError
	var file *xmlrepo.FileError
	var generation *generationError
	var store *storeError
	switch {
	case errors.As(err, &generation):
		cause := FindingOf(generation.err)
		return NewFinding(CodeKeyNotMade, cause.File, cause.Message)
	case errors.Is(err, ErrEncryptorRequired):
		return NewFinding(CodeKeyNotMade, "", withoutPrefix(ErrEncryptorRequired))
	case errors.Is(err, errDuplicate):
		_ = errors.As(err, &element)
		return NewFinding(CodeDuplicateKey, element.place(), element.Err.Error())
	case errors.Is(err, errRevocation):
		_ = errors.As(err, &element)
		return NewFinding(CodeBrokenRevocation, element.place(), ElementFinding(element.place(), element.Err.Error()).Message)
	case errors.As(err, &file) && errors.Is(err, fs.ErrPermission):
		return NewFinding(CodeUnreadableStore, file.Path, file.Err.Error())
	case errors.As(err, &element):
		return ElementFinding(element.place(), element.Err.Error())
	case errors.As(err, &file) && (errors.Is(err, xmlrepo.ErrMalformed) || strings.HasSuffix(strings.ToLower(file.Path), ".xml")):
		return ElementFinding(file.Path, file.Err.Error())
	case errors.As(err, &file):
		return NewFinding(CodeUnreadableStore, file.Path, file.Err.Error())
	case errors.As(err, &store):
		return NewFinding(CodeUnreadableStore, store.place, withoutPrefix(store.err))
	}
	return NewFinding(CodeUnreadableStore, "", withoutPrefix(err))
}

// ElementFinding is the finding about an element that cannot be read, for the
// reason in message. If it is a revocation, as far as its name tells, that is
// worse: whoever clears it away undoes what it revoked.
func ElementFinding(place, message string) Finding {
	name := strings.TrimSuffix(place[strings.LastIndexAny(place, `/\`)+1:], ".xml")
	rest, ok := strings.CutPrefix(name, "revocation-")
	if !ok {
		return NewFinding(CodeMalformedElement, place, message)
	}
	if id, err := dotnet.ParseGUID(rest); err == nil {
		message += "; by its name it revokes key " + id.String()
	} else if ownName(name, "revocation-") {
		message += "; by its name it revokes every key created before " + rest
	}
	return NewFinding(CodeBrokenRevocation, place, message)
}

// findings examines a listing at an instant for which r says what protects.
func (o Options) findings(now time.Time, l *Listing, policy Policy, r Resolution) []Finding {
	var all []Finding
	add := func(code Code, file, format string, args ...any) {
		all = append(all, NewFinding(code, file, fmt.Sprintf(format, args...)))
	}
	if mass, ok := l.latestMassRevocation(); ok && mass.date.After(now) {
		add(CodeFutureRevocation, mass.source.place(),
			"a revocation of all keys is dated %s, which is in the future: it also revokes what is made before then",
			dotnet.FormatDate(mass.date))
	}
	o.examineDefault(now, l, policy, r, add)
	for _, b := range l.Broken {
		add(CodeBrokenKey, b.Err.place(), "a key element cannot be read and is left out: %v", b.Err.Err)
	}
	examineKeys(now.Add(o.ClockSkew), l, add)
	o.examineUnencrypted(l, add)
	for _, r := range l.revocations {
		if r.misnamed(l) {
			add(CodeMisleadingName, r.source.place(), "the file is named like another revocation, but revokes %s; its name would be %s", r.target(), r.name())
		}
	}
	for _, k := range l.vanished {
		add(CodeVanishedRevocation, k.where(), "the revocation of key %s has vanished from the store: the key stays revoked here, and on no node that starts", k.ID)
	}
	for _, e := range l.foreign {
		add(CodeForeignElement, e.place(), "the element is neither a key nor a revocation, so that every node ignores it")
	}
	SortFindings(all)
	return all
}

// finder takes one finding.
type finder func(code Code, file, format string, args ...any)

// examineDefault looks at what protects now and next.
func (o Options) examineDefault(now time.Time, l *Listing, policy Policy, r Resolution, add finder) {
	switch {
	case r.Reason == ReasonPreferredUnusable:
		meanwhile := "nothing can be protected"
		if r.Fallback != nil {
			meanwhile = fmt.Sprintf("key %s protects for want of a better one", r.Fallback.ID)
		}
		add(CodeDefaultUnusable, r.Preferred.where(), "key %s should protect and cannot be used here, so that %s: %v",
			r.Preferred.ID, meanwhile, unusable(*r.Preferred))
	case len(l.Keys) == 0:
		add(CodeNoDefaultKey, "", "nothing can be protected: there is no key; if there should be some, is this the right place, and is it mounted?")
	case r.Default == nil && r.Fallback == nil:
		add(CodeNoDefaultKey, "", "nothing can be protected: %v", r.Reason)
	case r.Default == nil:
		add(CodeFallbackKey, r.Fallback.where(), "key %s protects only because there is no default key: %v", r.Fallback.ID, r.Reason)
	case o.DisableAutomaticKeyGeneration && wantedKey(now, r, l.Keys, policy, o.RefreshInterval) != nil:
		add(CodeDefaultExpires, r.Default.where(),
			"the default key %s expires on %s and has no successor yet",
			r.Default.ID, dotnet.FormatDate(r.Default.ExpirationDate))
	}
}

// examineKeys looks at each key. It opens no clear-text secret: that would make
// a large ring slow for nothing.
func examineKeys(latest time.Time, l *Listing, add finder) {
	for _, k := range l.Keys {
		if k.CreationDate.After(latest) {
			add(CodeFutureKey, k.where(), "key %s says that it was created on %s, which is in the future", k.ID, dotnet.FormatDate(k.CreationDate))
		}
		if k.ElementName != "key-"+k.ID.String() && ownName(k.ElementName, "key-") {
			add(CodeMisleadingName, k.where(), "the file is named like another key, but holds key %s; its name would be key-%s", k.ID, k.ID)
		}
		if k.Revoked || !k.EncryptedAtRest && k.Algorithms != (Algorithms{}) {
			continue
		}
		if cause := unusable(k); cause != "" {
			code, problem := CodeUnusableKey, "used"
			if k.EncryptedAtRest {
				code, problem = CodeUnreadableKey, "decrypted"
			}
			add(code, k.where(), "key %s cannot be %s here: %v", k.ID, problem, cause)
		}
	}
}

// unusable says why a key cannot be used here; empty if it can.
func unusable(k Key) string {
	if _, err := k.Encryptor(); err != nil {
		return strings.TrimPrefix(err.Error(), ErrKeyUnreadable.Error()+": ")
	}
	return ""
}

// misnamed reports whether r's name tells of another revocation: of a date, or
// of another key of the ring. A name made of an id that is nobody's is what
// RevokeKey resorts to.
func (r revocation) misnamed(l *Listing) bool {
	if r.source.Name == r.name() || !ownName(r.source.Name, "revocation-") {
		return false
	}
	id, err := dotnet.ParseGUID(strings.TrimPrefix(r.source.Name, "revocation-"))
	if err != nil {
		return true
	}
	_, taken := l.Key(id)
	return taken
}

// ownName reports whether name looks as if a key manager had given it: the
// prefix and the id of a key, or a date.
func ownName(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return false
	}
	if _, err := dotnet.ParseGUID(rest); err == nil {
		return true
	}
	return strings.HasSuffix(rest, "Z") && strings.Trim(rest, "0123456789TZ") == ""
}

// where names the place of k for a person.
func (k Key) where() string { return cmp.Or(k.Location, k.ElementName) }

// place names the place of the element for a person.
func (e *ElementError) place() string { return cmp.Or(e.Location, e.Name) }
