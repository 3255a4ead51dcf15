package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
)

const (
	propagation = 48 * time.Hour // until a key has reached every node
	newLifetime = 90 * day
)

// createOptions are the flags of create; zero means not given.
type createOptions struct {
	activate, expire time.Time
	lifetime         time.Duration
	algorithms       keyring.Algorithms
}

func (p *program) createCommand() *cobra.Command {
	var o createOptions
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a key and print its id",
		Long: `Make a key and print its id.

The key activates now if the ring has no default key, else in 48 hours: every node
takes the key with the latest activation as soon as it has read it, and ASP.NET
Core reads once a day. First let it reach every node, then let it protect.
--activate overrides that; whether ASP.NET Core nodes may then not know the key, and
until when, is told, here and by doctor. The key expires 90 days after its
activation.

With --certificate the key is encrypted to it, and every node needs it. Without, it
is stored in clear text, but never beside encrypted keys: --unencrypted allows that.

` + timesHelp,
		Example: `  keyctl create
  keyctl create --activate now --lifetime 30d
  keyctl create --encryption AES_256_GCM --activate 2027-01-31T00:00:00Z --expire 2027-06-30T00:00:00Z`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              p.action(func(ctx context.Context, _ []string) error { return p.create(ctx, o) }),
	}
	p.timeFlag(cmd, &o.activate, "activate", "when it begins to protect (default now or +48h, see above)")
	p.timeFlag(cmd, &o.expire, "expire", "when it ceases to protect")
	lifetimeFlag(cmd, &o.lifetime, "lifetime", "the same, counted from the activation (default 90d)")
	algorithmFlags(cmd, &o.algorithms)
	p.createTableFlag(cmd)
	cmd.Flags().BoolVar(&p.unencrypted, "unencrypted", false, "in clear text, even beside keys that are encrypted")
	return cmd
}

func (p *program) create(ctx context.Context, o createOptions) error {
	if !o.expire.IsZero() && o.lifetime != 0 {
		return usagef("--expire and --lifetime say the same: give one")
	}
	if p.unencrypted && len(p.certificates.pairs) > 0 {
		return usagef("--unencrypted and --certificate contradict each other")
	}
	if err := checkAlgorithms(o.algorithms); err != nil {
		return err
	}
	s, err := p.openForWriting(ctx)
	if err != nil {
		return err
	}
	// One instant for the whole command, so that a key which activates now
	// does so at its creation.
	now := dotnet.Truncate(p.start)
	p.now = func() time.Time { return now }
	w := &witness{Repository: s.repo}
	s.repo = w
	m, l, err := p.readRing(ctx, s)
	if err != nil {
		return err
	}
	elements := w.elements
	dates, why, err := o.dates(l, now)
	if err != nil {
		return err
	}
	if !p.unencrypted && p.certificates.encryptor == nil && l.Downgraded() {
		return keyring.ErrEncryptorRequired
	}
	k, err := m.CreateKey(ctx, dates)
	if err != nil {
		return err
	}
	p.begun(s)
	p.note("%s", why)
	if !now.Before(k.ExpirationDate) {
		p.warn("the key is expired, since %s", dotnet.FormatDate(k.ExpirationDate))
	}
	p.warnOfFirst(l, elements)
	p.noteUnpropagated(ctx, m, k)
	l.Keys = append(l.Keys, k)
	chosen := policy().Resolve(now, l.Keys).Default
	if p.json {
		v := viewKey(k, now, chosen != nil && chosen.ID == k.ID)
		if c := p.certificates.encryptor; c != nil {
			p.addProtection(&v, atrest.Protection{Kind: atrest.KindCertificate, Certificates: []*x509.Certificate{c.Certificate()}})
		}
		return p.printJSON(v)
	}
	return p.printLines(k.ID.String())
}

// noteUnpropagated says of a new key until when which nodes may not know it, if it
// protects before then.
func (p *program) noteUnpropagated(ctx context.Context, m *keyring.Manager, k keyring.Key) {
	for _, f := range m.Examine(ctx) {
		if f.Code == keyring.CodeUnpropagatedKey && strings.Contains(f.Message, k.ID.String()) {
			p.note("%s", f.Message)
			p.note("hint: %s", f.Fix)
		}
	}
}

// dates fills in what the flags leave open, and says when the key activates
// and why then.
func (o createOptions) dates(l *keyring.Listing, now time.Time) (keyring.NewKeyOptions, string, error) {
	why := "as --activate says"
	activation := o.activate
	if activation.IsZero() {
		r := policy().Resolve(now, l.Keys)
		if r.Default == nil {
			activation = now
			why = "because the ring has no default key: " + reasonOf(r)
		} else {
			activation = now.Add(propagation)
			why = "so that every node has read it by then (--activate now overrides that)"
		}
	}
	activation = dotnet.Truncate(activation)
	expiration := o.expire
	if expiration.IsZero() {
		expiration = activation.Add(cmp.Or(o.lifetime, newLifetime))
	}
	switch {
	case !dotnet.InRange(expiration):
		return keyring.NewKeyOptions{}, "", usagef("the key would expire after the year 9999")
	case !expiration.After(activation):
		return keyring.NewKeyOptions{}, "", usagef("the key would expire at %s, not after its activation at %s",
			dotnet.FormatDate(expiration), dotnet.FormatDate(activation))
	}
	why = fmt.Sprintf("the key %s, %s", activatesInWords(activation, now), why)
	return keyring.NewKeyOptions{Activation: activation, Expiration: expiration, Algorithms: o.algorithms}, why, nil
}

// activatesInWords says when a key activates, seen from now.
func activatesInWords(t, now time.Time) string {
	switch d := t.Sub(now); {
	case d.Abs() < time.Second:
		return "activates now"
	case d < 0:
		return fmt.Sprintf("is active since %s, %s ago", dotnet.FormatDate(t), inWords(d))
	default:
		return fmt.Sprintf("activates in %s, at %s", inWords(d), dotnet.FormatDate(t))
	}
}
