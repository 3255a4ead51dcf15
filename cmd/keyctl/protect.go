package main

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
)

// protectOptions are the flags of protect.
type protectOptions struct {
	purposeFlags
	until    time.Time // zero: for ever
	noCreate bool
}

// protectedView is a payload as protect prints it.
type protectedView struct {
	Payload string `json:"payload"`
	ID      string `json:"id"` // of the key
}

func (p *program) protectCommand() *cobra.Command {
	var o protectOptions
	cmd := &cobra.Command{
		Use:   "protect --purpose P [--purpose P …]",
		Short: "Protect standard input and print the payload",
		Long: `Protect what is on standard input, byte for byte, and print the payload: base64url,
as ASP.NET Core's Protect for strings returns it. It opens only with the same
purposes in the same order and the same application name.

If the ring needs a key, one is made, as any server would. With --no-create none
is: the fallback key is used with a warning, and without one the exit status is 3.

` + timesHelp,
		Example: `  printf secret | keyctl protect --app shop --purpose cart
  keyctl protect --purpose mail --purpose v1 --until +1d12h < message`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              p.action(func(ctx context.Context, _ []string) error { return p.protect(ctx, o) }),
	}
	o.add(cmd)
	p.timeFlag(cmd, &o.until, "until", "when the payload expires (a time-limited one; default never)")
	p.createTableFlag(cmd)
	cmd.Flags().BoolVar(&o.noCreate, "no-create", false, "make no key")
	return cmd
}

func (p *program) protect(ctx context.Context, o protectOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	o.noCreate = o.noCreate || p.readOnly()
	s, err := p.openStore(ctx)
	switch {
	case err != nil:
		return err
	case s.absent && o.noCreate:
		return s.missing(exitUnmet)
	case !o.noCreate:
		if err := p.prepare(ctx, s); err != nil {
			return err
		}
	}
	plaintext, err := p.readInput("plaintext")
	if err != nil {
		return err
	}
	ring, err := p.openRing(ctx, s, !o.noCreate)
	if err != nil {
		return noKey(err)
	}
	defer ring.Close()
	if ring.Snapshot().Fallback() {
		p.warnOfFallback(ring, o.noCreate)
	}
	payload, err := o.seal(ctx, o.protector(p, ring), plaintext)
	if err != nil {
		return explain(noKey(err))
	}
	if !o.until.IsZero() && o.until.Before(p.now()) {
		p.warn("the payload expired at %s, before it was made", dotnet.FormatDate(o.until))
	}
	id, _, err := protector.ParsePayload(payload)
	if err != nil {
		return err
	}
	text := base64.RawURLEncoding.EncodeToString(payload)
	if p.json {
		return p.printJSON(protectedView{text, id.String()})
	}
	return p.printLines(text)
}

// seal protects, with an end if one is given.
func (o protectOptions) seal(ctx context.Context, by *protector.Protector, plaintext []byte) ([]byte, error) {
	if o.until.IsZero() {
		return by.Protect(ctx, plaintext)
	}
	return by.TimeLimited().Protect(ctx, plaintext, o.until)
}

// noKey gives the lack of a key its exit status.
func noKey(err error) error {
	if errors.Is(err, keyring.ErrNoDefaultKey) && errors.Is(err, keyring.ErrDecryptionKeyMissing) {
		return unmet(err, hintFor(err))
	}
	if errors.Is(err, keyring.ErrNoDefaultKey) {
		return unmet(err, "keyctl default says why; keyctl create makes a key")
	}
	return err
}

// warnOfFallback says why the default key does not protect.
func (p *program) warnOfFallback(ring *keyring.Ring, asked bool) {
	k, err := ring.Snapshot().DefaultKey()
	if err != nil {
		return
	}
	p.warn("the ring has no default key: the fallback %s protects, which is created %s and expires %s",
		k.ID, dotnet.FormatDate(k.CreationDate), dotnet.FormatDate(k.ExpirationDate))
	if failure := ring.Health().Err; !asked && failure != nil {
		p.warn("and no key could be made: %s", plain(failure))
	}
}
