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
		Use:   "revoke ID… | revoke --all",
		Short: "Revoke keys, so that they open nothing any more",
		Long: `Revoke keys: nothing that they protected opens any more. There is no way back but
to remove the record from the store.

With ids, each key gets a record of its own. With --all, one record revokes all
keys created before a time; without --before that is every key now in the ring,
after a preview and a question (or --yes).

Go nodes obey when they have read the record; ASP.NET Core reads the ring once a
day, so restart those nodes.

` + timesHelp,
		Example: `  keyctl revoke 53404db5-0fc4-4712-94af-b80238fb7151 --reason "laptop stolen"
  keyctl revoke --all --before 2027-01-31T00:00:00Z --yes`,
		ValidArgsFunction: p.completeIDs(0, func(v keyView) bool { return v.Revoked == nil || !*v.Revoked }),
		RunE: p.action(func(ctx context.Context, args []string) error {
			ids, err := parseIDs(args)
			if err != nil {
				return err
			}
			switch {
			case o.all && len(ids) > 0:
				return usagef("--all and ids exclude each other")
			case o.all:
				return p.revokeAll(ctx, o)
			case len(ids) == 0:
				return usagef("which keys? Give ids, or --all")
			case !o.before.IsZero():
				return usagef("--before goes with --all")
			}
			return p.revoke(ctx, ids, o)
		}),
	}
	flags := cmd.Flags()
	flags.Var(&value[string]{target: &o.reason, parse: parseReason, kind: "TEXT"}, "reason", "why, for the record")
	flags.BoolVar(&o.all, "all", false, "revoke all keys created before --before")
	p.timeFlag(cmd, &o.before, "before", "with --all: only keys created before this time")
	flags.BoolVar(&o.yes, "yes", false, "do not ask")
	flags.BoolVar(&o.force, "force", false, "also an id that is not in the ring, or a --before in the future")
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
	s, err := p.openStore()
	if err != nil {
		return err
	}
	if s.absent && !o.force {
		return s.missing(exitFailed)
	}
	m, l, err := p.readRing(ctx, s)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !o.force && !inRing(l, id) {
			return failed(fmt.Errorf("there is no key %s in this ring: nothing was revoked", id),
				"keyctl list shows the keys; --force revokes an id in advance")
		}
	}
	done := revokedView{Revoked: []string{}, Already: []string{}, Names: []string{}}
	err = nil
	for _, id := range ids {
		if k, ok := l.Key(id); ok && k.Revoked {
			done.Already = append(done.Already, id.String())
			p.note("key %s was already revoked%s", id, since(k))
			continue
		}
		var r keyring.RevokeResult
		if r, err = m.RevokeKey(ctx, id, o.reason); err != nil {
			err = fmt.Errorf("key %s is not revoked: %w", id, err)
			break
		}
		p.warnOfMisleading(r)
		done.Names = append(done.Names, r.Names...)
		if len(r.Names) > 0 {
			done.Revoked = append(done.Revoked, id.String())
		} else {
			done.Already = append(done.Already, id.String())
			p.note("key %s was already revoked", id)
		}
	}
	return errors.Join(p.printRevoked(done), err)
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

// revokeAll revokes every key created before a time.
func (p *program) revokeAll(ctx context.Context, o revokeOptions) error {
	if o.before.After(p.start) && !o.force {
		return failed(fmt.Errorf("--before %s is in the future", dotnet.FormatDate(o.before)),
			"it would revoke keys that are still to be made, and none could be made until then; --force does it all the same")
	}
	s, err := p.openExisting()
	if err != nil {
		return err
	}
	m, l, err := p.readRing(ctx, s)
	if err != nil {
		return err
	}
	covered := func(k keyring.Key) bool { return o.before.IsZero() || k.CreationDate.Before(o.before) }
	done := revokedView{Revoked: []string{}, Already: []string{}, Names: []string{}}
	var atStake []keyView
	for _, v := range viewAll(l, p.now()) {
		switch {
		case v.CreationDate == nil || !covered(v.key):
		case v.key.Revoked:
			done.Already = append(done.Already, v.id())
		default:
			atStake = append(atStake, v)
		}
	}
	if err := p.preview(atStake); err != nil {
		return err
	}
	which := "now in the ring"
	if !o.before.IsZero() {
		which = "created before " + dotnet.FormatDate(o.before)
	}
	p.note("this revokes every key %s: %s, beside %d already revoked; what was protected with it will not open any more",
		which, count(len(atStake), "key"), len(done.Already))
	if err := p.confirm(fmt.Sprintf("revoke %s in %s?", count(len(atStake), "key"), s.place), o.yes); err != nil {
		return err
	}
	r, err := m.RevokeAllKeys(ctx, o.before, o.reason)
	p.warnOfMisleading(r)
	done.Names = append(done.Names, r.Names...)
	if err != nil {
		err = fmt.Errorf("not every key may be revoked: %w", err)
		return errors.Join(p.printRevoked(done), err)
	}
	done.Revoked, err = p.newlyRevoked(ctx, m, l, atStake)
	return errors.Join(p.printRevoked(done), err)
}

// newlyRevoked returns the ids of the keys that have become revoked.
func (p *program) newlyRevoked(ctx context.Context, m *keyring.Manager, before *keyring.Listing, expected []keyView) ([]string, error) {
	ids := []string{}
	after, err := m.Read(ctx)
	if err != nil {
		for _, v := range expected {
			ids = append(ids, v.id())
		}
		return ids, fmt.Errorf("the revocation is stored, but the ring cannot be read again: %w", err)
	}
	for _, k := range after.Keys {
		if old, _ := before.Key(k.ID); k.Revoked && !old.Revoked {
			ids = append(ids, k.ID.String())
		}
	}
	return ids, nil
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
	if p.json {
		return p.printJSON(v)
	}
	return p.printLines(v.Revoked...)
}
