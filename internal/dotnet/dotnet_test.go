package dotnet

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func TestGUIDBytesAreMixedEndian(t *testing.T) {
	id := uuid.MustParse("53404db5-0fc4-4712-94af-b80238fb7151")
	got := AppendGUID([]byte{0xff}, id)
	if want := "ffb54d4053c40f124794afb80238fb7151"; hex.EncodeToString(got) != want {
		t.Errorf("AppendGUID = %x, want %s", got, want)
	}
	if back := GUIDFromBytes([16]byte(got[1:])); back != id {
		t.Errorf("GUIDFromBytes = %v, want %v", back, id)
	}
}

func TestGUIDRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		if back := GUIDFromBytes([16]byte(AppendGUID(nil, id))); back != id {
			t.Fatalf("bytes: %v became %v", id, back)
		}
		text := id.String()
		if rapid.Bool().Draw(t, "bare") {
			text = strings.ReplaceAll(text, "-", "")
		} else {
			text = rapid.SampledFrom([]string{text, "{" + text + "}", "(" + text + ")"}).Draw(t, "text")
		}
		if rapid.Bool().Draw(t, "upper") {
			text = strings.ToUpper(text)
		}
		if got, err := ParseGUID("\n\t" + text + " \r"); err != nil || got != id {
			t.Fatalf("ParseGUID(%q) = %v, %v", text, got, err)
		}
	})
}

func TestStringLengths(t *testing.T) {
	for _, c := range []struct {
		n      int
		prefix string
	}{{0, "00"}, {1, "01"}, {127, "7f"}, {128, "8001"}, {16383, "ff7f"}, {16384, "808001"}} {
		s := strings.Repeat("x", c.n)
		got := AppendString(nil, s)
		if prefix := got[:len(got)-c.n]; hex.EncodeToString(prefix) != c.prefix {
			t.Errorf("length %d: prefix %x, want %s", c.n, prefix, c.prefix)
		}
	}
}

func TestStringLengthCountsBytes(t *testing.T) {
	if got := AppendString(nil, "é"); !bytes.Equal(got, []byte{2, 0xc3, 0xa9}) {
		t.Errorf("AppendString(é) = %x", got)
	}
}

func TestStringRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringN(0, 300, 600).Draw(t, "s")
		rest := rapid.SliceOf(rapid.Byte()).Draw(t, "rest")
		got, left, err := ReadString(append(AppendString(nil, s), rest...))
		if err != nil || got != s || !bytes.Equal(left, rest) {
			t.Fatalf("ReadString = %q, %x, %v; want %q, %x", got, left, err, s, rest)
		}
	})
}

func TestReadStringLongerLengthThanNeeded(t *testing.T) {
	for _, in := range []string{"810041", "8180800041", "818080800041"} {
		b, _ := hex.DecodeString(in)
		if s, rest, err := ReadString(b); s != "A" || len(rest) != 0 || err != nil {
			t.Errorf("ReadString(%s) = %q, %x, %v", in, s, rest, err)
		}
	}
}

func TestReadStringRefuses(t *testing.T) {
	for _, c := range []struct {
		in   string
		want error
	}{
		{"", io.ErrUnexpectedEOF},
		{"80", io.ErrUnexpectedEOF},
		{"0141"[:2], io.ErrUnexpectedEOF},
		{"034142", io.ErrUnexpectedEOF},
		{"ffffffff07", io.ErrUnexpectedEOF}, // 2³¹−1, and no bytes
		{"ffffffff08", errPrefix},           // negative as an int32
		{"ffffffff0f", errPrefix},
		{"8080808010", errPrefix},   // beyond 32 bits
		{"808080808000", errPrefix}, // a sixth byte
	} {
		b, _ := hex.DecodeString(c.in)
		if s, rest, err := ReadString(b); !errors.Is(err, c.want) || s != "" || rest != nil {
			t.Errorf("ReadString(%s) = %q, %x, %v; want %v", c.in, s, rest, err, c.want)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		t    time.Time
		want int64
	}{
		{time.Unix(0, 0), 621355968000000000},
		{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), 0},
		{time.Date(1, 1, 1, 0, 0, 0, 199, time.UTC), 1},
		{time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC), 621355967999999999},
		{time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), MaxTicks},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), MaxTicks},
		{time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC), 0},
		{time.Unix(1<<62, 0), MaxTicks},
		{time.Unix(-1<<62, 0), 0},
	} {
		if got := Ticks(c.t); got != c.want {
			t.Errorf("Ticks(%v) = %d, want %d", c.t, got, c.want)
		}
	}
}

