package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
)

// revokeOptions are the flags of revoke.
type revokeOptions struct {
	all    bool
	before time.Time // zero: not given
	active period    // zero: not given
	reason string
	yes    bool
	force  bool
}

// revokedView is what a revocation did, as revoke prints it.
type revokedView struct {
	Revoked []string `json:"revoked"` // ids
	Already []string `json:"already"` // ids
	Names   []string `json:"names"`   // of the records written
}

func (p *program) revokeCommand() *cobra.Command {
	var o revokeOptions
	cmd := &cobra.Command{
		Use:   "revoke ID… | revoke --all | revoke --active-between A,B",
		Short: "Revoke keys, so that they open nothing any more",
		Long: `Revoke keys: nothing that they protected opens any more. There is no way back but
to remove the record from the store.

With ids, each key gets a record of its own. With --all, one record revokes all
keys created before a time; without --before that is every key now in the ring,
after a preview and a question (or --yes).

With --active-between, each key that was active at any time from A to B gets a
record, after the same preview and question: every key that activated by B and had
not expired at A. That is for after an incident which is over, such as
CVE-2026-40372, in which for some time payloads could be forged or read without the
key. Take A and B generously: servers use a key up to five minutes before its
activation. If somebody could read the ring itself, --all is what you want: they
have every key that was in it, active or not.

Go nodes obey when they have read the record; ASP.NET Core reads the ring once a
day, so restart those nodes.

In a ring that cannot be read, for one broken file perhaps, ids with --force are
revoked all the same: the record is stored, and takes effect when the ring is
mended. Until then open rings go on with what they have read.

` + timesHelp,
		Example: `  keyctl revoke 53404db5-0fc4-4712-94af-b80238fb7151 --reason "laptop stolen"
  keyctl revoke --all --before 2027-01-31T00:00:00Z --yes
  keyctl revoke --active-between 2026-04-14T00:00:00Z,2026-04-22T00:00:00Z --reason "incident 17"`,
		ValidArgsFunction: p.completeIDs(0, func(v keyView) bool { return v.Revoked == nil || !*v.Revoked }),
		RunE: p.action(func(ctx context.Context, args []string) error {
			ids, err := parseIDs(args)
			if err != nil {
				return err
			}
			between := o.active != period{}
			switch {
			case (o.all || between) && len(ids) > 0, o.all && between:
				return usagef("ids, --all and --active-between exclude each other")
			case !o.all && !o.before.IsZero():
				return usagef("--before goes with --all")
			case o.all:
				return p.revokeAll(ctx, o)
			case between:
				return p.revokeBetween(ctx, o)
			case len(ids) == 0:
				return usagef("which keys? Give ids, --all or --active-between")
			}
			return p.revoke(ctx, ids, o)
		}),
	}
	flags := cmd.Flags()
	flags.Var(&value[string]{target: &o.reason, parse: parseReason, kind: "TEXT"}, "reason", "why, for the record")
	flags.BoolVar(&o.all, "all", false, "revoke all keys created before --before")
	p.timeFlag(cmd, &o.before, "before", "with --all: only keys created before this time")
	p.periodFlag(cmd, &o.active, "active-between", "revoke the keys that were active at any time from A to B, each a T")
	flags.BoolVar(&o.yes, "yes", false, "do not ask")
	flags.BoolVar(&o.force, "force", false, "also an id that is not in the ring, in a ring that cannot be read, or a --before in the future")
	complete(cmd, "reason")
	return cmd
}

// parseReason refuses what XML cannot hold.
func parseReason(text string) (string, error) {
	for i, r := range text {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF ||
			r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") {
			return "", errors.New("the text holds a character that XML cannot")
		}
	}
	return text, nil
}

