package keyring

import (
	"context"
	"errors"
	"sync"
)

// errClosed ends whoever waits for a load that will not come.
var errClosed = errors.New("keyring: the ring is closed")

// loadCalls lets any number of callers wait for the same load. Loads run one
// after the other, and each is numbered as it begins, so that a caller can
// insist on one that began after it asked.
type loadCalls struct {
	urgent  chan struct{} // asks for a load now
	patient chan struct{} // asks for a load when the last patient one is long enough ago

	mu           sync.Mutex
	begun, ended uint64
	err          error         // of the load that ended last
	change       chan struct{} // closed when a load ends
}

func newLoadCalls() *loadCalls {
	return &loadCalls{
		urgent:  make(chan struct{}, 1),
		patient: make(chan struct{}, 1),
		change:  make(chan struct{}),
	}
}

func (c *loadCalls) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun++
}

func (c *loadCalls) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended, c.err = c.begun, err
	close(c.change)
	c.change = make(chan struct{})
}

// wait asks for a load through one of c's channels and returns the error of
// one that began after the call, or ctx's.
func (c *loadCalls) wait(ctx context.Context, ask chan<- struct{}, closed <-chan struct{}) error {
	c.mu.Lock()
	want := c.begun + 1
	c.mu.Unlock()
	select {
	case ask <- struct{}{}:
	default: // somebody has asked already, and nobody has listened yet
	}
	for {
		c.mu.Lock()
		ended, err, change := c.ended, c.err, c.change
		c.mu.Unlock()
		if ended >= want {
			return err
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		case <-closed:
			return errClosed
		}
	}
}
