package authticket_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"dataprotection.example/protector/authticket"
)

// builder puts bytes together by hand.
type builder struct{ bytes.Buffer }

func (b *builder) int32(n uint32) *builder {
	b.Write(binary.LittleEndian.AppendUint32(nil, n))
	return b
}

func (b *builder) texts(all ...string) *builder {
	for _, s := range all {
		b.Write(binary.AppendUvarint(nil, uint64(len(s))))
		b.WriteString(s)
	}
	return b
}

func (b *builder) raw(all ...byte) *builder {
	b.Write(all)
	return b
}

// head is a ticket up to its identities, identity one up to its claims, claim one
// up to its properties, tail the end of an identity, end the properties.
func head(identities uint32) *builder { return new(builder).int32(5).texts("s").int32(identities) }

func (b *builder) identity(claims uint32) *builder {
	return b.texts("a", "\x00", "\x00").int32(claims)
}

func (b *builder) claim(properties uint32) *builder {
	return b.texts("t", "v", "\x00", "\x00", "\x00").int32(properties)
}

func (b *builder) tail() *builder { return b.raw(0, 0) }

func (b *builder) end() []byte { return b.int32(1).int32(0).Bytes() }

func actors(n int) []byte {
	b := head(1)
	for range n {
		b.identity(0).raw(0, 1)
	}
	return b.identity(0).tail().end()
}

// huge are counts that nothing could follow.
var huge = map[string]uint32{"negative": 0xffffffff, "smallest": 0x80000000, "largest": 0x7fffffff, "million": 1 << 20}

func malformed() map[string]struct {
	data []byte
	says string
} {
	type test = struct {
		data []byte
		says string
	}
	good := head(1).identity(1).claim(1).texts("k", "v").tail().end()
	tests := map[string]test{
		"nothing":               {nil, "cut short (at byte 0 of 0)"},
		"three bytes":           {[]byte{5, 0, 0}, "cut short"},
		"version 4":             {append([]byte{4}, good[1:]...), "format 5"},
		"version 6":             {append([]byte{6}, good[1:]...), "format 5"},
		"version big-endian":    {append([]byte{0, 0, 0, 5}, good[4:]...), "format 5"},
		"a byte more":           {append(bytes.Clone(good), 0), "bytes follow the end"},
		"twice":                 {append(bytes.Clone(good), good...), "bytes follow the end"},
		"properties version 0":  {head(0).int32(0).int32(0).Bytes(), "version 1"},
		"properties version 2":  {head(0).int32(2).int32(0).Bytes(), "version 1"},
		"key twice":             {head(0).int32(1).int32(2).texts("k", "1", "k", "2").Bytes(), "twice"},
		"claim's key twice":     {head(1).identity(1).claim(2).texts("k", "1", "k", "2").tail().end(), "twice"},
		"17 actors":             {actors(17), "actors"},
		"actors without end":    {actors(100_000), "actors"},
		"scheme not UTF-8":      {new(builder).int32(5).texts("\xff").int32(0).end(), "UTF-8"},
		"value not UTF-8":       {head(1).identity(1).texts("t", "a\xc3", "\x00", "\x00", "\x00").int32(0).tail().end(), "UTF-8"},
		"surrogate":             {new(builder).int32(5).texts("\xed\xa0\x80").int32(0).end(), "UTF-8"},
		"overlong":              {new(builder).int32(5).texts("\xc0\x80").int32(0).end(), "UTF-8"},
		"text longer than data": {new(builder).int32(5).raw(0xff, 0xff, 0xff, 0xff, 0x07).Bytes(), "cut short"},
		"negative text":         {new(builder).int32(5).raw(0xff, 0xff, 0xff, 0xff, 0x0f).Bytes(), "length"},
		"six bytes of length":   {new(builder).int32(5).raw(0x80, 0x80, 0x80, 0x80, 0x80, 0x01).Bytes(), "length"},
		"one count too many":    {head(1).identity(2).claim(0).tail().end(), "cut short"},
		"one identity too many": {head(2).identity(0).tail().end(), "cut short"},
	}
	for name, n := range huge {
		tests[name+" identities"] = test{append(head(n).Bytes(), good...), "larger"}
		tests[name+" claims"] = test{append(head(1).identity(n).Bytes(), good...), "larger"}
		tests[name+" claim properties"] = test{append(head(1).identity(1).claim(n).Bytes(), good...), "larger"}
		tests[name+" properties"] = test{append(head(0).int32(1).int32(n).Bytes(), good...), "larger"}
	}
	return tests
}

