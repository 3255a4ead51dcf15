package keyring_test

import (
	"errors"
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
)

var liveTurns = flag.Int("turns", 100, "changes that .NET and Go make in turns to one directory")

// TestLiveTurns lets .NET and Go create, revoke and delete in one directory, in
// turns, and compares after each turn what the two make of it.
func TestLiveTurns(t *testing.T) {
	path := t.TempDir()
	g := &turns{t: t, random: newRandom(t), dir: newManager(t, newDir(t, path), keyring.Options{})}
	peer := dotnettest.Start(t)
	for _, options := range []dotnettest.RingOptions{
		{},
		{NullEncryptor: true},
		{Encryption: "AES_256_GCM"},
		{Encryption: "AES_128_CBC", Validation: "HMACSHA512"},
		{Managed: &dotnettest.Managed{Encryption: "Aes", KeyBits: 256, Validation: "HMACSHA384"}},
	} {
		g.rings = append(g.rings, peer.Open(path, options))
	}
	for range *liveTurns {
		what, done := g.turn()
		g.compare(what)
		if !done() {
			t.Errorf("%s, and it did not happen", what)
		}
		if t.Failed() {
			return
		}
	}
}

type turns struct {
	t      *testing.T
	random *rand.Rand
	dir    *keyring.Manager
	rings  []*dotnettest.Ring // .NET over the same directory
	keys   []keyring.Key      // after the last turn
}

// turn changes the ring, by .NET or by Go, and says how and whether it shows in
// the keys of the ring.
func (g *turns) turn() (what string, done func() bool) {
	ring := g.rings[g.random.IntN(len(g.rings))]
	byDotnet := g.random.IntN(2) == 0
	who := "Go"
	if byDotnet {
		who = ".NET"
	}
	id := uuid.New()
	if len(g.keys) > 0 && g.random.IntN(5) > 0 {
		id = g.keys[g.random.IntN(len(g.keys))].ID
	}
	before := len(g.keys)
	key := func() (keyring.Key, bool) {
		i := slices.IndexFunc(g.keys, func(k keyring.Key) bool { return k.ID == id })
		if i < 0 {
			return keyring.Key{}, false
		}
		return g.keys[i], true
	}
	var err error
	switch choice := g.random.IntN(10); {
	case choice < 5 && len(g.keys) < 15, len(g.keys) == 0:
		activation := time.Now().Add(time.Duration(g.random.IntN(400)-200) * time.Hour)
		expiration := activation.Add(time.Duration(1+g.random.IntN(2000)) * time.Hour)
		if byDotnet {
			_, err = ring.CreateKey(activation, expiration)
		} else {
			all := allAlgorithms()
			_, err = g.dir.CreateKey(g.t.Context(), keyring.NewKeyOptions{
				Activation: activation, Expiration: expiration, Algorithms: all[g.random.IntN(len(all))],
			})
		}
		who += " creates"
		done = func() bool { return len(g.keys) == before+1 }
	case choice < 7:
		if byDotnet {
			err = ring.RevokeKey(id.String(), "<&> \"'")
		} else {
			_, err = g.dir.RevokeKey(g.t.Context(), id, "<&> \"'")
		}
		who += " revokes " + id.String()
		done = func() bool { k, ok := key(); return !ok || k.Revoked }
	case choice < 8:
		date := g.keys[g.random.IntN(len(g.keys))].CreationDate.Add(time.Duration(g.random.IntN(3)-1) * tick)
		if byDotnet {
			err = ring.RevokeAllKeys(date, "")
		} else {
			_, err = g.dir.RevokeAllKeys(g.t.Context(), date, "")
		}
		who += " revokes all before " + dotnet.FormatDate(date)
		done = func() bool {
			return !slices.ContainsFunc(g.keys, func(k keyring.Key) bool { return k.CreationDate.Before(date) && !k.Revoked })
		}
	default:
		if byDotnet {
			_, err = ring.DeleteKeys(id.String())
		} else {
			_, err = g.dir.DeleteKeys(g.t.Context(), func(k keyring.Key) bool { return k.ID == id }, keyring.DeleteOptions{IncludeUnexpired: true})
		}
		who += " deletes " + id.String()
		done = func() bool { _, ok := key(); return !ok }
	}
	// .NET gives up on a record whose name is taken; the ring says so already.
	var thrown *dotnettest.Error
	taken := errors.As(err, &thrown) && thrown.Has("System.IO.IOException") && strings.Contains(err.Error(), "revocation-")
	if err != nil && !taken {
		g.t.Fatalf("%s: %v", who, err)
	}
	return who, done
}

// compare reads the ring with both.
func (g *turns) compare(what string) {
	ring := g.rings[0]
	theirs, err := ring.Keys()
	if err != nil {
		g.t.Fatalf("%s: .NET: %v", what, err)
	}
	l, err := g.dir.Read(g.t.Context())
	if err != nil || len(l.Broken) > 0 {
		g.t.Fatalf("%s: %v, %v", what, err, l)
	}
	g.keys = l.Keys
	if len(g.keys) != len(theirs) {
		g.t.Fatalf("%s: %d keys, .NET: %d", what, len(g.keys), len(theirs))
	}
	instants := []time.Time{time.Now()}
	for _, k := range g.keys {
		i := slices.IndexFunc(theirs, func(other dotnettest.Key) bool { return other.ID == k.ID.String() })
		if i < 0 {
			g.t.Fatalf("%s: .NET does not list %v", what, k.ID)
		}
		sameKey(g.t, k, theirs[i])
		for _, edge := range []time.Time{k.ActivationDate, k.ActivationDate.Add(-skew), k.ExpirationDate, k.CreationDate.Add(window)} {
			instants = append(instants, edge, edge.Add(-tick), edge.Add(tick))
		}
	}
	choices, err := ring.Resolve(instants...)
	if err != nil {
		g.t.Fatalf("%s: .NET: %v", what, err)
	}
	for i, c := range choices {
		r := keyring.Policy{}.Resolve(instants[i], g.keys)
		if text(r.Default) != c.Default || r.ShouldGenerate != c.Generate || !sameFallback(g.keys, r.Fallback, c.Fallback) {
			g.t.Errorf("%s: at %v: %s; .NET: %+v", what, instants[i], chosen(r), c)
		}
	}
}