// revoke revokes single keys: all of them, or none if one is not in the ring.
func (p *program) revoke(ctx context.Context, ids []uuid.UUID, o revokeOptions) error {
	s, err := p.openForWriting(ctx)
	if err != nil {
		return err
	}
	if s.absent && !o.force {
		return s.missing(exitFailed)
	}
	m, l, err := p.readRing(ctx, s)
	switch {
	case err != nil && m != nil && o.force && ctx.Err() == nil:
		return p.revokeUnread(ctx, m, ids, o.reason, err)
	case err != nil:
		return orForce(err)
	}
	for _, id := range ids {
		if !o.force && !inRing(l, id) {
			return failed(fmt.Errorf("there is no key %s in this ring: nothing was revoked", id),
				"keyctl list shows the keys; --force revokes an id in advance")
		}
	}
	return p.revokeEach(ctx, m, l, ids, o.reason)
}

// revokeEach gives each key a record of its own, up to the first that cannot be
// stored, and prints what came of it.
func (p *program) revokeEach(ctx context.Context, m *keyring.Manager, l *keyring.Listing, ids []uuid.UUID, reason string) error {
	done := revokedView{Revoked: []string{}, Already: []string{}, Names: []string{}}
	var err error
	for _, id := range ids {
		if k, ok := l.Key(id); ok && k.Revoked {
			done.Already = append(done.Already, id.String())
			p.note("key %s was already revoked%s", id, since(k))
			continue
		}
		var r keyring.RevokeResult
		if r, err = m.RevokeKey(ctx, id, reason); err != nil {
			err = fmt.Errorf("key %s is not revoked: %w", id, err)
			break
		}
		p.warnOfMisleading(r)
		p.addRevoked(&done, id, r)
	}
	p.noteNoDefault(l, done)
	return errors.Join(p.printRevoked(done), err)
}

// addRevoked notes what revoking one key came to.
func (p *program) addRevoked(done *revokedView, id uuid.UUID, r keyring.RevokeResult) {
	done.Names = append(done.Names, r.Names...)
	if len(r.Names) > 0 {
		done.Revoked = append(done.Revoked, id.String())
	} else {
		done.Already = append(done.Already, id.String())
		p.note("key %s was already revoked", id)
	}
}

// noteNoDefault tells of a ring that a revocation has left without a default
// key; l is the ring before it.
func (p *program) noteNoDefault(l *keyring.Listing, done revokedView) {
	if policy().Resolve(p.now(), l.Keys).Default == nil {
		return
	}
	after := slices.Clone(l.Keys)
	for i := range after {
		after[i].Revoked = after[i].Revoked || slices.Contains(done.Revoked, after[i].ID.String())
	}
	if policy().Resolve(p.now(), after).Default == nil {
		p.note("the ring has no default key now: servers that may make one will, and so does keyctl create")
	}
}

// since says when a key was revoked, as far as is known.
func since(k keyring.Key) string {
	text := ""
	if !k.RevocationDate.IsZero() {
		text = ", since " + dotnet.FormatDate(k.RevocationDate)
	}
	if k.RevocationReason != "" {
		text += ": " + k.RevocationReason
	}
	return text
}

// inRing reports whether id is that of a key, or of one that is broken.
func inRing(l *keyring.Listing, id uuid.UUID) bool {
	_, ok := l.Key(id)
	return ok || slices.ContainsFunc(l.Broken, func(b keyring.BrokenKey) bool { return b.ID == id })
}

func (p *program) warnOfMisleading(r keyring.RevokeResult) {
	for _, name := range r.Misleading {
		p.warn("%s does not revoke what its name says; the revocation is stored under another name", name)
	}
}

func (p *program) printRevoked(v revokedView) error {
	if len(v.Names) > 0 {
		p.note("%s revoked, in %s", count(len(v.Revoked), "key"), strings.Join(v.Names, ", "))
		p.note("hint: restart ASP.NET Core nodes, which may take a day to read this")
	}
	return p.printRevokedData(v)
}

func (p *program) printRevokedData(v revokedView) error {
	if p.json {
		return p.printJSON(v)
	}
	return p.printLines(v.Revoked...)
}
