package dotnet_test

import (
	"bytes"
	"testing"

	"dataprotection.example/internal/dotnet"
)

// FuzzParseDate: what parses is written back as a text that means the same and
// is its own canonical form.
func FuzzParseDate(f *testing.F) {
	for _, text := range append(many(1, 50, date), "2026-11-21T22:17:22.12345675Z", "9999-12-31T23:59:59.9999999-00:00", "2024", "--01-01") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := dotnet.ParseDate(text)
		if err != nil {
			return
		}
		if !dotnet.InRange(at) || !dotnet.Truncate(at).Equal(at) {
			t.Fatalf("ParseDate(%q) = %v, which .NET cannot hold", text, at)
		}
		canonical := dotnet.FormatDate(at)
		back, err := dotnet.ParseDate(canonical)
		if err != nil || !back.Equal(at) || dotnet.FormatDate(back) != canonical {
			t.Fatalf("ParseDate(%q) = %v, FormatDate %q, which is %v, %v", text, at, canonical, back, err)
		}
	})
}

// FuzzReadString: what is read and written again is no longer than it was and
// reads as the same.
func FuzzReadString(f *testing.F) {
	for _, b := range []string{"", "\x00", "\x01A", "\x81\x00A", "\x80", "\xff\xff\xff\xff\x07", "\x80\x80\x80\x80\x80\x00"} {
		f.Add([]byte(b))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, rest, err := dotnet.ReadString(b)
		if err != nil {
			return
		}
		again := append(dotnet.AppendString(nil, s), rest...)
		if len(again) > len(b) || !bytes.HasSuffix(b, rest) {
			t.Fatalf("ReadString(%x) = %q, %x; written %x", b, s, rest, again)
		}
		if s2, rest2, err := dotnet.ReadString(again); s2 != s || !bytes.Equal(rest2, rest) || err != nil {
			t.Fatalf("ReadString(%x) = %q, %x, %v; want %q, %x", again, s2, rest2, err, s, rest)
		}
	})
}

// FuzzParseGUID: every accepted spelling is of one canonical text and one
// sequence of bytes.
func FuzzParseGUID(f *testing.F) {
	for _, text := range append(many(1, 50, guid), "{0x53404db5,0x0fc4,0x4712,{0x94,0xaf,0xb8,0x02,0x38,0xfb,0x71,0x51}}") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := dotnet.ParseGUID(text)
		if err != nil {
			return
		}
		if again, err := dotnet.ParseGUID(id.String()); err != nil || again != id {
			t.Fatalf("ParseGUID(%q) = %v, which is %v, %v", text, id, again, err)
		}
		if back := dotnet.GUIDFromBytes([16]byte(dotnet.AppendGUID(nil, id))); back != id {
			t.Fatalf("%v became %v", id, back)
		}
	})
}
