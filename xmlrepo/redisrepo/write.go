package redisrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"dataprotection.example/internal/elementtext"
	"dataprotection.example/xmlrepo"
)

// attempts is how often a write is sent whose answer does not come. That another
// writer was faster is an answer.
const attempts = 4

// Store implements Repository. One script looks for the name and appends the
// element. Where something in the list may have the name, it leaves that to be
// read here, and then appends only if the list has not changed. When an answer is
// lost with the connection, the list tells what it was.
//
// A value that is no element keeps nobody from storing another.
func (l *List) Store(ctx context.Context, e xmlrepo.Element) error {
	if err := ctx.Err(); err != nil {
		return l.fault("store in", err)
	}
	e, err := xmlrepo.Normalize(e)
	if err != nil {
		return err
	}
	name, needle, err := nameOf(e)
	if err != nil {
		return err
	}
	state := "" // in which the name is known to be free
	return l.persist(ctx, "store in", func(uncertain bool) (done bool, err error) {
		reply, err := l.send(ctx, storeScript, l.channel, state, e.XML, needle)
		if err != nil || len(reply) == 0 {
			return err == nil, err
		}
		now, err := l.contents(reply)
		if err != nil {
			return false, err
		}
		state = now.state
		switch present := elementtext.Find(now.elements, name); {
		case present == nil:
			return false, nil
		case uncertain && bytes.Equal(present.XML, e.XML):
			return true, nil // it was the answer that was lost
		}
		return false, fmt.Errorf("%w: %q", xmlrepo.ErrExist, name)
	})
}

// Replace implements Replacer. What was one element in several values stays so.
func (l *List) Replace(ctx context.Context, old, with xmlrepo.Element) error {
	if err := ctx.Err(); err != nil {
		return l.fault("replace in", err)
	}
	if old.Name != with.Name {
		return fmt.Errorf("redisrepo: the element %q was to be replaced by one called %q", old.Name, with.Name)
	}
	before, _, err := nameOf(old)
	if err != nil {
		return err
	}
	after, _, err := nameOf(with)
	if err != nil {
		return err
	}
	if before != after {
		return fmt.Errorf("redisrepo: the element %q was to be replaced by one whose content calls it %q", before, after)
	}
	with, err = xmlrepo.Normalize(xmlrepo.Element{Name: after, XML: with.XML})
	if err != nil {
		return err
	}
	return l.persist(ctx, "replace in", func(uncertain bool) (done bool, err error) {
		reply, err := l.client.Eval(ctx, readScript, []string{l.key}).Slice()
		if err != nil {
			return false, err
		}
		now, err := l.contents(reply)
		if err != nil {
			return false, err
		}
		present := elementtext.Find(now.elements, old.Name)
		switch {
		case present != nil && bytes.Equal(present.XML, old.XML):
		case uncertain && now.holds(with.XML):
			return true, nil
		default:
			return false, fmt.Errorf("%w: %q", xmlrepo.ErrChanged, old.Name)
		}
		args := []any{l.channel, now.state, with.XML}
		for _, index := range present.Values {
			args = append(args, index)
		}
		reply, err = l.send(ctx, replaceScript, args...)
		return err == nil && len(reply) == 0, err
	})
}

// Remove implements Remover. With an element goes every value that holds it.
func (l *List) Remove(ctx context.Context, choose func([]xmlrepo.Element) []xmlrepo.Element) error {
	if err := ctx.Err(); err != nil {
		return l.fault("remove from", err)
	}
	texts, err := l.client.LRange(ctx, l.key, 0, -1).Result()
	if err != nil {
		return l.fault("remove from", err)
	}
	found, err := l.understand(texts)
	if err != nil {
		return err
	}
	names, err := xmlrepo.ChosenNames(elements(found), choose)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return l.fault("remove from", err)
		}
		args := []any{l.channel}
		for _, i := range elementtext.Find(found, name).Values {
			args = append(args, texts[i])
		}
		if err := l.client.Eval(ctx, removeScript, []string{l.key}, args...).Err(); err != nil {
			return l.fault("remove from", err)
		}
	}
	return nil
}

// contents is what the list held at one moment, or a part of it.
type contents struct {
	state    string
	elements []elementtext.Element
}

// holds reports whether an element is there, under whatever name.
func (c contents) holds(xml []byte) bool {
	for _, e := range c.elements {
		if bytes.Equal(e.XML, xml) {
			return true
		}
	}
	return false
}

// contents reads what a script answered: the state, and values. One that is no
// element has no name, and is left out.
func (l *List) contents(reply []any) (contents, error) {
	if len(reply) == 2 {
		state, isText := reply[0].(string)
		values, isList := reply[1].([]any)
		texts := make([]string, len(values))
		for i, value := range values {
			texts[i], _ = value.(string)
		}
		if isText && isList {
			found, _ := l.understand(texts)
			return contents{state, found}, nil
		}
	}
	return contents{}, errors.New("the answer is not one of the script")
}

// persist calls try until it is done or fails. A try that is not done lost a race
// with another writer. One whose answer was lost is repeated a few times; those
// that follow are told that it may have succeeded.
func (l *List) persist(ctx context.Context, what string, try func(uncertain bool) (done bool, err error)) error {
	for failures, rounds := 0, 0; ; rounds++ {
		done, err := try(failures > 0)
		var lost *lostError
		switch {
		case done:
			return nil
		case err == nil && rounds > 1:
			err = pause(ctx, rand.N(5*time.Millisecond))
		case errors.As(err, &lost) && failures+1 < attempts && ctx.Err() == nil:
			failures++
			err = pause(ctx, time.Duration(failures)*50*time.Millisecond)
		}
		if err != nil {
			return l.fault(what, err)
		}
	}
}

// lostError is the error of a write that has no answer.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// once is a command that the client sends one time at most. To repeat a write
// whose answer is lost, one needs to look first.
type once struct{ *redis.Cmd }

// NoRetry tells the client.
func (once) NoRetry() bool { return true }

// send runs a script that writes.
func (l *List) send(ctx context.Context, script string, args ...any) ([]any, error) {
	cmd := once{redis.NewCmd(ctx, append([]any{"eval", script, 1, l.key}, args...)...)}
	cmd.SetFirstKeyPos(3)
	if err := l.client.Process(ctx, cmd); err != nil {
		if !refused(err) {
			err = &lostError{err}
		}
		return nil, err
	}
	return cmd.Slice()
}

// nameOf returns the name that the content of e says, and its needle.
func nameOf(e xmlrepo.Element) (name, needle string, err error) {
	root, err := elementtext.Parse(string(e.XML))
	if err != nil {
		return "", "", fmt.Errorf("redisrepo: element %q: %w", e.Name, xmlrepo.Malformed(err))
	}
	return elementtext.Name(root), elementtext.Needle(root), nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
