package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/xmlrepo"
)

// rewrapOptions are the flags of rewrap.
type rewrapOptions struct {
	to             string
	backup         string // may be empty
	noBackup       bool
	skipUnreadable bool
	dryRun         bool
	yes            bool
}

// rewrappedView is what rewrapping did, as rewrap prints it.
type rewrappedView struct {
	To          certificateView `json:"to"`
	Rewrapped   []string        `json:"rewrapped"` // ids
	Skipped     []string        `json:"skipped"`   // ids
	Already     int             `json:"already"`   // keys that needed nothing done
	Names       []string        `json:"names"`     // of the elements replaced
	Backup      *string         `json:"backup"`
	PlainBackup bool            `json:"plainBackup"` // it holds keys in clear text
	// PlainBackups are all that do: --backup, and those beside the ring.
	PlainBackups []string `json:"plainBackups"`
	DryRun       bool     `json:"dryRun"`
}

func (p *program) rewrapCommand() *cobra.Command {
	var o rewrapOptions
	cmd := &cobra.Command{
		Use:   "rewrap --to FILE",
		Short: "Encrypt every key to another certificate, or to the first",
		Long: `Encrypt every key of the ring to the certificate in a file, which must have its
private key: a ring in clear text to its first certificate, or one that is encrypted
to those of --certificate to the next. The keys stay what they are, and payloads
open as before.

Install the new certificate on every node first: a node without it loses the keys.
If the old one was stolen this is not enough: who had it may have read the keys.
Then revoke them (keyctl revoke --all).

Every key is opened, encrypted, opened again and compared before the first is
replaced. The ring as it was is copied to the directory --backup, or if the ring is
a directory, beside it. There is a preview and a question (or --yes). Whenever it
ends, even killed, the ring is good for nodes with both certificates, and running it
again does what is left; a backup that was begun is gone on with. Backups that hold
keys in clear text are told every time, with the command that destroys them.`,
		Example: `  keyctl certificate new /etc/shop/ring-2028.pem
  keyctl --certificate /etc/shop/ring-2027.pem rewrap --to /etc/shop/ring-2028.pem`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              p.action(func(ctx context.Context, _ []string) error { return p.rewrap(ctx, o) }),
	}
	flags := cmd.Flags()
	flags.Var(&value[string]{target: &o.to, parse: parseDir, kind: "FILE"}, "to", "the certificate (PEM or PFX) that the keys get")
	flags.Var(&value[string]{target: &o.backup, parse: parseDir, kind: "DIR"}, "backup", "where the ring is copied to first (default beside a directory, <ring>.backup-<UTC>)")
	flags.BoolVar(&o.noBackup, "no-backup", false, "make no copy")
	flags.BoolVar(&o.skipUnreadable, "skip-unreadable", false, "leave keys alone that cannot be opened here")
	flags.BoolVar(&o.dryRun, "dry-run", false, "only try, and show what would be done")
	flags.BoolVar(&o.yes, "yes", false, "do not ask")
	_ = cmd.MarkFlagFilename("to", "pem", "pfx", "p12")
	_ = cmd.MarkFlagDirname("backup")
	return cmd
}

func (p *program) rewrap(ctx context.Context, o rewrapOptions) error {
	switch {
	case o.to == "":
		return usagef("--to is missing: the certificate that the keys get")
	case o.backup != "" && o.noBackup:
		return usagef("--backup and --no-backup exclude each other")
	}
	if err := p.mayWrite(); err != nil && !o.dryRun {
		return err
	}
	to, options, err := p.rewrapTo(o)
	if err != nil {
		return err
	}
	s, err := p.openExisting(ctx)
	if err != nil {
		return err
	}
	p.warnOfOtherOwner(s)
	if !o.noBackup && o.backup == "" {
		if s.dir == "" {
			return usagef("--backup is missing: the directory that the ring is copied to first (or --no-backup)")
		}
		o.backup = p.newBackup(s.dir)
	}
	var backup xmlrepo.Repository
	if !o.noBackup {
		if err := checkBackup(o.backup, s.dir); err != nil {
			return err
		}
		if backup, err = xmlrepo.NewDir(o.backup, xmlrepo.DirOptions{Now: p.now}); err != nil {
			return err
		}
	}
	ring := p.options()
	ring.Decryptors = p.certificates.decryptors(p, true)
	m, err := keyring.NewManager(s.repo, ring)
	if err != nil {
		return err
	}
	plan, err := m.Rewrap(ctx, options(backup, true))
	if err != nil {
		return cannotRewrap(err)
	}
	if err := p.previewRewrap(ctx, plan, s, to, o); err != nil {
		return err
	}
	if o.dryRun {
		return p.printRewrapped(plan, to, s, o)
	}
	nothing := len(plan.Rewrapped) == 0 && p.isTerminal(p.stdin) // a script learns of a missing --yes at once
	if err := p.confirm(fmt.Sprintf("encrypt %s in %s anew?", count(len(plan.Rewrapped), "key"), s.place), o.yes || nothing); err != nil {
		return err
	}
	done, err := m.Rewrap(ctx, options(backup, false))
	if err != nil {
		err = failed(err, "the ring is good for nodes with both certificates: run this again to do what is left")
	}
	return errors.Join(p.printRewrapped(done, to, s, o), err)
}