func TestInRange(t *testing.T) {
	east := time.FixedZone("", 3600)
	for _, c := range []struct {
		t    time.Time
		want bool
	}{
		{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), true},
		{time.Date(1, 1, 1, 0, 59, 59, 0, east), false},
		{time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), true},
		{time.Date(10000, 1, 1, 0, 59, 59, 0, east), true},
		{time.Date(10000, 1, 1, 1, 0, 0, 0, east), false},
	} {
		if got := InRange(c.t); got != c.want {
			t.Errorf("InRange(%v) = %v", c.t, got)
		}
	}
}

func TestTicksRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, MaxTicks).Draw(t, "n")
		at, err := FromTicks(n)
		if err != nil || Ticks(at) != n || at.Location() != time.UTC {
			t.Fatalf("FromTicks(%d) = %v, %v; back %d", n, at, err, Ticks(at))
		}
		if !Truncate(at.Add(99)).Equal(at) || !InRange(at) {
			t.Fatalf("Truncate(%v) = %v", at.Add(99), Truncate(at.Add(99)))
		}
		if back, err := ParseDate(FormatDate(at)); err != nil || !back.Equal(at) {
			t.Fatalf("ParseDate(FormatDate(%v)) = %v, %v", at, back, err)
		}
	})
	for _, n := range []int64{-1, MaxTicks + 1, -1 << 63, 1<<63 - 1} {
		if _, err := FromTicks(n); err == nil {
			t.Errorf("FromTicks(%d): no error", n)
		}
	}
}

func TestTruncate(t *testing.T) {
	in := time.Date(2026, 11, 21, 23, 0, 0, 123456789, time.FixedZone("", 2*3600))
	want := time.Date(2026, 11, 21, 21, 0, 0, 123456700, time.UTC)
	if got := Truncate(in); got != want {
		t.Errorf("Truncate = %v, want %v", got, want)
	}
}

func TestDateStamp(t *testing.T) {
	for _, c := range []struct{ date, want string }{
		{"2020-05-06T07:08:09.12+02:00", "20200506T05080912Z"},
		{"2020-05-06T07:08:09Z", "20200506T070809Z"},
		{"0001-01-01T00:00:00.0000001Z", "00010101T0000000000001Z"},
	} {
		at, err := ParseDate(c.date)
		if got := DateStamp(at); err != nil || got != c.want {
			t.Errorf("DateStamp(%s) = %s, %v; want %s", c.date, got, err, c.want)
		}
	}
}

func TestFormatDateOutOfRangeIsTheNearestEnd(t *testing.T) {
	if got, want := FormatDate(time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)), "9999-12-31T23:59:59.9999999Z"; got != want {
		t.Errorf("FormatDate = %s, want %s", got, want)
	}
	if got, want := DateStamp(time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC)), "00010101T000000Z"; got != want {
		t.Errorf("DateStamp = %s, want %s", got, want)
	}
}

func TestErrorsDoNotRepeatTheInput(t *testing.T) {
	const in = "SECRETSECRET"
	_, guid := ParseGUID(in)
	_, date := ParseDate(in)
	_, name := ParseTypeName(in + "/")
	for _, err := range []error{guid, date, name} {
		if err == nil || strings.Contains(err.Error(), in) {
			t.Errorf("error %q", err)
		}
	}
}
