package authenc

import (
	"fmt"
	"testing"
)

var (
	benchSuites = []Suite{{KeySize: 32, Hash: SHA256}, {KeySize: 32, Hash: SHA512}, {KeySize: 32, GCM: true}}
	benchSizes  = []struct {
		name string
		n    int
	}{{"32B", 32}, {"256B", 256}, {"1KiB", 1 << 10}, {"4KiB", 4 << 10}, {"64KiB", 64 << 10}, {"1MiB", 1 << 20}}
)

// benchmark runs f for every suite and size, with a box for additional data as
// long as that of an authentication cookie.
func benchmark(b *testing.B, f func(b *testing.B, box *Box, plaintext []byte)) {
	for _, s := range benchSuites {
		for _, size := range benchSizes {
			b.Run(fmt.Sprintf("%s/%s", suiteName(s), size.name), func(b *testing.B) {
				box := newBox(b, s, sequence(64), sequence(114))
				b.SetBytes(int64(size.n))
				b.ReportAllocs()
				f(b, box, make([]byte, size.n))
			})
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	benchmark(b, func(b *testing.B, box *Box, plaintext []byte) {
		dst := make([]byte, 0, box.key.suite.SealedLen(len(plaintext)))
		for b.Loop() {
			if _, err := box.Seal(dst, plaintext); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	benchmark(b, func(b *testing.B, box *Box, plaintext []byte) {
		sealed, err := box.Seal(nil, plaintext)
		if err != nil {
			b.Fatal(err)
		}
		dst := make([]byte, 0, len(plaintext))
		for b.Loop() {
			if _, err := box.Open(dst, sealed); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkBind(b *testing.B) {
	box := newBox(b, benchSuites[0], sequence(64), nil)
	aad := sequence(114)
	b.ReportAllocs()
	for b.Loop() {
		box.key.Bind(aad)
	}
}
