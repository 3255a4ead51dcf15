package keyring_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// fillDir writes n keys as files, without the syncs that make storing durable
// and a benchmark's preparation slow.
func fillDir(b *testing.B, path string, n int) {
	b.Helper()
	one := newDir(b, b.TempDir())
	k := create(b, newManager(b, one, keyring.Options{}), keyring.NewKeyOptions{})
	stored, err := one.Elements(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	file, err := os.ReadFile(stored[0].Location)
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		id := k.ID
		id[0], id[1], id[2] = byte(i>>16), byte(i>>8), byte(i)
		copied := bytes.ReplaceAll(file, []byte(k.ID.String()), []byte(id.String()))
		if err := os.WriteFile(filepath.Join(path, "key-"+id.String()+".xml"), copied, 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens a ring over a directory of so many keys, until the first
// snapshot with its default key is there.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			path := b.TempDir()
			fillDir(b, path, n)
			dir := newDir(b, path)
			b.ReportAllocs()
			for b.Loop() {
				ring, err := keyring.Open(b.Context(), dir, keyring.Options{})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := ring.Snapshot().DefaultKey(); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				ring.Close() // waits for the kernel to end the watching
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/key")
			b.ReportMetric(retained(b, n, dir), "retained-B/key")
		})
	}
}

// retained is what an open ring keeps in memory.
func retained(b *testing.B, n int, repo xmlrepo.Repository) float64 {
	b.Helper()
	before := heap()
	ring, err := keyring.Open(b.Context(), repo, keyring.Options{})
	if err != nil {
		b.Fatal(err)
	}
	after := heap()
	ring.Close()
	return float64(after-before) / float64(n)
}

// heap is what is in use after a collection.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // sync.Pool lets go at the second
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkRead reads a ring that lies in memory: parsing and understanding alone.
func BenchmarkRead(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			store := xmlrepo.NewMemory()
			for i := range n {
				id := policyKey(0).ID
				id[0], id[1], id[2] = byte(i>>16), byte(i>>8), byte(i)
				put(b, store, "key-"+id.String(), strings.Replace(keyXML, otherKeyID, id.String(), 1))
			}
			m := newManager(b, store, keyring.Options{})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Read(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/key")
		})
	}
}

// BenchmarkCount is what the metrics add to every payload: one atomic addition.
func BenchmarkCount(b *testing.B) {
	r, err := keyring.Open(b.Context(), xmlrepo.NewMemory(), keyring.Options{GenerationDelay: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			r.CountProtect(nil)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				r.CountUnprotect(nil)
			}
		})
	})
}
