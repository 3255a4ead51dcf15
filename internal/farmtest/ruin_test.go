package farmtest

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"dataprotection.example/keyring"
)

// begin makes all nodes read, because a key that a node has not read before
// cannot be had while the store is of no use. A node that reads may make a key, and
// then all read again.
func (f *farm) begin(crash bool) {
	now := time.Now()
	var before map[string]keyring.Key
	for i, read := 0, false; !read; read = len(f.keys()) == len(before) {
		if i++; i > 5 {
			f.Fatal("whenever nodes read, they make keys")
		}
		before = f.keys()
		for _, n := range f.nodes {
			f.must(n, request{Op: "refresh"})
		}
	}
	f.outage = outage{crash: crash, began: now, before: before, doubts: map[string]time.Time{}}
}

// without lets the farm serve while its store is in ruins.
func (f *farm) without(spoil func(*testing.T) (mend func())) {
	f.begin(false)
	mend := spoil(f.T)
	f.failing(f.nodes[:len(f.nodes)/4]...)
	f.serveOn()
	mend()
	f.outage.ended = time.Now()
	for _, n := range f.nodes {
		f.must(n, request{Op: "refresh"})
	}
	f.settle(nil)
}

// failing lets nodes read a store that is of no use. They would do so by themselves,
// but a directory gives a file time to become whole.
func (f *farm) failing(nodes ...*node) {
	for _, n := range nodes {
		n.send(f.T, request{Op: "refresh"})
	}
	for _, n := range nodes {
		if r := n.receive(f.T, "refresh"); r.Error == "" {
			f.Error("a node reads a store that is of no use")
		}
	}
}

// serveOn is traffic that needs no store.
func (f *farm) serveOn() {
	for range 3 {
		time.Sleep(20 * time.Millisecond)
		for range 5 {
			f.exchange(f.any(), f.any())
		}
	}
}

// crash kills the server, lets the farm serve without it, and starts it again.
// With writers they are in the middle of writing then, one key is revoked a moment
// before the crash, and one as soon as the server takes it again.
func (f *farm) crash(writers int) {
	f.begin(true)
	var victims []sealed
	if s, ok := f.victim(); ok && writers > 0 {
		f.revokeOn(f.any(), s.key)
		victims = append(victims, s)
	}
	var writes []write
	for range writers {
		writes = append(writes, f.write(f.any()))
	}
	if rand.N(2) == 0 {
		time.Sleep(rand.N(20 * time.Millisecond))
	}
	f.server.Kill()
	f.serveOn()
	f.failing(f.any())
	f.server.Start()
	f.outage.ended = time.Now()
	if s, ok := f.victim(); ok && writers > 0 {
		f.revokeUntilDone(f.any(), s.key)
		victims = append(victims, s)
	}
	for _, s := range victims {
		f.heeded(s)
	}
	for i := range writes {
		writes[i].answer = writes[i].receive(f.T, writes[i].Op)
	}
	for _, n := range f.nodes {
		f.patiently(func() response { return n.ask(f.T, request{Op: "refresh"}) })
	}
	f.patiently(func() response {
		if _, err := f.manager.Keys(f.Context()); err != nil {
			return response{Error: nameOf(err), Text: err.Error()}
		}
		return response{}
	})
	f.back = max(f.back, time.Since(f.outage.ended))
	f.settle(writes)
	if s, ok := f.victim(); ok { // and the nodes hear of each other again
		f.revokeOn(f.any(), s.key)
		f.heeded(s)
	}
}

// patiently repeats after a crash what fails while connections are dead.
func (f *farm) patiently(do func() response) {
	for {
		r := do()
		if r.Error == "" {
			return
		}
		f.did["(no connection yet)"]++
		if time.Since(f.outage.ended) > again {
			f.Fatalf("the server is back for %v, and a node does not reach it: %s", time.Since(f.outage.ended), r.Text)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (f *farm) revokeUntilDone(n *node, id string) {
	f.lost = time.Now()
	f.patiently(func() response { return n.ask(f.T, request{Op: "revoke", ID: id}) })
	f.note(id)
}

// victim returns a payload under a key that is not revoked.
func (f *farm) victim() (s sealed, ok bool) {
	for _, i := range rand.Perm(len(f.payloads)) {
		s := f.payloads[i]
		if _, revoked := f.revoked[s.key]; !revoked && !f.outage.doubted(s.key) {
			return s, true
		}
	}
	return sealed{}, false
}

// junkFile drops a file in that nobody can read.
func junkFile(t *testing.T, dir string) (mend func()) {
	path := filepath.Join(dir, "revocation-junk.xml")
	if err := os.WriteFile(path, []byte(junk), 0o600); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}