// rewrapTo loads the certificate to encrypt to, and returns what makes the
// options of a rewrapping to it.
func (p *program) rewrapTo(o rewrapOptions) (to atrest.KeyPair, options func(backup xmlrepo.Repository, dryRun bool) keyring.RewrapOptions, err error) {
	if to, err = p.loadCertificate(o.to); err != nil {
		return to, nil, fmt.Errorf("--to: %w", err)
	}
	if !to.HasPrivateKey() {
		return to, nil, failed(fmt.Errorf("--to: %s: there is no private key in it, to test what is encrypted to it", o.to), "give the file that the nodes get")
	}
	p.warnOfDates(to.Certificate())
	encryptor, err := atrest.NewCertificateEncryptor(to.Certificate(), atrest.CertificateEncryptorOptions{})
	if err != nil {
		return to, nil, err
	}
	// It knows only the certificate itself: what a renewed one's key opens too
	// is still to be rewrapped.
	decryptor, err := atrest.NewCertificateDecryptor(atrest.CertificateDecryptorOptions{Now: p.now}, to)
	return to, func(backup xmlrepo.Repository, dryRun bool) keyring.RewrapOptions {
		return keyring.RewrapOptions{Encryptor: encryptor, Decryptors: []keyring.XMLDecryptor{decryptor},
			Backup: backup, SkipUnreadable: o.skipUnreadable, DryRun: dryRun}
	}, err
}

// cannotRewrap adds to the error of a dry run what to do about it.
func cannotRewrap(err error) error {
	if errors.Is(err, keyring.ErrForeignBackup) {
		return failed(fmt.Errorf("nothing was changed: %s", plain(err)), backupHint)
	}
	f := asFailure(unreadable(err), true)
	if away := (*elsewhereError)(nil); errors.As(err, &away) {
		f.hint = "no certificate opens what is encrypted " + away.with() + ": --skip-unreadable leaves such keys alone; for the others give theirs with --certificate"
	} else if errors.Is(err, keyring.ErrDecryptionKeyMissing) {
		f.hint = "give the certificates that the keys are encrypted to with --certificate; --skip-unreadable leaves those keys alone"
	}
	return failed(fmt.Errorf("nothing was changed: %s", plain(f.err)), f.hint)
}

// previewRewrap shows what would be encrypted anew.
func (p *program) previewRewrap(ctx context.Context, plan keyring.RewrapResult, s *store, to atrest.KeyPair, o rewrapOptions) error {
	for _, k := range plan.Skipped {
		p.warn("%s is left alone: %s", k.Name, plain(k.Err))
	}
	if plan.Already > 0 {
		p.note("%s encrypted to %s already", countAre(plan.Already, "key"), nameOf(to.Certificate()))
	}
	if len(plan.Rewrapped) == 0 {
		p.note("there is nothing to do")
		return nil
	}
	w := &witness{Repository: s.repo}
	_, l, err := p.readRing(ctx, &store{repo: w})
	if err != nil {
		return err
	}
	views := viewAll(l, p.now())
	p.viewProtection(views, w.elements)
	var atStake []keyView
	for _, v := range views {
		if slices.ContainsFunc(plan.Rewrapped, func(k keyring.RewrappedKey) bool { return k.Name == v.Name }) {
			atStake = append(atStake, v)
		}
	}
	if err := p.preview(atStake); err != nil {
		return err
	}
	p.note("this encrypts %s to %s, valid until %s", count(len(plan.Rewrapped), "key"), nameOf(to.Certificate()), until(to.Certificate()))
	p.warn("install that certificate with its private key on every node first: a node without it cannot read these keys any more")
	p.note("after an old certificate was stolen, this is not enough: revoke the keys (keyctl revoke --all)")
	switch {
	case o.noBackup:
		p.note("there will be no backup")
	case wasPlain(plan):
		p.warn("the backup %s will hold keys in clear text", o.backup)
	default:
		p.note("the backup will be %s", o.backup)
	}
	return nil
}

func wasPlain(r keyring.RewrapResult) bool {
	return slices.ContainsFunc(r.Rewrapped, func(k keyring.RewrappedKey) bool { return k.WasPlain })
}

func (p *program) printRewrapped(r keyring.RewrapResult, to atrest.KeyPair, s *store, o rewrapOptions) error {
	v := rewrappedView{To: p.viewCertificate(to.Certificate()), Rewrapped: []string{}, Skipped: []string{}, Already: r.Already,
		Names: []string{}, PlainBackup: r.PlainBackup, PlainBackups: []string{}, DryRun: o.dryRun}
	v.To.Available = true
	for _, k := range r.Rewrapped {
		v.Names = append(v.Names, k.Name)
		v.Rewrapped = append(v.Rewrapped, k.ID.String())
	}
	for _, k := range r.Skipped {
		if k.ID != (uuid.UUID{}) {
			v.Skipped = append(v.Skipped, k.ID.String())
		}
	}
	if r.BackedUp > 0 {
		v.Backup = &o.backup
	}
	switch {
	case o.dryRun:
		p.note("nothing was changed (--dry-run)")
	case len(r.Rewrapped) > 0:
		p.note("%s encrypted to %s", count(len(r.Rewrapped), "key"), nameOf(to.Certificate()))
		p.note("let every node encrypt with it from now on; if one has written a key in another way, run this again")
	}
	v.PlainBackups = append(v.PlainBackups, plainBackups(s.dir, o.backup)...)
	p.noteBackups(r.BackedUp > 0, o.backup, v.PlainBackups)
	if p.json {
		return p.printJSON(v)
	}
	return p.printLines(v.Rewrapped...)
}
