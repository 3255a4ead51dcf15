package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
)

// ensureOptions are the flags of ensure; zero means not given.
type ensureOptions struct {
	lifetime        time.Duration
	algorithms      keyring.Algorithms
	requireExisting bool
}

// ensuredView is what ensure found and did, as it prints it.
type ensuredView struct {
	Acted   bool    `json:"acted"`
	Created *string `json:"created"` // id
	Default *string `json:"default"` // id
	Next    string  `json:"next"`    // when to run again at the latest
	Expires string  `json:"expires"` // the default key
	Due     *string `json:"due"`     // when a key is, null for never
}

func (p *program) ensureCommand() *cobra.Command {
	var o ensureOptions
	cmd := &cobra.Command{
		Use:   "ensure",
		Short: "Make a key if the ring needs one, and say when to run next",
		Long: `Make a key if the ring needs one, as an open ring does by itself: where there is
no default key, one that activates now; where the default key expires within three
days and has no successor, one that activates then. Otherwise, and when called
again, nothing happens.

This is for farms whose nodes may not write. Run it once a day, from cron, a
systemd timer or a Kubernetes CronJob: that leaves a successor two days to reach
every node. "next" is when to run again at the latest, which is a day ahead or
sooner; a revocation may change everything, so later is never right. It may run on
several nodes at once: each waits up to a second before it makes a key and looks
again, and should two be made, every node takes the same one.

Nothing is made because something failed: not when the ring cannot be read, nor
when the key that should protect is there but cannot be used. A lost mount looks
like an empty ring: --require-existing makes that an error, for all but the first
run.

` + durationHelp,
		Example: `  keyctl ensure
  keyctl --dir /srv/keys ensure --require-existing -o json`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              p.action(func(ctx context.Context, _ []string) error { return p.ensure(ctx, o) }),
	}
	lifetimeFlag(cmd, &o.lifetime, "lifetime", "of a new key, counted from its activation, at least 7d (default 90d)")
	algorithmFlags(cmd, &o.algorithms)
	p.createTableFlag(cmd)
	cmd.Flags().BoolVar(&o.requireExisting, "require-existing", false, "fail on a ring without keys; make no first one")
	return cmd
}

func (p *program) ensure(ctx context.Context, o ensureOptions) error {
	if o.lifetime != 0 && o.lifetime < 7*day {
		return usagef("--lifetime is less than 7 days")
	}
	if err := checkAlgorithms(o.algorithms); err != nil {
		return err
	}
	s, err := p.openForWriting(ctx)
	if err != nil {
		return err
	}
	if s.absent && o.requireExisting {
		return s.missing(exitFailed)
	}
	options := p.options()
	options.NewKeyLifetime, options.Algorithms, options.RequireExistingKeys = o.lifetime, o.algorithms, o.requireExisting
	m, err := keyring.NewManager(s.repo, options)
	if err != nil {
		return err
	}
	result, err := m.Ensure(ctx)
	if result.Created != nil {
		p.begun(s)
		p.note("made key %s, because the ring needed one: it %s", result.Created.ID, activatesInWords(result.Created.ActivationDate, p.now()))
		p.noteUnpropagated(ctx, m, *result.Created)
	}
	switch {
	case errors.Is(err, keyring.ErrNoDefaultKey):
		return unmet(err, "keyctl doctor explains the ring; keyctl create makes a key all the same")
	case errors.Is(err, keyring.ErrNoKeys):
		return failed(err, "is the mount there? Without --require-existing a first key is made")
	case err != nil:
		return unreadable(err)
	}
	if result.Default.EncryptedAtRest && options.Encryptor == nil {
		p.warn("the ring's keys are encrypted, and there is nothing here to encrypt a new one with: when one is needed, on %s, none will be made",
			result.Due.UTC().Format(time.DateOnly))
	}
	return p.printEnsured(result)
}

func (p *program) printEnsured(r keyring.EnsureResult) error {
	v := ensuredView{Acted: r.Created != nil, Created: keyID(r.Created), Default: keyID(&r.Default), Next: dotnet.FormatDate(r.Next),
		Expires: dotnet.FormatDate(r.Default.ExpirationDate), Due: date(r.Due)}
	if p.json {
		return p.printJSON(v)
	}
	until := func(t time.Time) string {
		if t.IsZero() {
			return "never"
		}
		return fmt.Sprintf("%s (in %s)", dotnet.FormatDate(t), inWords(t.Sub(p.now())))
	}
	return p.printTable(p.stdout, [][]cell{
		{{"created", faint}, {orElse(v.Created, "none, none is needed"), noStyle}},
		{{"default", faint}, {r.Default.ID.String(), bold}},
		{{"expires", faint}, {until(r.Default.ExpirationDate), noStyle}},
		{{"key due", faint}, {until(r.Due), noStyle}},
		{{"run next", faint}, {until(r.Next) + " at the latest", noStyle}},
	})
}
