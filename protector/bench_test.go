package protector_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"dataprotection.example/protector"
)

var benchmarkSizes = []struct {
	name string
	n    int
}{{"32B", 32}, {"256B", 256}, {"1KiB", 1 << 10}, {"4KiB", 4 << 10}, {"64KiB", 64 << 10}, {"1MiB", 1 << 20}}

// benchmarkProtector has purposes as long as those of ASP.NET's cookies.
func benchmarkProtector(b *testing.B) *protector.Protector {
	b.Helper()
	p, err := protector.NewEphemeral(b.Context(), protector.Options{ApplicationName: "app"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.Close() })
	return p.CreateProtector("Microsoft.AspNetCore.Authentication.Cookies.CookieAuthenticationMiddleware", "Cookies", "v2")
}

func BenchmarkProtect(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(size.name, func(b *testing.B) {
			p, ctx := benchmarkProtector(b), context.Background()
			plaintext, payload := bytes.Repeat([]byte{'p'}, size.n), make([]byte, 0, size.n+200)
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.AppendProtect(ctx, payload, plaintext); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkUnprotect(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(size.name, func(b *testing.B) {
			p, ctx := benchmarkProtector(b), context.Background()
			payload, err := p.Protect(ctx, bytes.Repeat([]byte{'p'}, size.n))
			if err != nil {
				b.Fatal(err)
			}
			plaintext := make([]byte, 0, size.n)
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.AppendUnprotect(ctx, plaintext, payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkProtectParallel(b *testing.B) {
	b.Run("256B", func(b *testing.B) {
		p, ctx := benchmarkProtector(b), context.Background()
		plaintext := bytes.Repeat([]byte{'p'}, 256)
		b.SetBytes(256)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			payload := make([]byte, 0, 512)
			for pb.Next() {
				if _, err := p.AppendProtect(ctx, payload, plaintext); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

func BenchmarkProtectString(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(size.name, func(b *testing.B) {
			p, ctx := benchmarkProtector(b), context.Background()
			text := strings.Repeat("p", size.n)
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.ProtectString(ctx, text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkUnprotectString(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(size.name, func(b *testing.B) {
			p, ctx := benchmarkProtector(b), context.Background()
			payload, err := p.ProtectString(ctx, strings.Repeat("p", size.n))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.UnprotectString(ctx, payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCreateProtector is what it costs to make a protector for one payload
// instead of keeping it.
func BenchmarkCreateProtector(b *testing.B) {
	p, ctx := benchmarkProtector(b), context.Background()
	plaintext, payload := bytes.Repeat([]byte{'p'}, 256), make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.CreateProtector("for one user").AppendProtect(ctx, payload, plaintext); err != nil {
			b.Fatal(err)
		}
	}
}
