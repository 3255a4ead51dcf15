package farmtest

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
)

// withDotnet lets one node of ASP.NET Core and one of ours exchange payloads.
func (f *farm) withDotnet() {
	for _, ring := range f.dotnet {
		if err := ring.Reopen(); err != nil {
			f.Fatal(err)
		}
		p := ring.Protector(purpose)
		payload, err := p.Protect([]byte("from .NET"))
		if err == nil {
			f.check(f.any(), f.keep(payload, []byte("from .NET")))
		} else if !withoutKey(err) {
			f.Errorf(".NET protect: %v", err)
		}
		ours := f.any().ask(f.T, request{Op: "protect", Data: []byte("to .NET")})
		if ours.Error != "" {
			if !f.bridging(ours) {
				f.Errorf("protect: %s", ours.Text)
			}
			continue
		}
		s := f.keep(ours.Data, []byte("to .NET"))
		if err := ring.Reopen(); err != nil {
			f.Fatal(err)
		}
		plaintext, err := p.Unprotect(s.payload)
		if err != nil && !strings.Contains(err.Error(), "revoked") && !withoutKey(err) {
			f.Errorf(".NET does not open a payload: %v", err)
		} else if err == nil && string(plaintext) != "to .NET" {
			f.Errorf(".NET opened a payload as %q", plaintext)
		}
	}
}

// withoutKey: a node of .NET that may not generate has nothing to work with in
// the moment between a revocation and the successor that ours make.
func withoutKey(err error) bool {
	var failure *dotnettest.Error
	return errors.As(err, &failure) && strings.Contains(failure.Error(), "valid default protection key")
}

// managerOf returns a manager of the store at a place.
func managerOf(t *testing.T, place string) *keyring.Manager {
	t.Helper()
	repo, shut, err := open(place, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shut() })
	manager, err := keyring.NewManager(repo, keyring.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return manager
}

// keys returns the keys in the store, by id.
func (f *farm) keys() map[string]keyring.Key {
	f.Helper()
	list, err := f.manager.Keys(f.Context())
	if err != nil {
		f.Fatalf("the store does not load: %v", err)
	}
	keys := map[string]keyring.Key{}
	for _, k := range list {
		id := k.ID.String()
		if before, known := f.seen[id]; known && before.Revoked && before.RevocationDate.Before(k.RevocationDate) {
			k.RevocationDate = before.RevocationDate // of a record that a later one has replaced
		}
		f.seen[id], keys[id] = k, k
	}
	return keys
}

// holds checks that everything that was acknowledged is among the keys found.
func (f *farm) holds(found map[string]keyring.Key) {
	f.Helper()
	for id := range f.created {
		if _, ok := found[id]; !ok {
			f.Errorf("the key %s was acknowledged and is lost", id)
		}
	}
	for id := range f.revoked {
		if k, ok := found[id]; ok && !k.Revoked {
			f.Errorf("the revocation of key %s was acknowledged and is lost", id)
		}
	}
}

// finish waits for the dust to settle and holds the store against what was
// acknowledged.
func (f *farm) finish(rounds int) {
	time.Sleep(2 * time.Second)
	defaults := map[string]int{}
	for _, n := range f.nodes {
		f.must(n, request{Op: "refresh"})
		defaults[f.must(n, request{Op: "default"}).ID]++
	}
	if len(defaults) != 1 {
		f.Errorf("the nodes do not agree on the default key: %v", defaults)
	}
	f.holds(f.keys())
	made := f.minted()
	if f.late > time.Second {
		f.Logf("note: a revocation was obeyed only after %v", f.late)
	}
	f.Logf("%d rounds on %d nodes and %d of .NET: %v; %d payloads, %d openings, %d keys created, %v; the longest that a revocation went unheeded: %v",
		rounds, len(f.nodes), len(f.dotnet), f.did, len(f.payloads), f.opened, len(f.created), made, f.late)
	if f.server != nil {
		f.Logf("once the server was back, a revocation from the time of the outage or right after it went unheeded for %v at most, and all nodes had read the store again after %v at most", f.missed, f.back)
	}
	for _, n := range f.nodes {
		n.stop(f.T)
	}
	f.nodes = nil
}
