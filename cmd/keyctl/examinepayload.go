package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
)

// examinePayload returns why a payload does not open with this ring, and says so
// when it does. l is the ring.
func (p *program) examinePayload(ctx context.Context, s *store, o purposeFlags, text []byte) ([]keyring.Finding, error) {
	one := func(code keyring.Code, file, format string, args ...any) ([]keyring.Finding, error) {
		return []keyring.Finding{keyring.NewFinding(code, file, fmt.Sprintf(format, args...))}, nil
	}
	payload, err := protector.DecodePayload(string(text))
	if err != nil || len(payload) == 0 {
		return one(keyring.CodeNotAPayload, "", "this is no payload: %s", noPayload(text))
	}
	id, _, err := protector.ParsePayload(payload)
	if err != nil {
		return one(keyring.CodeNotAPayload, "", "this is no payload: its %s do not begin as one does", count(len(payload), "byte"))
	}
	ring, err := p.openRing(ctx, s, false)
	if err != nil {
		return nil, unreadable(err)
	}
	defer ring.Close()
	now := ring.Snapshot()
	k, found := now.Key(id)
	if !found {
		for _, b := range now.Broken() {
			if b.ID == id {
				return one(keyring.CodePayloadKeyUnreadable, viewBroken(b).at, "the payload needs key %s, whose file is at fault", id)
			}
		}
		return one(keyring.CodePayloadKeyAbsent, "", "the payload needs key %s, which is not among the %s of this ring", id, count(len(now.Keys()), "key"))
	}
	if k.Revoked {
		return one(keyring.CodePayloadKeyRevoked, k.Location, "the payload needs key %s, which is revoked%s", id, since(k))
	}
	if _, err := k.Encryptor(); err != nil {
		return one(keyring.CodePayloadKeyUnreadable, k.Location, "the payload needs key %s, which cannot be used here: %s", id, plain(err))
	}
	if len(o.purposes) == 0 {
		p.note("the payload needs key %s, which is well; whether it opens depends on --purpose and --app", id)
		return nil, nil
	}
	return p.tryPayload(ctx, o, ring, payload)
}

// noPayload says what a text is that is no base64url.
func noPayload(text []byte) string {
	const begin = "CfDJ8" // a payload's first bytes in base64
	switch at := bytes.Index(text, []byte(begin)); {
	case len(text) == 0:
		return "it is empty"
	case at > 0:
		return fmt.Sprintf("one seems to begin after %s", count(at, "other character"))
	case at == 0:
		for i, r := range string(text) {
			if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=", r) {
				return fmt.Sprintf("it begins like one, but character %d is %q", utf8.RuneCount(text[:i])+1, r)
			}
		}
		return "it begins like one, but is cut short or too long"
	}
	return "it does not begin with " + begin
}

// tryPayload opens a payload whose key is well, with the application name that was
// given and with others like it.
func (p *program) tryPayload(ctx context.Context, o purposeFlags, ring *keyring.Ring, payload []byte) ([]keyring.Finding, error) {
	names := namesLike(o.app)
	for _, name := range names {
		with := purposeFlags{o.purposes, name}
		by := with.protector(p, ring)
		u, err := by.UnprotectDetails(ctx, payload)
		if errors.Is(err, protector.ErrInvalidPayload) {
			u, err = by.TimeLimited().UnprotectDetails(ctx, payload)
		}
		expired := (*protector.Error)(nil)
		switch {
		case errors.Is(err, protector.ErrInvalidPayload):
			continue
		case errors.As(err, &expired) && errors.Is(err, protector.ErrExpired):
			return append(p.otherName(o.app, name), keyring.NewFinding(keyring.CodePayloadExpired, "",
				"the payload expired on "+dotnet.FormatDate(expired.ExpiredAt))), nil
		case err != nil:
			return nil, err
		case name == o.app && u.Expires.IsZero():
			p.note("the payload opens: %s", count(len(u.Plaintext), "byte"))
		case name == o.app:
			p.note("the payload opens, as a time-limited one, until %s: %s", dotnet.FormatDate(u.Expires), count(len(u.Plaintext), "byte"))
		}
		return p.otherName(o.app, name), nil
	}
	tried := "nor without one"
	if n := len(names) - 2; n > 0 {
		tried = fmt.Sprintf("with %d others like it, nor without one", n)
	}
	if o.app == "" {
		tried = "and no --app is given"
	}
	return []keyring.Finding{keyring.NewFinding(keyring.CodePayloadPurposes, "",
		fmt.Sprintf("the payload's key is well, but it does not open for %s with %s, %s", quoteAll(o.purposes), named(o.app), tried))}, nil
}

// otherName says that a payload opens with another application name than the one
// given; nothing if they are the same.
func (p *program) otherName(given, opens string) []keyring.Finding {
	if given == opens {
		return nil
	}
	return []keyring.Finding{keyring.NewFinding(keyring.CodePayloadApplication, "",
		fmt.Sprintf("the payload opens with %s, and not with %s", named(opens), named(given)))}
}

func named(app string) string {
	if app == "" {
		return "no application name"
	}
	return fmt.Sprintf("the application name %q", app)
}

func quoteAll(texts []string) string {
	var quoted []string
	for _, text := range texts {
		quoted = append(quoted, fmt.Sprintf("%q", text))
	}
	return strings.Join(quoted, ", ")
}

// namesLike returns an application name and those that people take for it: with
// and without a slash at the end, in other letter cases, and none.
func namesLike(app string) []string {
	names := []string{app}
	base := strings.TrimRight(strings.TrimSpace(app), `/\`)
	first, size := utf8.DecodeRuneInString(base)
	rest := base[size:]
	for _, text := range []string{base, strings.ToLower(base), strings.ToUpper(base),
		string(unicode.ToUpper(first)) + rest, string(unicode.ToLower(first)) + rest,
		string(unicode.ToUpper(first)) + strings.ToLower(rest)} {
		for _, end := range []string{"", "/", `\`} {
			if name := text + end; app != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if !slices.Contains(names, "") {
		names = append(names, "")
	}
	return names
}
