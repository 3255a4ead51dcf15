package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
	"dataprotection.example/protector/cookies"
)

// doctorOptions are the flags of doctor.
type doctorOptions struct {
	purposeFlags
	cookieFlags
	payload string // a file, or "-"; empty: none given
}

func (p *program) doctorCommand() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong with the ring, and how to mend it",
		Long: `Say what is wrong with the ring, and how to mend it: files that cannot be read,
keys and revocations that make no sense, no default key or one that expires without
a successor, clocks, modes, owners, names, and the place of the directory, or what a
server does with the ring. Nothing is changed. Run it as the user that the servers run as.

Each finding has a level, a code that does not change, the file at fault, and a fix.
Errors and warnings make the exit status 3; what is only worth knowing (info) does
not. Keys in clear text, as ASP.NET Core makes them by itself on Linux, are told
unless --unencrypted says that they are meant.

With --payload it also explains why a payload does not open here: whether it is one,
how its key is, and, with --purpose and --app as for unprotect, whether the
application name is at fault. It tries the one given with and without a slash at its
end, in other letter cases, and none at all, and says which one opens the payload.
What is inside is not printed.

The payload may be pasted as a browser shows it: a whole Cookie or Set-Cookie header,
lines of name=value, or the values of the pieces one a line. With --scheme it is an
authentication cookie of that scheme, so that doctor tells why a user is signed out:
the usual other schemes are tried too, and the date in the cookie is looked at.`,
		Example: `  keyctl doctor
  keyctl doctor --unencrypted -o json
  keyctl doctor --payload payload.txt --app shop --purpose cart
  keyctl doctor --payload headers.txt --app shop --scheme Identity.Application`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              p.action(func(ctx context.Context, _ []string) error { return p.doctor(ctx, o) }),
	}
	o.add(cmd)
	flags := cmd.Flags()
	flags.Lookup("purpose").Usage = "with --payload: purpose, in order; may be repeated"
	flags.Lookup("app").Usage = "with --payload: application name, as given to SetApplicationName"
	flags.Var(&value[string]{target: &o.payload, parse: parseDir, kind: "FILE|-"}, "payload", "a payload that does not open, or cookies, in a file or on standard input")
	flags.Var(&value[string]{target: &o.scheme, parse: parseName, kind: "S"}, "scheme", "with --payload: authentication scheme, as given to AddCookie")
	flags.Var(&value[string]{target: &o.cookie, parse: parseName, kind: "NAME"}, "cookie", "with --payload: name of the cookie (default .AspNetCore.SCHEME)")
	complete(cmd, "scheme", cookies.SchemeCookies, cookies.SchemeIdentity)
	complete(cmd, "cookie")
	flags.BoolVar(&p.unencrypted, "unencrypted", false, "keys in clear text are meant to be there")
	return cmd
}

func (p *program) doctor(ctx context.Context, o doctorOptions) error {
	switch {
	case o.payload == "" && (len(o.purposes) > 0 || o.app != "" || o.cookieFlags != cookieFlags{}):
		return usagef("--purpose, --app, --scheme and --cookie go with --payload")
	case strings.HasPrefix(o.payload, payloadBegin) || strings.Contains(o.payload, "="+payloadBegin):
		return usagef("--payload takes a file or -, not the payload itself, which the shell would remember")
	case o.scheme != "" && len(o.purposes) > 0:
		return usagef("--scheme and --purpose exclude each other: an authentication cookie has the purposes of its scheme")
	}
	if err := o.checkText(); err != nil {
		return err
	}
	s, err := p.findStore(ctx, storeOptions{})
	if err != nil {
		return err
	}
	var payload []byte
	if o.payload != "" {
		if payload, err = p.readFileOrInput(o.payload, "payload"); err != nil {
			return fmt.Errorf("--payload: %w", err)
		}
	}
	if s.absent {
		return p.printFindings(s, []keyring.Finding{
			s.missingFinding()})
	}
	found, l, by := p.examineRing(ctx, s)
	if err := ctx.Err(); err != nil {
		return err
	}
	found = append(found, p.examineStore(ctx, s)...)
	found = append(found, examineBackups(s, l)...)
	switch {
	case o.payload == "":
	case l == nil:
		p.note("the payload was not looked at, because the ring cannot be read")
	default:
		about, err := p.examinePayload(ctx, s, o, string(bytes.TrimSpace(payload)))
		if err != nil {
			return err
		}
		found = append(found, about...)
	}
	if l != nil && len(l.Keys) == 0 && len(l.Broken) == 0 {
		found = append(found, keyring.NewFinding(keyring.CodeEmptyRing, s.place, "there is no key in it"))
	}
	if err := p.printFindings(s, found); err != nil {
		return err
	}
	verdict := "nothing is wrong with"
	if len(found) > 0 {
		verdict = "nothing needs mending in"
	}
	p.note("%s %s: %s", verdict, s.place, p.summary(l, by))
	return nil
}

// summary is a ring in a few words.
func (p *program) summary(l *keyring.Listing, by []*encryption) string {
	text := count(len(l.Keys), "key")
	if k := policy().Resolve(p.now(), l.Keys).Default; k != nil {
		text += fmt.Sprintf(", %s protects until %s", k.ID, dotnet.FormatDate(k.ExpirationDate))
	}
	for _, e := range by {
		text += fmt.Sprintf("; %s encrypted %s", countAre(len(e.keys), "key"), e.with())
	}
	return text
}

// printFindings prints the worst first. What is more than worth knowing makes it
// fail.
func (p *program) printFindings(s *store, found []keyring.Finding) error {
	keyring.SortFindings(found)
	for i := range found {
		found[i].Message = withoutPasswords(found[i].Message)
	}
	number := make(map[keyring.Level]int)
	for _, f := range found {
		number[f.Level]++
	}
	if err := p.printEachFinding(found); err != nil {
		return err
	}
	if s.dir == "" && slices.ContainsFunc(found, func(f keyring.Finding) bool { return f.File != "" && f.File != s.place }) {
		p.note("what a fix calls a file is a value of the list here, or a row of the table: save it before you take it out")
	}
	errors, warnings := number[keyring.LevelError], number[keyring.LevelWarning]
	switch {
	case errors > 0 && warnings > 0:
		return unmet(fmt.Errorf("%s and %s about %s", count(errors, "error"), count(warnings, "warning"), s.place), "")
	case errors > 0:
		return unmet(fmt.Errorf("%s about %s", count(errors, "error"), s.place), "")
	case warnings > 0:
		return unmet(fmt.Errorf("%s about %s", count(warnings, "warning"), s.place), "")
	}
	return nil
}

func (p *program) printEachFinding(found []keyring.Finding) error {
	if p.json {
		return p.printJSON(append([]keyring.Finding{}, found...)) // never null
	}
	colours := map[keyring.Level]style{keyring.LevelError: red, keyring.LevelWarning: yellow, keyring.LevelInfo: faint}
	for i, f := range found {
		if i > 0 {
			if err := p.printLines(""); err != nil {
				return err
			}
		}
		rows := [][]cell{{{f.Level.String(), colours[f.Level]}, {f.Message, bold}}, {{"fix", faint}, {f.Fix, noStyle}}, {{"code", faint}, {string(f.Code), faint}}}
		if f.File != "" {
			rows = append(rows[:1], append([][]cell{{{"file", faint}, {f.File, noStyle}}}, rows[1:]...)...)
		}
		if err := p.printTable(p.stdout, rows); err != nil {
			return err
		}
	}
	return nil
}
