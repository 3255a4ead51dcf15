package main

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// maxCopies bounds how often copy starts over because nodes still write to FROM.
const maxCopies = 5

// copiedView is what copying did, as copy prints it.
type copiedView struct {
	From     string           `json:"from"`
	To       string           `json:"to"`
	Copied   []string         `json:"copied"`  // ids of keys
	Names    []string         `json:"names"`   // of every element stored, as in FROM
	Skipped  []string         `json:"skipped"` // names of keys that were not encrypted
	Already  int              `json:"already"` // elements that TO had
	Others   []string         `json:"others"`  // ids of keys that TO alone has
	Verified int              `json:"verified"`
	Under    *certificateView `json:"encryptedTo"`
	DryRun   bool             `json:"dryRun"`
}

// copying is one call of copy.
type copying struct {
	*program
	m        *keyring.Manager
	from, to *store
	options  keyring.CopyOptions
}

// run copies until nothing is left. The result is that of all rounds together.
func (c *copying) run(ctx context.Context) (all keyring.CopyResult, err error) {
	for range maxCopies {
		r, err := c.m.CopyTo(ctx, c.to.repo, c.options)
		if all.Copied == nil {
			all.Already, all.Others = r.Already, r.Others
		}
		all.Copied = append(all.Copied, r.Copied...)
		all.Verified = r.Verified
		if err != nil || !r.Changed {
			return all, err
		}
	}
	return all, errors.New("nodes go on writing to FROM")
}

// preview shows what would be copied, and what that does to TO.
func (c *copying) preview(ctx context.Context, plan keyring.CopyResult, l *keyring.Listing, elements []xmlrepo.Element) error {
	views := viewAll(l, c.now())
	c.viewProtection(views, elements)
	plainText := 0
	copied := map[string]bool{} // names of keys
	for _, e := range plan.Copied {
		if e.Err != nil {
			c.warn("%s is copied as it is: %s", e.Name, plain(e.Err))
		}
		if e.Plain {
			plainText++
		}
		copied[e.Name] = e.Kind == keyring.CopiedKey
	}
	atStake := slices.DeleteFunc(views, func(v keyView) bool { return !copied[v.Name] })
	if err := c.program.preview(atStake); err != nil {
		return err
	}
	if n := len(plan.Already); n > 0 {
		c.note("%s in %s already", countAre(n, "element"), c.to.place)
	}
	if len(plan.Copied) == 0 {
		c.note("there is nothing to do")
		return nil
	}
	keys := len(atStake)
	what := count(keys, "key")
	if n := len(plan.Copied) - keys; n > 0 {
		what += " and " + count(n, "revocation")
	}
	c.note("this copies %s from %s to %s", what, c.from.place, c.to.place)
	if err := c.warnOfCertificate(ctx, keys-plainText); err != nil {
		return err
	}
	if plainText > 0 {
		c.warn("%s in clear text there: whoever can read %s can forge and open everything (--certificate encrypts)", countAre(plainText, "key"), c.to.place)
	}
	if n := len(plan.Others); n > 0 {
		c.warn("%s has %s that %s has not: this makes one ring of both", c.to.place, count(n, "key"), c.from.place)
		if slices.ContainsFunc(plan.Copied, func(e keyring.CopiedElement) bool {
			return e.Kind == keyring.CopiedRevocation && e.ID == uuid.UUID{}
		}) {
			c.warn("a revocation of all keys before a date is copied: it holds for those of %s too", c.to.place)
		}
	}
	return nil
}

// warnOfCertificate tells of encrypted keys that are to come among keys in clear
// text: the nodes there may have nothing to open them with.
func (c *copying) warnOfCertificate(ctx context.Context, encrypted int) error {
	if encrypted == 0 || c.to.absent {
		return nil
	}
	_, l, err := c.readRing(ctx, c.to)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(l.Keys, func(k keyring.Key) bool { return !k.EncryptedAtRest }) {
		c.warn("%s has keys in clear text, and %s encrypted: every node that uses it needs the certificate first, or cannot use them", c.to.place, countAre(encrypted, "new key"))
	}
	return nil
}

// print tells what was done.
func (c *copying) print(r keyring.CopyResult, dryRun bool) error {
	v := copiedView{From: c.from.place, To: c.to.place, Copied: []string{}, Names: []string{}, Skipped: []string{},
		Already: len(r.Already), Others: []string{}, Verified: r.Verified, DryRun: dryRun}
	for _, e := range r.Copied {
		v.Names = append(v.Names, e.Name)
		if e.Kind == keyring.CopiedKey && e.ID != (uuid.UUID{}) {
			v.Copied = append(v.Copied, e.ID.String())
		}
		if e.Err != nil {
			v.Skipped = append(v.Skipped, e.Name)
		}
	}
	for _, id := range r.Others {
		v.Others = append(v.Others, id.String())
	}
	if c.options.Encryptor != nil {
		view := c.viewCertificate(c.certificates.encryptor.Certificate())
		view.Available = true
		v.Under = &view
	}
	switch {
	case dryRun:
		c.note("nothing was copied (--dry-run)")
	case r.Verified > 0:
		c.note("%s copied; all %d of FROM are in %s", count(len(r.Copied), "element"), r.Verified, c.to.place)
	}
	if c.json {
		return c.printJSON(v)
	}
	return c.printLines(v.Copied...)
}
