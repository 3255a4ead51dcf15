package xmldoc_test

import (
	"testing"

	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/testdata"
	"github.com/beevik/etree"
)

// keyFile is a key as ASP.NET Core writes it, about 1 kB.
func keyFile(b *testing.B) []byte {
	b.Helper()
	file, err := testdata.FS.ReadFile("vectors/alg-AES_256_CBC-HMACSHA256/ring/key-33cee7e5-37a4-4d3d-b46e-606887a14887.xml")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	return file
}

func BenchmarkParse(b *testing.B) {
	file := keyFile(b)
	for b.Loop() {
		if _, err := xmldoc.Parse(file); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEtree reads the same file without any of Parse's checks.
func BenchmarkEtree(b *testing.B) {
	file := keyFile(b)
	for b.Loop() {
		if err := etree.NewDocument().ReadFromBytes(file); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompact(b *testing.B) {
	root, err := xmldoc.Parse(keyFile(b))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		xmldoc.Compact(root)
	}
}

func BenchmarkFile(b *testing.B) {
	root, err := xmldoc.Parse(keyFile(b))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		xmldoc.File(root)
	}
}
