package keyring_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// Two nodes of a farm share a directory and nothing else. What one writes, the
// other obeys: within a second, is the promise where the file system sends
// events, and looking every half minute is not what keeps it.
func TestAnotherNodesKeysAndRevocationsArrive(t *testing.T) {
	t.Parallel()
	const rounds, limit = 30, 5 * time.Second
	path := filepath.Join(t.TempDir(), "keys")
	node := func() *keyring.Ring {
		t.Helper()
		dir, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return open(t, dir, keyring.Options{GenerationDelay: -1})
	}
	writer, reader := node(), node()
	// arrives returns how long it took until done, the writing included.
	arrives := func(what string, begin time.Time, done func(*keyring.Snapshot) bool) time.Duration {
		t.Helper()
		for !done(reader.Snapshot()) {
			if time.Since(begin) > limit {
				t.Fatalf("%s: not known to the other node after %v", what, limit)
			}
			time.Sleep(time.Millisecond)
		}
		return time.Since(begin)
	}
	var keys, revocations []time.Duration
	for range rounds {
		begin := time.Now()
		k := create(t, writer.Manager(), keyring.NewKeyOptions{})
		keys = append(keys, arrives("a key", begin, func(s *keyring.Snapshot) bool {
			_, ok := s.Key(k.ID)
			return ok
		}))
		begin = time.Now()
		if _, err := writer.Manager().RevokeKey(t.Context(), k.ID, ""); err != nil {
			t.Fatal(err)
		}
		revocations = append(revocations, arrives("a revocation", begin, func(s *keyring.Snapshot) bool {
			k, _ := s.Key(k.ID)
			return k.Revoked
		}))
	}
	for _, m := range []struct {
		what string
		took []time.Duration
	}{{"key", keys}, {"revocation", revocations}} {
		slices.Sort(m.took)
		t.Logf("from the call that makes a %s until another node knows it: median %v, at most %v, in %d rounds", m.what,
			m.took[rounds/2].Round(time.Millisecond), m.took[rounds-1].Round(time.Millisecond), rounds)
	}
}
