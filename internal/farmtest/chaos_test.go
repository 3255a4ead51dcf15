package farmtest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
)

var rounds = flag.Int("rounds", 200, "rounds of chaos, and processes to kill")

// obeyed is how long after its acknowledgement a revocation may go unheeded. The
// promise is a second; a loaded machine gets more.
const obeyed = 5 * time.Second

// Twenty nodes on one store live through everything at random. Nothing that
// was acknowledged is lost, nothing unrevoked becomes unreadable, nothing revoked
// stays accepted, and no key is made because something failed.
func TestChaos(t *testing.T) {
	runChaos(t, newDirectory(t), *rounds, nil)
}

// The same over a Redis server, which is killed and started again.
func TestChaosOverRedis(t *testing.T) {
	runChaos(t, newRedis(t), *rounds/5, nil)
}

// The same over PostgreSQL.
func TestChaosOverPostgres(t *testing.T) {
	runChaos(t, newPostgres(t), *rounds/5, nil)
}

// The same with two nodes of ASP.NET Core among the twenty. They read the ring
// anew before each of their turns, as a restart would.
func TestChaosWithDotnet(t *testing.T) {
	peer := dotnettest.Start(t)
	s := newDirectory(t)
	runChaos(t, s, *rounds, func() []*dotnettest.Ring {
		options := dotnettest.RingOptions{App: application, DisableGeneration: true}
		return []*dotnettest.Ring{peer.Open(s.place, options), peer.Open(s.place, options)}
	})
}

// farm is the test's knowledge of what the nodes were told and have answered.
type farm struct {
	*testing.T
	store
	manager *keyring.Manager // of the same store, to look what is in it
	nodes   []*node
	dotnet  []*dotnettest.Ring

	payloads []sealed
	created  map[string]bool        // keys that were acknowledged and are not to be deleted
	expired  map[string]bool        // and those that may be
	revoked  map[string]time.Time   // when that was acknowledged
	deleted  map[string]bool        // expired keys
	lost     time.Time              // when the key that protects may last have been revoked
	seen     map[string]keyring.Key // every key that the test has found in the store

	outage outage

	did    map[string]int
	late   time.Duration // the longest time that a revocation went unheeded
	missed time.Duration // the same after an outage, from its end
	back   time.Duration // and until every node had read the store again
	opened int
}

func runChaos(t *testing.T, s store, rounds int, peers func() []*dotnettest.Ring) {
	f := &farm{T: t, store: s, manager: managerOf(t, s.place), did: map[string]int{},
		created: map[string]bool{}, expired: map[string]bool{}, revoked: map[string]time.Time{}, deleted: map[string]bool{}, seen: map[string]keyring.Key{}}
	size := 20
	first := startNode(t, s.place, false)
	f.nodes = append(f.nodes, first)
	if peers != nil {
		f.dotnet = peers()
		size -= len(f.dotnet)
	}
	for len(f.nodes) < size {
		f.nodes = append(f.nodes, startNode(t, s.place, true))
	}
	defer func() {
		for _, n := range f.nodes {
			n.kill()
		}
	}()
	for i := range rounds {
		f.round(i)
	}
	f.finish(rounds)
}

// any returns a node that can be asked.
func (f *farm) any() *node {
	for {
		if n := f.nodes[rand.N(len(f.nodes))]; !n.busy {
			return n
		}
	}
}

// round does one thing to the farm, and looks whether it still works. Every tenth
// is a ruin.
func (f *farm) round(i int) {
	do := func(name string, act func()) {
		f.did[name]++
		act()
	}
	switch n := rand.N(100); {
	case i%10 == 5:
		r := f.ruins[i/10%len(f.ruins)]
		do(r.name, func() { r.strike(f) })
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
		do("delete expired", f.deleteExpired)
	case n < 60:
		do("kill", f.killOne)
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
	s := sealed{key: n.ask(f.T, request{Op: "default"}).ID}
	if len(f.payloads) > 0 && (s.key == "" || rand.N(2) == 0) {
		s = f.payloads[rand.N(len(f.payloads))]
	}
	if s.key == "" {
		return // all keys have just been revoked, and nothing was protected before
	}
	f.revokeOn(n, s.key)
	if s.payload != nil && rand.N(2) == 0 {
		f.heeded(s)
	}
}

func (f *farm) revokeOn(n *node, id string) {
	f.lost = time.Now()
	f.must(n, request{Op: "revoke", ID: id})
	f.note(id)
}

// note keeps the moment of the first acknowledgement.
func (f *farm) note(ids ...string) {
	for _, id := range ids {
		if _, known := f.revoked[id]; !known {
			f.revoked[id] = time.Now()
		}
	}
}

func (f *farm) revokeAll() {
	n := f.any()
	f.lost = time.Now()
	// Also keys that nodes have generated and nobody here has heard of.
	f.note(f.must(n, request{Op: "revokeAll"}).IDs...)
	f.keys() // for its date: the next one takes its place
}

func (f *farm) deleteExpired() {
	for _, id := range f.must(f.any(), request{Op: "deleteExpired"}).IDs {
		f.deleted[id] = true
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
	f.nodes[i] = startNode(f.T, f.place, true)
}
