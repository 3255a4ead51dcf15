package authticket_test

import (
	"errors"
	"strings"
	"testing"

	"dataprotection.example/protector/authticket"
)

func withIdentity(id authticket.Identity) authticket.Ticket {
	return authticket.Ticket{Scheme: "s", Identities: []authticket.Identity{{}, id}}
}

func withClaim(c authticket.Claim) authticket.Ticket {
	return withIdentity(authticket.Identity{Claims: authticket.Claims{{Type: "a"}, c}})
}

func withProperties(items ...authticket.Item) authticket.Ticket {
	return authticket.Ticket{Properties: authticket.Properties{Items: items}}
}

func manyItems(n int) authticket.Dictionary {
	var d authticket.Dictionary
	for i := range n {
		d = append(d, authticket.Item{Key: strings.Repeat("k", i)})
	}
	return d
}

func withActors(n int) authticket.Ticket {
	var id authticket.Identity
	for range n {
		actor := id
		id = authticket.Identity{Actor: &actor}
	}
	return authticket.Ticket{Identities: []authticket.Identity{id}}
}

func TestWhatCannotBeEncoded(t *testing.T) {
	circle := authticket.Identity{}
	circle.Actor = &circle
	for name, test := range map[string]struct {
		ticket authticket.Ticket
		says   string
	}{
		"name claim type of U+0000": {withIdentity(authticket.Identity{NameClaimType: "\x00"}), "identity 1: name claim type is U+0000"},
		"role claim type of U+0000": {withIdentity(authticket.Identity{RoleClaimType: "\x00"}), "identity 1: role claim type is U+0000"},
		"type of U+0000":            {withClaim(authticket.Claim{Type: "\x00"}), "identity 1: claim 1: type is U+0000"},
		"value type of U+0000":      {withClaim(authticket.Claim{ValueType: "\x00"}), "claim 1: value type is U+0000"},
		"issuer of U+0000":          {withClaim(authticket.Claim{Issuer: "\x00"}), "claim 1: issuer is U+0000"},
		"original issuer of U+0000": {withClaim(authticket.Claim{OriginalIssuer: "\x00"}), "claim 1: original issuer is U+0000"},

		"scheme not UTF-8":              {authticket.Ticket{Scheme: "a\xff", Identities: []authticket.Identity{{}}}, "encoded: scheme: not valid UTF-8"},
		"authentication type not UTF-8": {withIdentity(authticket.Identity{AuthenticationType: "\xc3", Claims: authticket.Claims{{}}}), "encoded: identity 1: authentication type: not valid"},
		"name claim type not UTF-8":     {withIdentity(authticket.Identity{NameClaimType: "\xc3"}), "name claim type: not valid"},
		"role claim type not UTF-8":     {withIdentity(authticket.Identity{RoleClaimType: "\xc3"}), "role claim type: not valid"},
		"bootstrap not UTF-8":           {withIdentity(authticket.Identity{Bootstrap: "\xed\xa0\x80"}), "identity 1: bootstrap: not valid"},
		"type not UTF-8":                {withClaim(authticket.Claim{Type: "\x80"}), "claim 1: type: not valid"},
		"value not UTF-8":               {withClaim(authticket.Claim{Value: "\x80"}), "claim 1: value: not valid"},
		"value type not UTF-8":          {withClaim(authticket.Claim{ValueType: "\x80"}), "claim 1: value type: not valid"},
		"issuer not UTF-8":              {withClaim(authticket.Claim{Issuer: "\x80"}), "claim 1: issuer: not valid"},
		"original issuer not UTF-8":     {withClaim(authticket.Claim{OriginalIssuer: "\x80"}), "claim 1: original issuer: not valid"},
		"key not UTF-8":                 {withProperties(authticket.Item{Key: "\x80"}), "properties: not valid"},
		"item not UTF-8":                {withProperties(authticket.Item{Value: "\x80"}), "properties: not valid"},
		"claim's key not UTF-8":         {withClaim(authticket.Claim{Properties: authticket.Dictionary{{Key: "\x80"}}}), "claim 1: properties: not valid"},

		"key twice":            {withProperties(authticket.Item{Key: "a"}, authticket.Item{Key: "b"}, authticket.Item{Key: "a"}), "properties: a key occurs twice"},
		"key twice among many": {withProperties(append(manyItems(100), authticket.Item{})...), "properties: a key occurs twice"},
		"claim's key twice":    {withClaim(authticket.Claim{Properties: authticket.Dictionary{{}, {}}}), "claim 1: properties: a key occurs twice"},
		"17 actors":            {withActors(17), "identity 0: more than 16 actors"},
		"actors in a circle":   {withIdentity(circle), "identity 1: more than 16 actors"},
		"actor's claim":        {withIdentity(authticket.Identity{Actor: &authticket.Identity{Claims: authticket.Claims{{Type: "\x00"}}}}), "identity 1: claim 0: type is U+0000"},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := test.ticket.AppendBinary([]byte("x"))
			if !errors.Is(err, authticket.ErrUnencodable) || data != nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%q, %v; want ... %s", data, err, test.says)
			}
		})
	}
}

// What has no default may be U+0000, and sixteen actors are allowed.
func TestWhatCanJustBeEncoded(t *testing.T) {
	for name, ticket := range map[string]authticket.Ticket{
		"U+0000 without a default": {
			Scheme: "\x00",
			Identities: []authticket.Identity{{
				AuthenticationType: "\x00", Bootstrap: "\x00",
				Claims: authticket.Claims{{Type: "t", Value: "\x00", Properties: authticket.Dictionary{{Key: "\x00", Value: "\x00"}}}},
			}},
			Properties: authticket.Properties{Items: authticket.Dictionary{{Key: "\x00", Value: "\x00"}}},
		},
		"16 actors":  withActors(16),
		"many items": withProperties(manyItems(100)...),
		"nothing":    {},
	} {
		t.Run(name, func(t *testing.T) { wantSame(t, unmarshal(t, marshal(t, ticket)), toDotnet(ticket)) })
	}
}

// A claim's type has a default when it is left out, but an empty one is a type.
func TestAnEmptyTypeIsAType(t *testing.T) {
	ticket := unmarshal(t, marshal(t, withClaim(authticket.Claim{Type: "", Value: "v"})))
	if got := ticket.Identities[1].Claims[1].Type; got != "" {
		t.Errorf("type %q", got)
	}
}
