package speedtest

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

// TestCompareOpen prints what a ring costs until its first payload, by its size.
func TestCompareOpen(t *testing.T) {
	if !*compare {
		t.Skip("a measurement: run it with -compare")
	}
	peer := dotnettest.Start(t)
	fmt.Printf("\n| keys in the directory | ASP.NET Core, µs a key | Go, µs a key | Go, × ASP.NET Core | Go, bytes retained a key |\n|---|---|---|---|---|\n")
	for _, keys := range []int{10, 1000, 10000} {
		path := filepath.Join(t.TempDir(), "ring")
		fill(t, path, keys)
		var theirs, ours, ratios []float64
		for round := range max(5, *rounds/3) + 1 {
			cost, err := peer.BenchOpen(path, dotnettest.RingOptions{App: application})
			if err != nil {
				t.Fatal(err)
			}
			took := openOnce(t, path)
			if round == 0 {
				continue // cold caches, and .NET compiles
			}
			theirs = append(theirs, float64(cost.Time.Nanoseconds())/1e3/float64(keys))
			ours = append(ours, float64(took.Nanoseconds())/1e3/float64(keys))
			ratios = append(ratios, float64(cost.Time)/float64(took))
		}
		fmt.Printf("| %d | %.3g | %.3g | %.1f | %d |\n", keys, median(theirs), median(ours), median(ratios), retained(t, path)/keys)
	}
}

func fill(t *testing.T, path string, keys int) {
	t.Helper()
	dir, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys {
		// A store of its own for each, because a manager reads its store
		// before it makes a key.
		memory := xmlrepo.NewMemory()
		m, err := keyring.NewManager(memory, keyring.Options{Now: func() time.Time { return time.Now().Add(-time.Duration(i) * time.Hour) }})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.CreateKey(t.Context(), keyring.NewKeyOptions{}); err != nil {
			t.Fatal(err)
		}
		elements, err := memory.Elements(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := dir.Store(t.Context(), elements[0]); err != nil {
			t.Fatal(err)
		}
	}
}

func open(t *testing.T, path string) *keyring.Ring {
	t.Helper()
	dir, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.Open(t.Context(), dir, keyring.Options{DisableAutomaticKeyGeneration: true})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func openOnce(t *testing.T, path string) time.Duration {
	t.Helper()
	start := time.Now()
	ring := open(t, path)
	p := protector.New(ring, protector.Options{ApplicationName: application}).CreateProtector("bench")
	_, err := p.Protect(t.Context(), make([]byte, 32))
	took := time.Since(start)
	ring.Close()
	if err != nil {
		t.Fatal(err)
	}
	return took
}

// retained returns the bytes that an open ring holds.
func retained(t *testing.T, path string) int {
	t.Helper()
	inUse := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := inUse()
	ring := open(t, path)
	after := inUse()
	ring.Close()
	return after - before
}
