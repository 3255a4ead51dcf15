package farmtest

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/protector"
)

var rounds = flag.Int("rounds", 200, "rounds of chaos, and processes to kill")

// obeyed is how long after its acknowledgement a revocation may go unheeded. The
// promise is a second; a loaded machine gets more.
const obeyed = 5 * time.Second

// Twenty nodes on one directory live through everything at random. Nothing that
// was acknowledged is lost, nothing unrevoked becomes unreadable, nothing revoked
// stays accepted, and no key is made because something failed.
func TestChaos(t *testing.T) {
	runChaos(t, nil)
}

// The same with two nodes of ASP.NET Core among the twenty. They read the ring
// anew before each of their turns, as a restart would.
func TestChaosWithDotnet(t *testing.T) {
	peer := dotnettest.Start(t)
	runChaos(t, func(dir string) []*dotnettest.Ring {
		options := dotnettest.RingOptions{App: application, DisableGeneration: true}
		return []*dotnettest.Ring{peer.Open(dir, options), peer.Open(dir, options)}
	})
}

// sealed is a payload that must open, or must not.
type sealed struct {
	payload, plaintext []byte
	key                string
}

// farm is the test's knowledge of what the nodes were told and have answered.
type farm struct {
	*testing.T
	dir    string
	nodes  []*node
	dotnet []*dotnettest.Ring

	payloads []sealed
	created  map[string]bool      // keys that were acknowledged and are not to be deleted
	expired  map[string]bool      // and those that may be
	revoked  map[string]time.Time // when that was acknowledged
	defaults int                  // revocations of the key that protected
	lost     time.Time            // the last of them

	did    map[string]int
	late   time.Duration // the longest time that a revocation went unheeded
	opened int
}

func runChaos(t *testing.T, peers func(dir string) []*dotnettest.Ring) {
	f := &farm{T: t, dir: filepath.Join(t.TempDir(), "ring"), did: map[string]int{},
		created: map[string]bool{}, expired: map[string]bool{}, revoked: map[string]time.Time{}}
	size := 20
	first := startNode(t, f.dir, false)
	f.nodes = append(f.nodes, first)
	if peers != nil {
		f.dotnet = peers(f.dir)
		size -= len(f.dotnet)
	}
	for len(f.nodes) < size {
		f.nodes = append(f.nodes, startNode(t, f.dir, true))
	}
	defer func() {
		for _, n := range f.nodes {
			n.kill()
		}
	}()
	atStart := len(keyFiles(t, f.dir))
	for range *rounds {
		f.round()
	}
	f.finish(atStart)
}

func (f *farm) any() *node { return f.nodes[rand.N(len(f.nodes))] }

// round does one thing to the farm, and looks whether it still works.
func (f *farm) round() {
	do := func(name string, act func()) {
		f.did[name]++
		act()
	}
	switch n := rand.N(100); {
	case n < 10:
		do("create", func() { f.create(0, 24*time.Hour, f.created) })
	case n < 15:
		do("create for later", func() { f.create(48*time.Hour, 90*24*time.Hour, f.created) })
	case n < 25:
		do("create expired", func() { f.create(-2*time.Hour, -time.Hour, f.expired) })
	case n < 35:
		do("revoke", f.revoke)
	case n < 37:
		do("revoke all", f.revokeAll)
	case n < 45:
		do("delete expired", func() { f.must(f.any(), request{Op: "deleteExpired"}) })
	case n < 60:
		do("kill", f.killOne)
	case n < 65:
		do("empty", func() { f.without(away) })
	case n < 70:
		do("junk", func() { f.without(junk) })
	}
	f.traffic()
}

// must asks for what must succeed.
func (f *farm) must(n *node, req request) response {
	f.Helper()
	r := n.ask(f.T, req)
	if r.Error != "" {
		f.Errorf("%s: %s", req.Op, r.Text)
	}
	return r
}

func (f *farm) create(starts, expires time.Duration, kind map[string]bool) {
	kind[f.must(f.any(), request{Op: "create", Starts: starts, Expires: expires}).ID] = true
}

func (f *farm) revoke() {
	n := f.any()
	id := n.ask(f.T, request{Op: "default"}).ID
	if id == "" || len(f.payloads) > 0 && rand.N(2) == 0 {
		id = f.payloads[rand.N(len(f.payloads))].key
	}
	f.loseDefault()
	f.must(n, request{Op: "revoke", ID: id})
	f.note(id)
}

