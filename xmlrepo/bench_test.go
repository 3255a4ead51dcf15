package xmlrepo

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func BenchmarkDirElements(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := filled(b, n)
			for b.Loop() {
				if list, err := d.Elements(b.Context()); err != nil || len(list) != n {
					b.Fatal(len(list), err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/file")
		})
	}
}

func BenchmarkDirFingerprint(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := filled(b, n)
			d.now = func() time.Time { return time.Now().Add(time.Hour) }
			for b.Loop() {
				if print, err := d.Fingerprint(b.Context()); err != nil || print == "" {
					b.Fatal(print, err)
				}
			}
		})
	}
}

func BenchmarkDirStore(b *testing.B) {
	d := openDir(b)
	for i := 0; b.Loop(); i++ {
		if err := d.Store(b.Context(), Element{Name: fmt.Sprint("key-", i), XML: key1.XML}); err != nil {
			b.Fatal(err)
		}
	}
}

// filled returns a directory of n files as large as a key is.
func filled(b *testing.B, n int) *Dir {
	d := openDir(b)
	for i := range n {
		id := fmt.Sprintf("%08x-0fc4-4712-94af-b80238fb7151", i)
		write(b, d, "key-"+id+".xml", "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<key id=\""+id+"\" version=\"1\">\n"+
			"  <creationDate>2026-11-21T22:17:22.359343Z</creationDate>\n  <activationDate>2026-11-21T22:17:22.3562452Z</activationDate>\n"+
			"  <expirationDate>2027-02-19T22:17:22.3562452Z</expirationDate>\n  <descriptor deserializerType=\"T, "+strings.Repeat("A", 200)+"\">\n"+
			"    <descriptor>\n      <encryption algorithm=\"AES_256_CBC\" />\n      <validation algorithm=\"HMACSHA256\" />\n"+
			"      <masterKey p4:requiresEncryption=\"true\" xmlns:p4=\"http://schemas.asp.net/2015/03/dataProtection\">\n"+
			"        <!-- Warning: the key below is in an unencrypted form. -->\n        <value>"+strings.Repeat("A", 86)+"==</value>\n"+
			"      </masterKey>\n    </descriptor>\n  </descriptor>\n</key>")
	}
	return d
}