func TestMalformedTickets(t *testing.T) {
	for name, test := range malformed() {
		t.Run(name, func(t *testing.T) {
			before := authticket.Ticket{Scheme: "before"}
			err := before.UnmarshalBinary(test.data)
			if !errors.Is(err, authticket.ErrMalformed) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v; want ... %s", err, test.says)
			}
			if !reflect.DeepEqual(before, authticket.Ticket{Scheme: "before"}) {
				t.Errorf("left %v behind", before)
			}
		})
	}
}

func TestLenientReading(t *testing.T) {
	want := unmarshal(t, head(1).identity(1).claim(0).tail().end())
	for name, data := range map[string][]byte{
		"defaults spelled out": head(1).texts("a", authticket.ClaimName, authticket.ClaimRole).int32(1).
			texts("t", "v", authticket.ValueString, authticket.LocalIssuer, authticket.LocalIssuer).int32(0).tail().end(),
		"defaults empty":  head(1).texts("a", "", "").int32(1).texts("t", "v", "", "", "").int32(0).tail().end(),
		"empty bootstrap": head(1).identity(1).claim(0).raw(7, 0, 0).end(),
		"longer length":   new(builder).int32(5).raw(0x81, 0).raw('s').int32(1).identity(1).claim(0).tail().end(),
	} {
		t.Run(name, func(t *testing.T) {
			if got := unmarshal(t, data); !reflect.DeepEqual(got, want) {
				t.Errorf("read %s", mustJSON(t, toDotnet(got)))
			}
		})
	}
	// Any byte but zero is true.
	acted := unmarshal(t, head(1).identity(0).raw(0, 0xff).identity(0).tail().end())
	if acted.Identities[0].Actor == nil {
		t.Error("no actor")
	}
}

// A count is no reason to allocate: what a few bytes claim costs a few bytes.
func TestHugeCountsCostNothing(t *testing.T) {
	for name, test := range malformed() {
		if len(test.data) > 1000 {
			continue
		}
		if n := allocated(func() { new(authticket.Ticket).UnmarshalBinary(test.data) }); n > 1<<16 {
			t.Errorf("%s: %d bytes allocated for %d", name, n, len(test.data))
		}
	}
}

// The most that a megabyte can be made to cost is what the documentation says.
func TestMemoryIsInProportion(t *testing.T) {
	const size = 1 << 20
	const perByte = 100
	emptyIdentity := new(builder).texts("", "", "").int32(0).tail().Bytes()
	emptyClaim := new(builder).texts("", "", "", "", "").int32(0).Bytes()
	items := new(builder)
	for i := range size / 5 {
		items.texts(string([]byte{byte(1 + i&0x7e), byte(1 + i>>7&0x7e), byte(1 + i>>14&0x7e)}), "")
	}
	for name, data := range map[string][]byte{
		"identities": head(size / 9).raw(bytes.Repeat(emptyIdentity, size/9)...).end(),
		"claims":     head(1).identity(size / 9).raw(bytes.Repeat(emptyClaim, size/9)...).tail().end(),
		"properties": head(0).int32(1).int32(size / 5).raw(items.Bytes()...).Bytes(),
		// Each claim says that all the rest is its properties, and the first fails.
		"nested": head(1).identity(size / 9).raw(bytes.Repeat(new(builder).texts("", "", "", "", "").int32(size/4).Bytes(), size/9)...).Bytes(),
	} {
		n := allocated(func() { new(authticket.Ticket).UnmarshalBinary(data) })
		t.Logf("%s: %d bytes for each", name, n/uint64(len(data)))
		if n > perByte*uint64(len(data)) {
			t.Errorf("%s: %d bytes allocated for %d", name, n, len(data))
		}
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
