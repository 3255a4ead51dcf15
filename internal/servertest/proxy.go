package servertest

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy passes connections on to a server. It is safe for concurrent use.
type Proxy struct {
	Addr string // where clients connect

	target   string
	sent     atomic.Int64
	received atomic.Int64
	running  sync.WaitGroup
	gate     sync.RWMutex // held for writing while frozen
	frozen   atomic.Bool

	mu       sync.Mutex
	listener net.Listener // nil while down
	open     map[net.Conn]bool
}

// NewProxy returns a proxy of the server at target that lives until the test
// ends.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	p := &Proxy{Addr: "127.0.0.1:0", target: target, open: map[net.Conn]bool{}}
	if err := p.Up(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Down()
		p.Thaw()
		p.running.Wait()
	})
	return p
}

// Bytes returns how many bytes clients have sent and received.
func (p *Proxy) Bytes() (sent, received int64) { return p.sent.Load(), p.received.Load() }

// Cut ends every connection. New ones are taken.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		conn.Close()
	}
}

// Freeze lets nothing through any more, as a network does that loses everything, or
// a server that has stopped: connections stay, and new ones are taken.
func (p *Proxy) Freeze() {
	p.gate.Lock()
	p.frozen.Store(true)
}

// Thaw ends Freeze; what was held back goes through.
func (p *Proxy) Thaw() {
	if p.frozen.Swap(false) {
		p.gate.Unlock()
	}
}

// Down ends every connection and takes no new ones, until Up.
func (p *Proxy) Down() {
	p.mu.Lock()
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
	p.mu.Unlock()
	p.Cut()
}

// Up takes connections again.
func (p *Proxy) Up() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		return nil
	}
	listener, err := net.Listen("tcp", p.Addr)
	if err != nil {
		return err
	}
	p.listener, p.Addr = listener, listener.Addr().String()
	p.running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			p.running.Go(func() { p.pass(client, listener) })
		}
	})
	return nil
}

// pass joins a client to the server until either of them has enough.
func (p *Proxy) pass(client net.Conn, from net.Listener) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	if p.listener != from { // down meanwhile
		p.mu.Unlock()
		return
	}
	p.open[client] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.open, client)
		p.mu.Unlock()
	}()
	var both sync.WaitGroup
	both.Go(func() {
		p.copy(server, client, &p.sent)
		server.Close()
	})
	p.copy(client, server, &p.received)
	client.Close()
	both.Wait()
}

func (p *Proxy) copy(to io.Writer, from io.Reader, total *atomic.Int64) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		total.Add(int64(n))
		p.gate.RLock()
		//lint:ignore SA2001 it only waits
		p.gate.RUnlock()
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
