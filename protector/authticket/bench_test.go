package authticket_test

import (
	"testing"

	"dataprotection.example/protector/authticket"
)

func BenchmarkMarshal(b *testing.B) {
	forEachBenchmark(b, func(b *testing.B, data []byte) {
		ticket := unmarshal(b, data)
		buf := make([]byte, 0, len(data))
		for b.Loop() {
			if _, err := ticket.AppendBinary(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkUnmarshal(b *testing.B) {
	forEachBenchmark(b, func(b *testing.B, data []byte) {
		for b.Loop() {
			var ticket authticket.Ticket
			if err := ticket.UnmarshalBinary(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkFormat(b *testing.B) {
	for _, v := range ticketVectors(b) {
		if v.Kind != "authentication-cookie" {
			continue
		}
		format := authticket.CookieFormat(openProvider(b, v.Ring, v.Purposes[0]), v.Purposes[2])
		ticket := unmarshal(b, v.bytes)
		b.Run("Protect/"+v.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := format.Protect(b.Context(), &ticket); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("Unprotect/"+v.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := format.Unprotect(b.Context(), v.Payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// forEachBenchmark runs f with each recorded cookie's ticket.
func forEachBenchmark(b *testing.B, f func(*testing.B, []byte)) {
	for _, v := range ticketVectors(b) {
		if v.Kind != "authentication-cookie" {
			continue
		}
		b.Run(v.Name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(v.bytes)))
			f(b, v.bytes)
		})
	}
}
