package authticket_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dataprotection.example/protector/authticket"
)

// texts are the texts of random tickets: often the ones that mean something.
func texts() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{
			"", "", "a", "b", "name", "role", "\x00\x00", "a\x00", "é", "漢字 😀", "\ufeff", "\ufffd", "\uffff", " ", ";", "<&>\"'\\", "\u2028\r\n",
			authticket.ClaimName, authticket.ClaimRole, authticket.ValueString, authticket.LocalIssuer, strings.Repeat("x", 127),
			strings.Repeat("y", 128), strings.Repeat("é", 100),
		}),
		rapid.String().Filter(func(s string) bool { return s != "\x00" }),
	)
}

func dictionaries() *rapid.Generator[authticket.Dictionary] {
	return rapid.Custom(func(t *rapid.T) authticket.Dictionary {
		var d authticket.Dictionary
		n := rapid.IntRange(0, 4).Draw(t, "items")
		if rapid.IntRange(0, 20).Draw(t, "many") == 20 {
			n *= 15
		}
		for range n {
			key := rapid.OneOf(texts(), rapid.StringN(1, 3, -1), rapid.SampledFrom([]string{
				".issued", ".expires", ".persistent", ".redirect", ".refresh", ".TokenNames", ".Token.", "\x00",
			})).Draw(t, "key")
			d.Set(key, rapid.OneOf(texts(), rapid.Just("\x00")).Draw(t, "value"))
		}
		return d
	})
}

func identities(depth int) *rapid.Generator[authticket.Identity] {
	return rapid.Custom(func(t *rapid.T) authticket.Identity {
		id := authticket.Identity{
			AuthenticationType: texts().Draw(t, "authentication type"),
			NameClaimType:      texts().Draw(t, "name claim type"),
			RoleClaimType:      texts().Draw(t, "role claim type"),
			Bootstrap:          texts().Draw(t, "bootstrap"),
		}
		for range rapid.IntRange(0, 5).Draw(t, "claims") {
			c := authticket.Claim{
				Type:           rapid.OneOf(texts(), rapid.Just(id.NameClaimType), rapid.Just(id.RoleClaimType)).Draw(t, "type"),
				Value:          rapid.OneOf(texts(), rapid.Just("\x00")).Draw(t, "value"),
				ValueType:      texts().Draw(t, "value type"),
				Issuer:         texts().Draw(t, "issuer"),
				OriginalIssuer: texts().Draw(t, "original issuer"),
			}
			if rapid.IntRange(0, 3).Draw(t, "has properties") == 0 {
				c.Properties = dictionaries().Draw(t, "properties")
			}
			id.Claims = append(id.Claims, c)
		}
		if depth < authticket.MaxActors && rapid.IntRange(0, 2).Draw(t, "has actor") == 0 {
			actor := identities(depth+1).Draw(t, "actor")
			id.Actor = &actor
		}
		return id
	})
}

func tickets() *rapid.Generator[authticket.Ticket] {
	return rapid.Custom(func(t *rapid.T) authticket.Ticket {
		return authticket.Ticket{
			Scheme:     texts().Draw(t, "scheme"),
			Identities: rapid.SliceOfN(identities(0), 0, 3).Draw(t, "identities"),
			Properties: authticket.Properties{Items: dictionaries().Draw(t, "properties")},
		}
	})
}

func TestRandomTicketsComeBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ticket := tickets().Draw(rt, "ticket")
		before := ticket.Clone()
		data, err := ticket.MarshalBinary()
		if err != nil {
			rt.Fatal(err)
		}
		if !reflect.DeepEqual(*before, *ticket.Clone()) {
			rt.Error("encoding changes the ticket")
		}
		var read authticket.Ticket
		if err := read.UnmarshalBinary(data); err != nil {
			rt.Fatal(err)
		}
		wantSame(t, read, toDotnet(ticket))
		again, err := read.MarshalBinary()
		if err != nil || !bytes.Equal(again, data) {
			rt.Errorf("encoded again:\n%x\nwant\n%x\n%v", again, data, err)
		}
		var twice authticket.Ticket
		if err := twice.UnmarshalBinary(again); err != nil || !reflect.DeepEqual(twice, read) {
			rt.Errorf("read again it is another ticket; %v", err)
		}
	})
}

// Every prefix of a ticket is cut short, and anything after it is too much.
func TestRandomTicketsMayNotBeCut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		data, err := tickets().Draw(rt, "ticket").MarshalBinary()
		if err != nil {
			rt.Fatal(err)
		}
		cut := data[:rapid.IntRange(0, len(data)-1).Draw(rt, "length")]
		var ticket authticket.Ticket
		if err := ticket.UnmarshalBinary(cut); err == nil {
			rt.Error("read a part of a ticket")
		}
		more := append(bytes.Clone(data), rapid.Byte().Draw(rt, "more"))
		if err := ticket.UnmarshalBinary(more); err == nil {
			rt.Error("read what follows a ticket")
		}
		if !reflect.DeepEqual(ticket, authticket.Ticket{}) {
			rt.Error("a failed reading has left something")
		}
	})
}

func TestClonesShareNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ticket := tickets().Draw(rt, "ticket")
		want := marshal(t, ticket)
		clone := ticket.Clone()
		if !reflect.DeepEqual(*clone, ticket) {
			rt.Fatal("a clone differs")
		}
		spoil(clone)
		if !bytes.Equal(marshal(t, ticket), want) {
			rt.Error("changing a clone changes the ticket")
		}
	})
}

// spoil changes whatever can be reached from t.
func spoil(t *authticket.Ticket) {
	spoilItems := func(items authticket.Dictionary) {
		for i := range items {
			items[i] = authticket.Item{Key: "spoiled", Value: "spoiled"}
		}
	}
	spoilItems(t.Properties.Items)
	for i := range t.Identities {
		for id := &t.Identities[i]; id != nil; id = id.Actor {
			id.AuthenticationType = "spoiled"
			for j := range id.Claims {
				id.Claims[j].Type = "spoiled"
				spoilItems(id.Claims[j].Properties)
			}
		}
	}
}