// loseDefault notes that the key that protects may be revoked now.
func (f *farm) loseDefault() {
	f.defaults++
	f.lost = time.Now()
}

// bridging reports whether an answer is that of a farm which has just lost its
// default key, and whose nodes wait for each other to make the next.
func (f *farm) bridging(r response) bool {
	if r.Error != noDefault || time.Since(f.lost) > obeyed {
		return false
	}
	f.did["(no default key yet)"]++
	return true
}

// note keeps the moment of the first acknowledgement.
func (f *farm) note(id string) {
	if _, known := f.revoked[id]; !known {
		f.revoked[id] = time.Now()
	}
}

func (f *farm) revokeAll() {
	n := f.any()
	f.loseDefault()
	// Also keys that nodes have generated and nobody here has heard of.
	for _, id := range f.must(n, request{Op: "revokeAll"}).IDs {
		f.note(id)
	}
}

func (f *farm) killOne() {
	i := rand.N(len(f.nodes))
	// In the middle of something, now and then.
	if rand.N(2) == 0 {
		fmt.Fprintf(f.nodes[i].in, `{"Op":"create","Starts":%d,"Expires":%d}`+"\n", -2*time.Hour, -time.Hour)
		time.Sleep(time.Duration(rand.N(int64(3 * time.Millisecond))))
	}
	f.nodes[i].kill()
	f.nodes[i] = startNode(f.T, f.dir, true)
}

// without lets the farm serve while its directory is in ruins. A key that a node
// has not read before cannot be had then, so that all read first.
func (f *farm) without(ruin func(*testing.T, string) (back func())) {
	for _, n := range f.nodes {
		f.must(n, request{Op: "refresh"})
	}
	back := ruin(f.T, f.dir)
	for range 3 {
		time.Sleep(100 * time.Millisecond)
		for range 5 {
			f.exchange(f.any(), f.any())
		}
	}
	back()
	for _, n := range f.nodes {
		f.must(n, request{Op: "refresh"})
	}
}

// junk drops a file in that nobody can read.
func junk(t *testing.T, dir string) (back func()) {
	path := filepath.Join(dir, "revocation-junk.xml")
	if err := os.WriteFile(path, []byte("<revocation><key"), 0o600); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// traffic lets nodes exchange payloads, new and old.
func (f *farm) traffic() {
	for range 3 {
		f.exchange(f.any(), f.any())
	}
	f.withDotnet()
	for range min(5, len(f.payloads)) {
		f.check(f.any(), f.payloads[rand.N(len(f.payloads))])
	}
}

func (f *farm) exchange(writer, reader *node) {
	plaintext := fmt.Appendf(nil, "payload %d", len(f.payloads))
	r := writer.ask(f.T, request{Op: "protect", Data: plaintext})
	if r.Error != "" {
		if !f.bridging(r) {
			f.Errorf("protect: %s", r.Text)
		}
		return
	}
	f.check(reader, f.keep(r.Data, plaintext))
}

func (f *farm) keep(payload, plaintext []byte) sealed {
	id, _, err := protector.ParsePayload(payload)
	if err != nil {
		f.Fatal(err)
	}
	s := sealed{payload, plaintext, id.String()}
	f.payloads = append(f.payloads, s)
	return s
}

// check opens a payload on a node and judges the answer.
func (f *farm) check(n *node, s sealed) {
	since := time.Time{}
	if at, ok := f.revoked[s.key]; ok {
		since = at
	}
	asked := time.Now()
	r := n.ask(f.T, request{Op: "unprotect", Data: s.payload})
	switch {
	case r.Error == "" && !bytes.Equal(r.Data, s.plaintext):
		f.Errorf("a payload opened as %q, want %q", r.Data, s.plaintext)
	case r.Error == "" && since.IsZero():
		f.opened++
	case r.Error == "":
		late := asked.Sub(since)
		f.late = max(f.late, late)
		if late > obeyed {
			f.Errorf("a payload under the revoked key %s opens %v after the revocation", s.key, late)
		}
	case r.Error == revoked && !since.IsZero():
	default:
		f.Errorf("a payload under key %s (revoked: %v) does not open: %s\n%s", s.key, !since.IsZero(), r.Text, n.log.tail(s.key))
	}
}
