package dotnettest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
)

func TestAsk(t *testing.T) {
	peer := dotnettest.Start(t)

	t.Run("an unknown command is an exception", func(t *testing.T) {
		err := peer.Ask(t.Context(), "nonsense", nil, nil)
		var thrown *dotnettest.Error
		if !errors.As(err, &thrown) || !thrown.Has("ArgumentException") || !strings.Contains(err.Error(), "nonsense") {
			t.Errorf("got %v", err)
		}
	})

	t.Run("a context that ends does not end the peer", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := peer.Ask(ctx, "nonsense", nil, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if _, err := peer.ResolveMany(nil); err != nil {
			t.Error(err)
		}
	})

	t.Run("a killed peer is an error, not a wait", func(t *testing.T) {
		peer := dotnettest.Start(t)
		peer.Kill()
		_, err := peer.ResolveMany(nil)
		if err == nil || !strings.Contains(err.Error(), "has ended: signal: killed") {
			t.Errorf("got %v", err)
		}
	})
}

func TestManyPeersStartAtOnce(t *testing.T) {
	var peers []*dotnettest.Peer
	for range 6 {
		peers = append(peers, dotnettest.Start(t))
	}
	for _, peer := range peers {
		if _, err := peer.ResolveMany(nil); err != nil {
			t.Error(err)
		}
	}
}

func TestResolveMany(t *testing.T) {
	peer := dotnettest.Start(t)
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	key := dotnettest.MadeUpKey{
		ID:         "0e0e0e0e-0000-4000-8000-000000000001",
		Creation:   now.AddDate(0, 0, -9),
		Activation: now,
		Expiration: now.AddDate(0, 0, 90),
		Usable:     true,
	}
	younger, revoked, unusable := key, key, key
	younger.ID = "0e0e0e0e-0000-4000-8000-000000000002"
	younger.Activation = now.Add(10 * time.Minute)
	revoked.Revoked = true
	unusable.Usable = false

	for _, test := range []struct {
		name string
		keys []dotnettest.MadeUpKey
		now  time.Time
		want dotnettest.Choice
	}{
		{"no key", nil, now, dotnettest.Choice{Generate: true}},
		{"one key", []dotnettest.MadeUpKey{key}, now, dotnettest.Choice{Default: key.ID}},
		{"within the skew", []dotnettest.MadeUpKey{key, younger}, now.Add(5 * time.Minute), dotnettest.Choice{Default: younger.ID}},
		{"100 ns before the skew", []dotnettest.MadeUpKey{key, younger}, now.Add(5*time.Minute - 100), dotnettest.Choice{Default: key.ID}},
		{"expired", []dotnettest.MadeUpKey{key}, key.Expiration, dotnettest.Choice{Generate: true}},
		{"expired, with a fallback", []dotnettest.MadeUpKey{key, younger}, key.Expiration.Add(time.Hour), dotnettest.Choice{Fallback: key.ID, Generate: true}},
		{"revoked", []dotnettest.MadeUpKey{revoked}, now, dotnettest.Choice{Generate: true}},
		{"unusable", []dotnettest.MadeUpKey{unusable}, now, dotnettest.Choice{Generate: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			choices, err := peer.ResolveMany([]dotnettest.MadeUpRing{{Keys: test.keys, Now: test.now}})
			if err != nil {
				t.Fatal(err)
			}
			if choices[0] != test.want {
				t.Errorf("got %+v, want %+v", choices[0], test.want)
			}
		})
	}
}
