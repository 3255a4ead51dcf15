package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/xmlrepo"
)

// copyOptions are the flags of copy.
type copyOptions struct {
	skipUnreadable bool
	dryRun         bool
	yes            bool
}

func (p *program) copyCommand() *cobra.Command {
	var o copyOptions
	cmd := &cobra.Command{
		Use:   "copy FROM TO",
		Short: "Copy the ring to another store, and verify the copy",
		Long: `Copy every key and revocation of the ring FROM into the store TO, each a directory
or a URL (keyctl help stores). What TO has already is not written again, and nothing
in FROM or TO is changed or deleted. Keys are copied as they are stored; with
--certificate they are encrypted to the first one given.

Revocations go first, so that nobody takes a revoked key for a good one. In the end
TO is read, and must have everything. Whenever it ends, even killed, running it
again does what is left. There is a preview and a question (or --yes).

To move a farm: copy; let the nodes use TO, one after the other; copy again, both
ways, until every node is over: a revocation or a key that was written to the one
ring is not in the other until then.`,
		Example: `  keyctl copy /srv/keys redis://keys.internal/0
  keyctl copy env:OLD_RING env:NEW_RING --create-table --dry-run
  keyctl --certificate ring.pem copy /srv/keys postgres://shop@db/shop --create-table`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("copy takes two stores, FROM and TO")
			}
			return nil
		},
		ValidArgsFunction: completeCopy,
		RunE:              p.action(func(ctx context.Context, args []string) error { return p.copy(ctx, args[0], args[1], o) }),
	}
	flags := cmd.Flags()
	p.createTableFlag(cmd)
	flags.BoolVar(&o.skipUnreadable, "skip-unreadable", false, "with --certificate: copy keys that cannot be opened here as they are")
	flags.BoolVar(&o.dryRun, "dry-run", false, "only try, and show what would be copied")
	flags.BoolVar(&o.yes, "yes", false, "do not ask")
	return cmd
}

func completeCopy(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
	if len(args) >= 2 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if text == "" || text[0] == '/' || text[0] == '.' {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return storePrefixes(cmd, args, text)
}

func (p *program) copy(ctx context.Context, fromText, toText string, o copyOptions) error {
	switch {
	case p.store != "" || p.dir != "":
		return usagef("copy takes its stores as arguments, and neither --store nor --dir")
	case o.skipUnreadable && p.certificates.encryptor == nil:
		return usagef("--skip-unreadable goes with --certificate")
	}
	if err := p.mayWrite(); err != nil && !o.dryRun {
		return err
	}
	from, err := p.openArgument(ctx, "FROM", fromText)
	if err != nil {
		return err
	}
	if from.absent {
		return from.missing(exitFailed)
	}
	to, err := p.openArgument(ctx, "TO", toText)
	if err != nil {
		return err
	}
	options, err := p.copyTo(o)
	if err != nil {
		return err
	}
	w := &witness{Repository: from.repo}
	m, l, err := p.readRing(ctx, &store{repo: w})
	if err != nil {
		return fmt.Errorf("FROM: %w", err)
	}
	if len(w.elements) == 0 {
		return unmet(fmt.Errorf("there is nothing in %s", from.place), "is FROM right?")
	}
	if to.absent && to.begin != nil && !p.createTable {
		return p.begin(ctx, to) // says so
	}
	plan := &copying{program: p, m: m, from: from, to: to, options: options}
	options.DryRun = true
	target := to.repo
	if to.absent {
		target = xmlrepo.NewMemory() // as empty as it will be
	}
	planned, err := m.CopyTo(ctx, target, options)
	if err != nil {
		return cannotCopy(err, options.Encryptor != nil)
	}
	p.warnOfStore(ctx, to)
	if err := plan.preview(ctx, planned, l, w.elements); err != nil {
		return err
	}
	if o.dryRun {
		return plan.print(planned, true)
	}
	nothing := len(planned.Copied) == 0 && p.isTerminal(p.stdin) // a script learns of a missing --yes at once
	if err := p.confirm(fmt.Sprintf("copy %s to %s?", count(len(planned.Copied), "element"), to.place), o.yes || nothing); err != nil {
		return err
	}
	if err := p.begin(ctx, to); err != nil {
		return err
	}
	done, err := plan.run(ctx)
	if err != nil {
		err = halfway(err, done)
	}
	return errors.Join(plan.print(done, false), err)
}

// openArgument opens a store that an argument names.
func (p *program) openArgument(ctx context.Context, name, text string) (*store, error) {
	l, err := p.parseLocation(name, text)
	if err != nil {
		return nil, err
	}
	s, err := p.open(ctx, l, storeOptions{})
	if err != nil {
		return nil, err
	}
	s.origin = name
	p.warnOfLooseModes(s)
	return s, nil
}

// copyTo returns how the keys are to be copied.
func (p *program) copyTo(o copyOptions) (keyring.CopyOptions, error) {
	options := keyring.CopyOptions{SkipUnreadable: o.skipUnreadable}
	if p.certificates.encryptor == nil {
		return options, nil
	}
	pair := p.certificates.pairs[0]
	if !pair.HasPrivateKey() {
		return options, failed(fmt.Errorf("%s: there is no private key in it, to test what is encrypted to it", p.certificates.files[0]), "give the file that the nodes get")
	}
	decryptor, err := atrest.NewCertificateDecryptor(atrest.CertificateDecryptorOptions{Now: p.now}, pair)
	options.Encryptor, options.Decryptors = p.certificates.encryptor, []keyring.XMLDecryptor{decryptor}
	return options, err
}

// halfway is the error of a copy that has begun.
func halfway(err error, done keyring.CopyResult) error {
	hint := hintFor(err)
	switch {
	case len(done.Copied) == 0:
		return failed(fmt.Errorf("nothing was copied: %w", err), hint)
	case hint != "":
		return failed(err, hint+" What was copied is good: then run this again")
	}
	return failed(err, "what was copied is good: run this again to do what is left")
}

// cannotCopy is the error of a dry run, and what to do about it. A whole ring that
// cannot be opened is told once.
func cannotCopy(err error, encrypting bool) error {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	sealed := 0
	for _, err := range all {
		if errors.Is(err, keyring.ErrDecryptionKeyMissing) {
			sealed++
		}
	}
	switch {
	case sealed == 0 || sealed < len(all):
		return failed(fmt.Errorf("nothing was copied: %w", unreadable(err)), hintFor(err))
	case sealed > 1:
		err = fmt.Errorf("%w (and so it is with %d more)", all[0], sealed-1)
	}
	hint := "give the certificates that the keys of FROM and TO are encrypted to with --certificate; the first one encrypts the copies"
	if away := (*elsewhereError)(nil); errors.As(err, &away) {
		hint = "no certificate opens what is encrypted " + away.with()
	}
	if encrypting {
		hint += "; --skip-unreadable copies as they are the keys that TO does not have"
	}
	return failed(fmt.Errorf("nothing was copied: %w", unreadable(err)), hint)
}
