package farmtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
)

// What a ring promises whoever asks for a key that it does not have: a look at the
// store, at most one such look a second, and an answer within two.
const (
	between  = time.Second
	patience = 2 * time.Second
)

// forgers is how many at once send a node payloads under keys that nobody has made.
// Beyond 1,000 it answers them without a look.
const forgers = 500

// flooded is what came of a flood.
type flooded struct {
	Refused uint64        // forged payloads, as under an unknown key
	Looks   uint64        // at the store
	Lasted  time.Duration // the flood
}

// flood is what a node lives through at its other end.
type flood struct {
	ring    *keyring.Ring
	began   time.Time
	looks   uint64 // before
	stop    context.CancelFunc
	forgers sync.WaitGroup
	refused atomic.Uint64
	failed  atomic.Pointer[error] // another answer than it should have been
}

// begin sends forgeries of a payload until the end.
func (f *flood) begin(ring *keyring.Ring, p *protector.Protector, payload []byte) {
	ctx, stop := context.WithCancel(context.Background())
	f.ring, f.stop, f.began, f.looks = ring, stop, time.Now(), ring.Metrics().Refreshes
	for range forgers {
		f.forgers.Go(func() {
			forged := slices.Clone(payload)
			for ctx.Err() == nil {
				rand.Read(forged[4:20]) // the key's id
				_, err := p.Unprotect(ctx, forged)
				switch {
				case errors.Is(err, keyring.ErrKeyNotFound):
					f.refused.Add(1)
				case ctx.Err() == nil:
					err = fmt.Errorf("a forged payload: %w", err)
					f.failed.CompareAndSwap(nil, &err)
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
}

// end tells what came of it.
func (f *flood) end() (flooded, error) {
	sum := flooded{Looks: f.ring.Metrics().Refreshes - f.looks, Lasted: time.Since(f.began)}
	f.stop()
	f.forgers.Wait()
	sum.Refused = f.refused.Swap(0)
	if err := f.failed.Swap(nil); err != nil {
		return sum, *err
	}
	return sum, nil
}

// A node is flooded with payloads under keys that do not exist. 300 ms later, or
// later still, another process makes a key, and the first payload under it opens: on
// a node that hears of new files, and on one that hears of nothing and has to look.
func TestFloodOfUnknownKeys(t *testing.T) {
	for _, kind := range []string{"", "unwatched://"} {
		t.Run(kind+"directory", func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "ring")
			elsewhere := startNode(t, dir, false)
			defer elsewhere.kill()
			target := startNode(t, kind+dir, true)
			defer target.kill()
			sample := elsewhere.ask(t, request{Op: "protect", Data: []byte("a sample")}).Data

			var waits []time.Duration
			var sum flooded
			for _, pause := range []time.Duration{300 * time.Millisecond, 600 * time.Millisecond, 950 * time.Millisecond} {
				target.ask(t, request{Op: "flood", Data: sample})
				time.Sleep(pause)
				waits = append(waits, firstPayload(t, elsewhere, target))
				r := target.ask(t, request{Op: "calm"})
				if r.Error != "" {
					t.Error(r.Text)
				}
				sum.Refused += r.Flood.Refused
				sum.Looks += r.Flood.Looks
				sum.Lasted += r.Flood.Lasted
				if most := uint64(r.Flood.Lasted/between) + 1; kind != "" && r.Flood.Looks > most {
					t.Errorf("%d looks at the store in %v of flood", r.Flood.Looks, r.Flood.Lasted)
				}
			}
			t.Logf("%d forged payloads in %v by %d senders, %d looks at the store; the first payloads under a new key opened after %v",
				sum.Refused, sum.Lasted, forgers, sum.Looks, waits)
			if sum.Refused < 10 { // most of the senders may still be waiting for their answers
				t.Error("that was no flood")
			}
		})
	}
}

// firstPayload lets one node make a key and protect with it, and returns how long
// another took to open that.
func firstPayload(t *testing.T, from, to *node) time.Duration {
	t.Helper()
	key := from.ask(t, request{Op: "create", Expires: lifetime})
	payload := from.ask(t, request{Op: "protect", Data: []byte("the first")})
	if id, _, err := protector.ParsePayload(payload.Data); err != nil || id.String() != key.ID {
		t.Fatalf("the payload is under key %v, not under the new one, %s: %v %s %s", id, key.ID, err, key.Text, payload.Text)
	}
	asked := time.Now()
	r := to.ask(t, request{Op: "unprotect", Data: payload.Data})
	took := time.Since(asked)
	if string(r.Data) != "the first" || took > patience+obeyed {
		t.Errorf("the first payload under a new key: %q %s after %v", r.Data, r.Text, took)
	}
	return took
}
