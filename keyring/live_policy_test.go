package keyring_test

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
)

var (
	policyRings = flag.Int("rings", 10_000, "random rings to ask .NET's policy about")
	randomSeed  = flag.Uint64("seed", 0, "of what is random in tests against .NET; 0 draws one")
)

// newRandom returns a source whose seed the test's output tells.
func newRandom(t *testing.T) *rand.Rand {
	t.Helper()
	seed := *randomSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestLivePolicy compares Resolve with IDefaultKeyResolver on random rings: half
// of them always the same, half of them new.
func TestLivePolicy(t *testing.T) {
	peer := dotnettest.Start(t)
	const most = 10_000 // in one question
	for _, source := range []*rand.Rand{rand.New(rand.NewPCG(1, 0)), newRandom(t)} {
		for left := *policyRings / 2; left > 0; left -= most {
			comparePolicies(t, peer, source, min(left, most))
		}
	}
}

func comparePolicies(t *testing.T, peer *dotnettest.Peer, source *rand.Rand, n int) {
	rings := make([][]keyring.Key, n)
	questions := make([]dotnettest.MadeUpRing, n)
	for i := range rings {
		rings[i] = randomKeys(source.IntN, source.IntN(8) == 0)
		questions[i].Now = noon
		for _, k := range rings[i] {
			questions[i].Keys = append(questions[i].Keys, dotnettest.MadeUpKey{
				ID: k.ID.String(), Creation: k.CreationDate, Activation: k.ActivationDate, Expiration: k.ExpirationDate,
				Revoked: k.Revoked, Usable: !k.DecryptorMissing,
			})
		}
	}
	choices, err := peer.ResolveMany(questions)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[keyring.Reason]int)
	fallbacks := 0
	for i, c := range choices {
		r := byDates().Resolve(noon, rings[i])
		seen[r.Reason]++
		if r.Fallback != nil {
			fallbacks++
		}
		if text(r.Default) != c.Default || r.ShouldGenerate != c.Generate || !sameFallback(rings[i], r.Fallback, c.Fallback) {
			t.Errorf("%+v\n%s; .NET: %+v", rings[i], chosen(r), c)
		}
	}
	if n >= 1000 && (len(seen) != 5 || fallbacks == 0) {
		t.Errorf("the rings are too much alike: reasons %v, %d fallbacks", seen, fallbacks)
	}
}

func text(k *keyring.Key) string {
	if k == nil {
		return ""
	}
	return k.ID.String()
}

// sameFallback allows for what .NET leaves open: which of several keys that
// were created at the same time.
func sameFallback(keys []keyring.Key, ours *keyring.Key, theirs string) bool {
	if text(ours) == theirs {
		return true
	}
	id, err := uuid.Parse(theirs)
	if ours == nil || err != nil {
		return false
	}
	for _, k := range keys {
		if k.ID == id {
			return k.CreationDate.Equal(ours.CreationDate)
		}
	}
	return false
}
