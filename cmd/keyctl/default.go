package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
)

// defaultView is the policy's answer as default prints it.
type defaultView struct {
	At       string  `json:"at"`
	Default  *string `json:"default"`
	Fallback *string `json:"fallback"`
	Generate bool    `json:"generate"`
	Reason   string  `json:"reason"`
}

func (p *program) defaultCommand() *cobra.Command {
	var at time.Time
	cmd := &cobra.Command{
		Use:   "default",
		Short: "Say which key protects, and why",
		Long: `Say which key protects new payloads at a time, and why: the one with the latest
activation that is due, provided that it is neither revoked nor expired. If it is,
there is no default key, however good the others are.

This is the ring as it stands: keys that nodes would make until then are not made
up. "generate" is whether ASP.NET Core would make a key; "fallback" is what a node
that may not make one takes. Without a default key the exit status is 3.

` + timesHelp,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              p.action(func(ctx context.Context, _ []string) error { return p.showDefault(ctx, at) }),
	}
	p.timeFlag(cmd, &at, "at", "the time to ask about (default now)")
	return cmd
}

func (p *program) showDefault(ctx context.Context, at time.Time) error {
	l, err := p.read(ctx)
	if err != nil {
		return err
	}
	if at.IsZero() {
		at = dotnet.Truncate(p.now())
	}
	r := policy().Resolve(at, l.Keys)
	if r.Default != nil {
		p.noteFaults([]keyView{viewKey(*r.Default, at, true)})
	}
	if err := p.printDefault(r, at); err != nil {
		return err
	}
	if r.Default == nil {
		return unmet(fmt.Errorf("no default key at %s: %v", dotnet.FormatDate(at), reasonOf(r)),
			"keyctl create makes one; so does any server that may")
	}
	return nil
}

func (p *program) printDefault(r keyring.Resolution, at time.Time) error {
	v := defaultView{At: dotnet.FormatDate(at), Default: keyID(r.Default), Fallback: keyID(r.Fallback),
		Generate: r.ShouldGenerate, Reason: r.Reason.String()}
	if p.json {
		return p.printJSON(v)
	}
	rows := [][]cell{{{"default", faint}, {orElse(v.Default, "none"), bold}}, {{"reason", faint}, {reasonOf(r), noStyle}}}
	if r.Default == nil {
		rows = append(rows, []cell{{"fallback", faint}, {orElse(v.Fallback, "none"), noStyle}})
	} else {
		until := fmt.Sprintf("%s (%s later)", dotnet.FormatDate(r.Default.ExpirationDate), inWords(r.Default.ExpirationDate.Sub(at)))
		rows = append(rows, []cell{{"expires", faint}, {until, noStyle}})
	}
	rows = append(rows,
		[]cell{{"generate", faint}, {map[bool]string{true: "yes", false: "no"}[v.Generate], noStyle}},
		[]cell{{"at", faint}, {v.At, noStyle}})
	return p.printTable(p.stdout, rows)
}

// reasonOf is the policy's reason with the key it speaks of.
func reasonOf(r keyring.Resolution) string {
	if r.Default == nil && r.Preferred != nil {
		return fmt.Sprintf("%v (%s)", r.Reason, r.Preferred.ID)
	}
	return r.Reason.String()
}

// keyID is nil for no key.
func keyID(k *keyring.Key) *string {
	if k == nil {
		return nil
	}
	return new(k.ID.String())
}
