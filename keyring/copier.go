package keyring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/google/uuid"

	"dataprotection.example/internal/secret"
	"dataprotection.example/xmlrepo"
)

// copier is one call of CopyTo.
type copier struct {
	manager  *Manager
	to       xmlrepo.Repository
	options  CopyOptions
	wrapping wrapping
	result   *CopyResult

	source, target *copyRing
	found          map[int]fingerprint // what was found the same in the target, by position in the source
	sealed         map[int]fingerprint // what was stored newly encrypted, likewise
	names          map[string]copyStep // which element is to get a name
}

// copyStep is one element to be stored.
type copyStep struct {
	at     int // in the source
	told   CopiedElement
	stored xmlrepo.Element // without Location
}

func (c *copier) run(ctx context.Context) (err error) {
	if c.source, err = readCopyRing(ctx, "source", c.manager.repo); err != nil {
		return err
	}
	if c.target, err = readCopyRing(ctx, "target", c.to); err != nil {
		return err
	}
	for _, k := range c.target.keys {
		if !c.source.hasKey(k.ID) {
			c.result.Others = append(c.result.Others, k.ID)
		}
	}
	plan, err := c.plan(ctx)
	if err != nil {
		return err
	}
	if c.options.DryRun {
		for _, step := range plan {
			c.result.Copied = append(c.result.Copied, step.told)
		}
		return nil
	}
	for _, step := range plan {
		if err := c.store(ctx, step); err != nil {
			return err
		}
	}
	if err := c.verify(ctx); err != nil {
		return err
	}
	now, err := c.manager.repo.Elements(ctx)
	if err != nil {
		return &copyError{"source", err}
	}
	c.result.Changed = slices.ContainsFunc(now, func(e xmlrepo.Element) bool { return c.source.withContent(e.XML) < 0 })
	return nil
}

// plan finds what the target lacks and encrypts it, in memory.
func (c *copier) plan(ctx context.Context) (plan []copyStep, err error) {
	var faults []error
	for _, at := range c.source.order() {
		var step copyStep
		var needed bool
		secret.Do(func() { step, needed, err = c.prepare(ctx, at) })
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			faults = append(faults, err)
		case needed:
			plan = append(plan, step)
		default:
			c.result.Already = append(c.result.Already, step.told)
		}
	}
	return plan, errors.Join(faults...)
}

// prepare makes of an element of the source what is to be stored, if that is needed.
func (c *copier) prepare(ctx context.Context, at int) (step copyStep, needed bool, err error) {
	e := c.source.elements[at]
	step = copyStep{at: at, told: c.source.tell(at), stored: xmlrepo.Element{XML: e.XML}}
	there, err := c.find(ctx, c.target, at)
	if err != nil {
		return step, false, err
	}
	if there >= 0 {
		step.told.Plain = IsPlainKey(c.target.elements[there].XML)
		return step, false, nil
	}
	name, twin, err := c.chooseName(at)
	if err != nil {
		return step, false, err
	}
	if twin != nil {
		step.told.Plain = twin.told.Plain
		return step, false, nil
	}
	step.stored.Name = name
	if c.options.Encryptor != nil && step.told.Kind == CopiedKey {
		wrapped, err := c.wrap(ctx, e)
		switch {
		case wrapped != nil:
			step.stored.XML, step.told.Reencrypted = wrapped, true
		case c.options.SkipUnreadable && errors.Is(err, errCannotOpen):
			step.told.Err = err
		case err != nil:
			return step, false, &ElementError{e.Name, e.Location, err}
		}
	}
	step.told.Plain = IsPlainKey(step.stored.XML)
	c.names[name] = step
	return step, true, nil
}

// maxStoreTurns bounds how often an element is tried to be stored whose name is
// taken by something that is then gone.
const maxStoreTurns = 3

// store stores one element, unless it has come into the target in the meantime.
func (c *copier) store(ctx context.Context, step copyStep) error {
	for range maxStoreTurns {
		err := c.to.Store(ctx, step.stored)
		if err == nil {
			c.found[step.at] = fingerprintOf(step.stored.XML)
			if step.told.Reencrypted {
				c.sealed[step.at] = c.found[step.at]
			}
			c.result.Copied = append(c.result.Copied, step.told)
			c.log(ctx, step)
			return nil
		}
		if !errors.Is(err, xmlrepo.ErrExist) {
			return fmt.Errorf("keyring: storing %s in the target: %w", step.stored.Name, err)
		}
		// Somebody was faster, or the store keeps no names and has something
		// that it calls the same.
		if c.target, err = readCopyRing(ctx, "target", c.to); err != nil {
			return err
		}
		there, err := c.find(ctx, c.target, step.at)
		if err != nil {
			return err
		}
		if there >= 0 {
			step.told.Plain, step.told.Reencrypted, step.told.Err = IsPlainKey(c.target.elements[there].XML), false, nil
			c.result.Already = append(c.result.Already, step.told)
			return nil
		}
		delete(c.names, step.stored.Name)
		name, _, err := c.chooseName(step.at)
		if err != nil {
			return err
		}
		step.stored.Name = cmp.Or(name, step.stored.Name)
	}
	return c.nameTaken(step.at, c.source.contentName(step.at))
}

func (c *copier) log(ctx context.Context, step copyStep) {
	what, attrs := "element copied", []slog.Attr{slog.String("event", "element.copied")}
	if step.told.Kind == CopiedKey {
		what, attrs[0] = "key copied", slog.String("event", "key.copied")
	}
	if step.told.ID != (uuid.UUID{}) {
		attrs = append(attrs, slog.String("id", step.told.ID.String()))
	}
	attrs = append(attrs, slog.String("name", step.stored.Name))
	c.manager.opts.Logger.LogAttrs(ctx, slog.LevelInfo, what, attrs...)
}

// verify reads the target again and looks for every element of the source.
func (c *copier) verify(ctx context.Context) (err error) {
	if c.target, err = readCopyRing(ctx, "target", c.to); err != nil {
		return err
	}
	var faults []error
	for at, e := range c.source.elements {
		there, err := c.find(ctx, c.target, at)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			faults = append(faults, err)
		case there < 0:
			faults = append(faults, &ElementError{e.Name, e.Location, errors.New("it was copied, and is not in the target now")})
		case !c.staysSealed(ctx, at, c.target.elements[there]):
			faults = append(faults, &ElementError{e.Name, e.Location, errors.New("it was encrypted in the target, and does not open there now as it should")})
		default:
			c.result.Verified++
		}
	}
	return errors.Join(faults...)
}
