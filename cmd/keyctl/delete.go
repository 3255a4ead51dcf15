package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
)

// deleteOptions are the flags of delete.
type deleteOptions struct {
	expiredBefore    time.Time // zero: not given
	includeUnexpired bool
	dryRun           bool
	yes              bool
}

// deletedView is what a deletion did, as delete prints it.
type deletedView struct {
	Deleted []string `json:"deleted"` // ids
	Names   []string `json:"names"`   // every element removed, in that order
	DryRun  bool     `json:"dryRun"`
}

func (p *program) deleteCommand() *cobra.Command {
	var o deleteOptions
	cmd := &cobra.Command{
		Use:   "delete ID… | delete --expired-before T",
		Short: "Delete expired keys and the revocations that are then without use",
		Long: `Delete keys, and the revocations that are then without use. What a deleted key
protected can never be opened again. Against somebody who has a copy of the key
deleting does nothing: revoke it instead.

The keys are those named, or those that expired before a time; with both, the
named ones must all have expired before it. Keys that have not expired are not
deleted without --include-unexpired. There is a preview and a question (or --yes).

` + timesHelp,
		Example: `  keyctl delete --expired-before -365d --dry-run
  keyctl delete 53404db5-0fc4-4712-94af-b80238fb7151`,
		ValidArgsFunction: p.completeIDs(0, nil),
		RunE: p.action(func(ctx context.Context, args []string) error {
			ids, err := parseIDs(args)
			if err != nil {
				return err
			}
			if len(ids) == 0 && o.expiredBefore.IsZero() {
				return usagef("which keys? Give ids, or --expired-before")
			}
			return p.delete(ctx, ids, o)
		}),
	}
	p.timeFlag(cmd, &o.expiredBefore, "expired-before", "delete the keys that expired before this time")
	flags := cmd.Flags()
	flags.BoolVar(&o.includeUnexpired, "include-unexpired", false, "also keys that have not expired")
	flags.BoolVar(&o.dryRun, "dry-run", false, "only show what would be deleted")
	flags.BoolVar(&o.yes, "yes", false, "do not ask")
	return cmd
}

func (p *program) delete(ctx context.Context, ids []uuid.UUID, o deleteOptions) error {
	if err := p.mayWrite(); err != nil && !o.dryRun {
		return err
	}
	s, err := p.openExisting(ctx)
	if err != nil {
		return err
	}
	m, l, err := p.readRing(ctx, s)
	if err != nil {
		return err
	}
	if err := o.check(l, ids, p.now()); err != nil {
		return err
	}
	choose := func(k keyring.Key) bool {
		return (len(ids) == 0 || slices.Contains(ids, k.ID)) && o.due(k)
	}
	options := keyring.DeleteOptions{IncludeUnexpired: o.includeUnexpired, DryRun: true}
	plan, err := m.DeleteKeys(ctx, choose, options)
	if err != nil {
		return err
	}
	if err := p.previewDeletion(plan, l); err != nil {
		return err
	}
	if o.dryRun {
		return p.printDeleted(plan, true)
	}
	nothing := len(plan.Keys) == 0 && p.isTerminal(p.stdin) // a script learns of a missing --yes at once
	if err := p.confirm(fmt.Sprintf("delete %s in %s?", count(len(plan.Keys), "key"), s.place), o.yes || nothing); err != nil {
		return err
	}
	// What has been shown, and nothing that has come since.
	shown := func(k keyring.Key) bool {
		return slices.ContainsFunc(plan.Keys, func(old keyring.Key) bool { return old.ID == k.ID })
	}
	options.DryRun = false
	done, err := m.DeleteKeys(ctx, shown, options)
	if err != nil {
		return err
	}
	return p.printDeleted(done, false)
}

// due reports whether --expired-before, if given, covers k.
func (o deleteOptions) due(k keyring.Key) bool {
	return o.expiredBefore.IsZero() || k.ExpirationDate.Before(o.expiredBefore)
}

// check refuses ids that cannot be deleted: the rest would be a surprise.
func (o deleteOptions) check(l *keyring.Listing, ids []uuid.UUID, now time.Time) error {
	for _, id := range ids {
		k, ok := l.Key(id)
		switch {
		case !ok:
			for _, b := range l.Broken {
				if b.ID == id {
					return failed(fmt.Errorf("key %s is broken: nothing was deleted", id),
						"only readable keys are deleted; its file is "+viewBroken(b).at)
				}
			}
			return failed(fmt.Errorf("there is no key %s in this ring: nothing was deleted", id), "keyctl list shows the keys")
		case !o.includeUnexpired && now.Before(k.ExpirationDate):
			return failed(fmt.Errorf("key %s expires only at %s: nothing was deleted", id, dotnet.FormatDate(k.ExpirationDate)),
				"revoke makes a key useless; --include-unexpired deletes it")
		case !o.due(k):
			return failed(fmt.Errorf("key %s expired at %s, not before that time: nothing was deleted",
				id, dotnet.FormatDate(k.ExpirationDate)), "")
		}
	}
	return nil
}

// previewDeletion shows what would go.
func (p *program) previewDeletion(plan keyring.Deleted, l *keyring.Listing) error {
	var atStake []keyView
	for _, v := range viewAll(l, p.now()) {
		if slices.ContainsFunc(plan.Keys, func(k keyring.Key) bool { return k.ID == v.key.ID }) {
			atStake = append(atStake, v)
		}
	}
	if err := p.preview(atStake); err != nil {
		return err
	}
	if len(plan.Keys) == 0 {
		p.note("there is nothing to delete")
		return nil
	}
	what := count(len(plan.Keys), "key")
	if n := len(plan.Names) - len(plan.Keys); n > 0 {
		what += " and " + count(n, "revocation")
	}
	p.note("this deletes %s for good: what was protected with it will never open again", what)
	for _, v := range atStake {
		if v.Default {
			p.warn("key %s is the one that protects now", v.id())
		}
	}
	return nil
}

func (p *program) printDeleted(d keyring.Deleted, dryRun bool) error {
	v := deletedView{Deleted: []string{}, Names: append([]string{}, d.Names...), DryRun: dryRun}
	for _, k := range d.Keys {
		v.Deleted = append(v.Deleted, k.ID.String())
	}
	switch {
	case dryRun:
		p.note("nothing was deleted (--dry-run)")
	case len(d.Names) > 0:
		p.note("%s deleted", count(len(d.Keys), "key"))
	}
	if p.json {
		return p.printJSON(v)
	}
	return p.printLines(v.Deleted...)
}
