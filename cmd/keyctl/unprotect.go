package main

import (
	"context"

	"github.com/spf13/cobra"

	"dataprotection.example/protector"
)

// unprotectOptions are the flags of unprotect.
type unprotectOptions struct {
	purposeFlags
	timeLimited  bool
	allowRevoked bool
}

// unprotectedView is a plaintext as unprotect prints it.
type unprotectedView struct {
	Plaintext         []byte  `json:"plaintext"` // base64
	RequiresMigration bool    `json:"requiresMigration"`
	WasRevoked        bool    `json:"wasRevoked"`
	Expires           *string `json:"expires"`
}

func (p *program) unprotectCommand() *cobra.Command {
	var o unprotectOptions
	cmd := &cobra.Command{
		Use:   "unprotect --purpose P [--purpose P …]",
		Short: "Open the payload on standard input and print the plaintext",
		Long: `Open the payload on standard input and print the plaintext, byte for byte and
nothing after it. White space around the payload does not matter.

Purposes and application name are those it was protected with. ASP.NET Core puts
its content root path, with a slash at the end, where an application sets no name.`,
		Example: `  keyctl unprotect --app shop --purpose cart < payload
  keyctl unprotect --purpose mail --purpose v1 --time-limited < payload`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              p.action(func(ctx context.Context, _ []string) error { return p.unprotect(ctx, o) }),
	}
	o.add(cmd)
	cmd.Flags().BoolVar(&o.timeLimited, "time-limited", false, "the payload was protected with an expiration")
	cmd.Flags().BoolVar(&o.allowRevoked, "dangerous-allow-revoked", false, "open it even if its key is revoked; it may be forged")
	return cmd
}

func (p *program) unprotect(ctx context.Context, o unprotectOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	s, err := p.openExisting(ctx)
	if err != nil {
		return err
	}
	payload, err := p.readPayload()
	if err != nil {
		return err
	}
	ring, err := p.openRing(ctx, s, false)
	if err != nil {
		return unreadable(err)
	}
	defer ring.Close()
	opened, err := o.open(ctx, o.protector(p, ring), payload)
	if err != nil {
		return explain(err)
	}
	if opened.WasRevoked {
		p.warn("the payload's key is revoked: whoever caused that may have made the payload")
	}
	if !p.json {
		return p.printData(opened.Plaintext)
	}
	return p.printJSON(unprotectedView{
		Plaintext:         append([]byte{}, opened.Plaintext...), // never null
		RequiresMigration: opened.RequiresMigration,
		WasRevoked:        opened.WasRevoked,
		Expires:           date(opened.Expires),
	})
}

// opener is a protector, time-limited or not.
type opener interface {
	UnprotectDetails(context.Context, []byte) (protector.Unprotected, error)
	DangerousUnprotect(context.Context, []byte) (protector.Unprotected, error)
}

func (o unprotectOptions) open(ctx context.Context, by *protector.Protector, payload []byte) (protector.Unprotected, error) {
	var with opener = by
	if o.timeLimited {
		with = by.TimeLimited()
	}
	if o.allowRevoked {
		return with.DangerousUnprotect(ctx, payload)
	}
	return with.UnprotectDetails(ctx, payload)
}
