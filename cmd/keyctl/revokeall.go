package main

import (
	"context"
	"errors"
	"fmt"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
)

// revokeAll revokes every key created before a time.
func (p *program) revokeAll(ctx context.Context, o revokeOptions) error {
	if o.before.After(p.start) && !o.force {
		return failed(fmt.Errorf("--before %s is in the future", dotnet.FormatDate(o.before)),
			"it would revoke keys that are still to be made, and none could be made until then; --force does it all the same")
	}
	if err := p.mayWrite(); err != nil {
		return err
	}
	s, err := p.openExisting(ctx)
	if err != nil {
		return err
	}
	m, l, err := p.readRing(ctx, s)
	if err != nil {
		return orForce(err)
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
	if len(atStake)+len(done.Already) == 0 && !o.force {
		return &failure{exitUnmet, fmt.Errorf("no key in %s is to be revoked, and nothing was written", s.place),
			s.isItRight() + " --force writes the record all the same"}
	}
	if err := p.preview(atStake); err != nil {
		return err
	}
	which := "now in the ring"
	if !o.before.IsZero() {
		which = "created before " + dotnet.FormatDate(o.before)
	}
	which = fmt.Sprintf("%s: %s", which, count(len(atStake), "key"))
	if n := len(done.Already); n > 0 {
		which += fmt.Sprintf(", beside %d already revoked", n)
	}
	p.note("this revokes every key %s", which)
	p.note("nothing that a revoked key has protected will open any more")
	p.warnOfOtherOwner(s)
	if err := p.confirm(fmt.Sprintf("revoke %s in %s?", count(len(atStake), "key"), s.place), o.yes); err != nil {
		return err
	}
	r, err := m.RevokeAllKeys(ctx, o.before, o.reason)
	p.warnOfMisleading(r)
	done.Names = append(done.Names, r.Names...)
	switch {
	case err == nil:
		done.Revoked, err = p.newlyRevoked(ctx, m, l, atStake)
	case len(done.Names) == 0:
		err = fmt.Errorf("nothing was revoked: %w", err)
	default:
		err = fmt.Errorf("not every key is revoked: %w", err)
		var readErr error
		done.Revoked, readErr = p.newlyRevoked(ctx, m, l, nil)
		err = errors.Join(err, readErr)
	}
	p.noteNoDefault(l, done)
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
