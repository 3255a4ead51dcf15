package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
)

// attempt is what a payload may have been protected for.
type attempt struct {
	purposeFlags
	scheme string // that the purposes are those of; empty: they were given
}

// attempts begin with what was given. In the place of the application name and of
// the scheme come those that people take for them.
func (o doctorOptions) attempts() []attempt {
	schemes := []string{o.scheme}
	if o.scheme != "" {
		for _, scheme := range []string{cookies.SchemeCookies, cookies.SchemeIdentity, "Identity.External"} {
			if scheme != o.scheme {
				schemes = append(schemes, scheme)
			}
		}
	}
	var all []attempt
	for _, scheme := range schemes {
		purposes := o.purposes
		if scheme != "" {
			purposes = authticket.CookiePurposes(scheme)
		}
		for _, name := range namesLike(o.app) {
			all = append(all, attempt{purposeFlags{purposes, name}, scheme})
		}
	}
	return all
}

// tryPayload opens a payload whose key is well, as it was asked for and in other
// ways like that.
func (p *program) tryPayload(ctx context.Context, o doctorOptions, ring *keyring.Ring, payload []byte) ([]keyring.Finding, error) {
	for _, a := range o.attempts() {
		by := a.protector(p, ring)
		u, err := by.UnprotectDetails(ctx, payload)
		if errors.Is(err, protector.ErrInvalidPayload) && a.scheme == "" {
			u, err = by.TimeLimited().UnprotectDetails(ctx, payload)
		}
		if errors.Is(err, protector.ErrInvalidPayload) {
			continue
		}
		found := o.instead(a)
		expired := (*protector.Error)(nil)
		switch {
		case errors.As(err, &expired) && errors.Is(err, protector.ErrExpired):
			return append(found, expiredOn(expired.ExpiredAt)), nil
		case err != nil:
			return nil, err
		case a.scheme != "":
			return append(found, p.examineTicket(u.Plaintext, len(found) == 0)...), nil
		case len(found) > 0:
		case u.Expires.IsZero():
			p.note("the payload opens: %s", count(len(u.Plaintext), "byte"))
		default:
			p.note("the payload opens, as a time-limited one, until %s: %s", dotnet.FormatDate(u.Expires), count(len(u.Plaintext), "byte"))
		}
		return found, nil
	}
	tried := "nor without one"
	if n := len(namesLike(o.app)) - 2; n > 0 {
		tried = fmt.Sprintf("with %d others like it, nor without one", n)
	}
	if o.app == "" {
		tried = "and no --app is given"
	}
	what := quoteAll(o.purposes)
	if o.scheme != "" {
		what = fmt.Sprintf("the authentication scheme %q or another usual one", o.scheme)
	}
	return []keyring.Finding{keyring.NewFinding(keyring.CodePayloadPurposes, "",
		fmt.Sprintf("the payload's key is well, but it does not open for %s with %s, %s", what, named(o.app), tried))}, nil
}

// instead says what of a, for which a payload opens, is not what was given.
func (o doctorOptions) instead(a attempt) []keyring.Finding {
	var found []keyring.Finding
	if a.scheme != o.scheme {
		found = append(found, keyring.NewFinding(keyring.CodePayloadScheme, "",
			fmt.Sprintf("the payload opens for the authentication scheme %q, and not for %q", a.scheme, o.scheme)))
	}
	if a.app != o.app {
		found = append(found, keyring.NewFinding(keyring.CodePayloadApplication, "",
			fmt.Sprintf("the payload opens with %s, and not with %s", named(a.app), named(o.app))))
	}
	return found
}

func expiredOn(t time.Time) keyring.Finding {
	return keyring.NewFinding(keyring.CodePayloadExpired, "", "the payload expired on "+dotnet.FormatDate(t))
}

// claimSession is the only claim of a cookie whose ticket the application keeps.
const claimSession = "Microsoft.AspNetCore.Authentication.Cookies-SessionId"

// examineTicket looks at the dates of a ticket and at nothing else. Where the
// cookie is as it should be, and well says that nothing else is wrong, it says so.
func (p *program) examineTicket(plaintext []byte, well bool) []keyring.Finding {
	t := new(authticket.Ticket)
	if err := t.UnmarshalBinary(plaintext); err != nil {
		return []keyring.Finding{keyring.NewFinding(keyring.CodeNotATicket, "", "the payload opens, but is no authentication ticket, so that it signs nobody in")}
	}
	expires, err := t.Properties.Expires()
	_, kept := t.Find(claimSession)
	switch {
	case err == nil && !p.now().Before(expires):
		return []keyring.Finding{expiredOn(expires)}
	case !well:
	case kept:
		p.note("the cookie opens: it names a session that the application keeps, and only the application knows whether that is still there")
	case err != nil:
		p.note("the cookie opens; it has no date that it expires on: ASP.NET Core takes it for good, Go refuses it unless AcceptNoExpiry is set")
	default:
		p.note("the cookie opens, until %s: if it signs nobody in, the ring is not the reason; does the application check a security stamp?", dotnet.FormatDate(expires))
	}
	return nil
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
