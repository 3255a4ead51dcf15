package authticket_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"dataprotection.example/protector/authticket"
)

// Whatever decodes encodes again, to bytes that decode to the same ticket and
// that do not change any more.
func FuzzUnmarshal(f *testing.F) {
	for _, v := range ticketVectors(f) {
		f.Add(v.bytes)
	}
	for _, test := range malformed() {
		if len(test.data) < 1000 {
			f.Add(test.data)
		}
	}
	f.Add(actors(16))
	f.Add(head(1).texts("a", "n", "").int32(1).texts("n", "v", "", "i", "i").int32(0).raw(9, 0, 0).end())
	f.Fuzz(func(t *testing.T, data []byte) {
		var ticket authticket.Ticket
		if err := ticket.UnmarshalBinary(data); err != nil {
			if !errors.Is(err, authticket.ErrMalformed) || !reflect.DeepEqual(ticket, authticket.Ticket{}) {
				t.Fatalf("%v, and left %v", err, ticket)
			}
			return
		}
		canonical, err := ticket.MarshalBinary()
		if err != nil {
			t.Fatalf("decodes and does not encode: %v", err)
		}
		var again authticket.Ticket
		if err := again.UnmarshalBinary(canonical); err != nil {
			t.Fatalf("what it encodes to does not decode: %v", err)
		}
		if !reflect.DeepEqual(again, ticket) {
			t.Fatalf("encoding has made another ticket of it:\n%s\n%s", mustJSON(t, toDotnet(ticket)), mustJSON(t, toDotnet(again)))
		}
		if fixed := marshal(t, again); !bytes.Equal(fixed, canonical) {
			t.Fatalf("not canonical:\n%x\n%x", canonical, fixed)
		}
		ask(ticket)
	})
}

// ask calls whatever reads a ticket; nothing may panic.
func ask(t authticket.Ticket) {
	_, _ = t.Name(), t.Authenticated()
	for _, role := range append(t.Roles(), "r") {
		t.HasRole(role)
	}
	for c := range t.Claims() {
		t.Find(c.Type)
		t.Values(c.Type, "t")
	}
	p := t.Properties
	p.Issued()
	p.Expires()
	p.AllowRefresh()
	for _, token := range p.Tokens() {
		p.Token(token.Name)
	}
	_, _, _, _ = p.Persistent(), p.RedirectURI(), t.String(), t.Clone()
}

// What a date or a flag of .NET is not, and what it is, may not panic either,
// and a date that is read is written as it was read but for its case.
func FuzzProperties(f *testing.F) {
	for _, text := range append(append([]string{"True", " false\x00", "a;b"}, goodDates...), badDates...) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p authticket.Properties
		for _, key := range []string{".expires", ".refresh", ".TokenNames", ".Token." + text} {
			p.Items.Set(key, text)
		}
		expires, err := p.Expires()
		if err == nil {
			p.SetExpires(expires)
			if again, _ := p.Items.Get(".expires"); !bytes.EqualFold([]byte(again), []byte(text)) {
				t.Errorf("%q is written %q", text, again)
			}
		} else if !errors.Is(err, authticket.ErrBadDate) {
			t.Error(err)
		}
		p.AllowRefresh()
		p.Tokens()
		_ = p.String()
	})
}
