package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"dataprotection.example/internal/dotnet"
)

// revokeBetween revokes every key that was active in a period.
func (p *program) revokeBetween(ctx context.Context, o revokeOptions) error {
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
	var atStake []keyView
	var ids []uuid.UUID // those that are revoked already too, so that they are told
	already := 0
	for _, v := range viewAll(l, p.now()) {
		switch {
		case v.CreationDate == nil:
			p.warn("whether key %s was active then cannot be told, because its file is at fault: %s", v.id(), v.at)
		case v.key.ActivationDate.After(o.active.to) || !v.key.ExpirationDate.After(o.active.from):
		case v.key.Revoked:
			ids = append(ids, v.key.ID)
			already++
		default:
			ids = append(ids, v.key.ID)
			atStake = append(atStake, v)
		}
	}
	if len(ids) == 0 {
		return &failure{exitUnmet, fmt.Errorf("no key in %s was active from %s to %s, and nothing was written",
			s.place, dotnet.FormatDate(o.active.from), dotnet.FormatDate(o.active.to)), "keyctl list shows when the keys are active"}
	}
	if err := p.preview(atStake); err != nil {
		return err
	}
	which := count(len(atStake), "key")
	if already > 0 {
		which += fmt.Sprintf(", beside %d already revoked", already)
	}
	p.note("this revokes every key that was active from %s to %s: %s",
		dotnet.FormatDate(o.active.from), dotnet.FormatDate(o.active.to), which)
	p.note("nothing that a revoked key has protected will open any more")
	p.warnOfOtherOwner(s)
	if err := p.confirm(fmt.Sprintf("revoke %s in %s?", count(len(atStake), "key"), s.place), o.yes); err != nil {
		return err
	}
	return p.revokeEach(ctx, m, l, ids, o.reason)
}
