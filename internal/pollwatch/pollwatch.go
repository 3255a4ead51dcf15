// Package pollwatch finds out that a store has changed by looking at it now and
// then, and sooner when somebody drops a hint.
package pollwatch

import (
	"context"
	"math/rand/v2"
	"time"
)

// Watch says how a store is watched.
type Watch struct {
	// Interval is the time between two looks. Up to a fifth is taken off at
	// random, so that nodes that start together do not look together. A look
	// that failed is repeated sooner: first after a second, then after two, at
	// last every five.
	Interval time.Duration

	// Look returns a text for the present state of the store. That it cannot
	// be looked at counts as a state too: its beginning and its end are
	// changes, and a reader that has failed hears when to try again.
	Look func(ctx context.Context) (string, error)

	// Hints, unless nil, bring texts for states of which others tell. The
	// empty one tells nothing but that it is time for a look, and Again that
	// a connection was lost and is back.
	Hints <-chan string
}

// Again is a hint to look, and to take what is there for a change even if it is
// what was there before: whoever was told of that may have tried to read it when
// there was no connection.
const Again = "\x01"

// failed is the state of a store that cannot be looked at. Look returns no
// control characters.
const failed = "\x00"

const firstRetry, lastRetry = time.Second, 5 * time.Second

// Run looks until ctx is done, and sends to out after every change. It never
// waits for a receiver: out needs room for one value, which then tells of every
// change that came since. The first state it learns is a change, because nobody
// can tell what was before.
func (w Watch) Run(ctx context.Context, out chan<- struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	hints := w.Hints
	last, retry := "", firstRetry
	for {
		state := ""
		select {
		case <-ctx.Done():
			return
		case hint, ok := <-hints:
			if !ok {
				hints = nil
				continue
			}
			if state = hint; hint == Again {
				last, state = "", ""
			}
		case <-timer.C:
		}
		if state == "" {
			state = w.look(ctx)
			wait := w.Interval
			if state != failed {
				retry = firstRetry
			} else if retry < wait {
				wait, retry = retry, min(2*retry, lastRetry)
			}
			timer.Reset(wait - time.Duration(rand.Float64()*0.2*float64(wait)))
		}
		if state == last || ctx.Err() != nil {
			continue
		}
		last = state
		select {
		case out <- struct{}{}:
		default: // the value that is still waiting tells of this change too
		}
	}
}

func (w Watch) look(ctx context.Context) string {
	state, err := w.Look(ctx)
	if err != nil {
		return failed
	}
	return state
}
