package authticket_test

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
)

func TestRecordedTickets(t *testing.T) {
	dumps := 0
	for _, v := range ticketVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			ticket := unmarshal(t, v.bytes)
			if v.dump != nil {
				dumps++
				wantSame(t, ticket, *v.dump)
			}
			if again := marshal(t, ticket); !bytes.Equal(again, v.bytes) {
				t.Errorf("encoded again:\n%x\nwant\n%x", again, v.bytes)
			}
			prefix := []byte("prefix")
			if appended, err := ticket.AppendBinary(prefix); err != nil || !bytes.Equal(appended, append(prefix, v.bytes...)) {
				t.Errorf("appended: %x, %v", appended, err)
			}
			if v.dump == nil {
				return
			}
			// The same ticket, made of the recording instead of read.
			if made := marshal(t, fromDotnet(*v.dump)); !bytes.Equal(made, v.bytes) {
				t.Errorf("made of the dump:\n%x\nwant\n%x", made, v.bytes)
			}
		})
	}
	if dumps < 4 {
		t.Errorf("only %d dumps", dumps)
	}
}

// fromDotnet leaves out what is a default, so that encoding has to fill it in.
func fromDotnet(d dotnettest.Ticket) authticket.Ticket {
	t := authticket.Ticket{Scheme: d.Scheme, Properties: authticket.Properties{Items: toDictionary(d.Props)}}
	for _, id := range d.Identities {
		t.Identities = append(t.Identities, fromDotnetIdentity(id))
	}
	return t
}

func fromDotnetIdentity(d dotnettest.TicketIdentity) authticket.Identity {
	id := authticket.Identity{
		NameClaimType: unless(d.NameType, authticket.ClaimName),
		RoleClaimType: unless(d.RoleType, authticket.ClaimRole),
	}
	if d.AuthType != nil {
		id.AuthenticationType = *d.AuthType
	}
	for _, c := range d.Claims {
		id.Claims = append(id.Claims, authticket.Claim{
			Type:           c.Type,
			Value:          c.Value,
			ValueType:      unless(c.ValueType, authticket.ValueString),
			Issuer:         unless(c.Issuer, authticket.LocalIssuer),
			OriginalIssuer: unless(c.OriginalIssuer, c.Issuer),
			Properties:     toDictionary(c.Props),
		})
	}
	if d.Bootstrap != nil {
		id.Bootstrap = *d.Bootstrap
	}
	if d.Actor != nil {
		actor := fromDotnetIdentity(*d.Actor)
		id.Actor = &actor
	}
	return id
}

func unless(s, theDefault string) string {
	if s == theDefault {
		return ""
	}
	return s
}

func TestRecordedCookiesAndBearerTokens(t *testing.T) {
	count := 0
	for _, v := range ticketVectors(t) {
		if v.Payload == "" {
			continue
		}
		count++
		t.Run(v.Name, func(t *testing.T) {
			provider := openProvider(t, v.Ring, v.Purposes[0])
			var format *authticket.Format
			switch scheme := v.Purposes[2]; v.Purposes[3] {
			case "v2":
				format = authticket.CookieFormat(provider, scheme)
			case "BearerToken":
				format = authticket.AccessTokenFormat(provider, scheme)
			default:
				t.Fatal("no format for these purposes")
			}
			u, err := format.UnprotectDetails(t.Context(), v.Payload)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(marshal(t, *u.Ticket), v.bytes) || u.KeyID != v.KeyID || u.RequiresMigration {
				t.Errorf("opened %v, key %v, migration %v", u.Ticket, u.KeyID, u.RequiresMigration)
			}

			text, err := format.Protect(t.Context(), u.Ticket)
			if err != nil || len(text) != len(v.Payload) {
				t.Fatalf("protected again it has %d characters, not %d; %v", len(text), len(v.Payload), err)
			}
			sealed, err := provider.CreateProtector(v.Purposes[1], v.Purposes[2:]...).Unprotect(t.Context(), mustDecode(t, text))
			if err != nil || !bytes.Equal(sealed, v.bytes) {
				t.Errorf("protected again it holds %x, %v", sealed, err)
			}
		})
	}
	if count < 6 {
		t.Errorf("only %d payloads", count)
	}
}

func mustDecode(t testing.TB, text string) []byte {
	t.Helper()
	payload, err := protector.DecodePayload(text)
	if err != nil || base64.RawURLEncoding.EncodeToString(payload) != text {
		t.Fatal(err)
	}
	return payload
}

func TestWhatARecordedTicketSays(t *testing.T) {
	var rich authticket.Ticket
	for _, v := range ticketVectors(t) {
		if v.Name == "ticket-raw-rich" {
			rich = unmarshal(t, v.bytes)
		}
	}
	p := rich.Properties
	issued, err := p.Issued()
	if err != nil || !issued.Equal(time.Date(2024, 1, 2, 2, 4, 5, 0, time.UTC)) {
		t.Errorf("issued %v, %v", issued, err)
	}
	expires, err := p.Expires()
	if err != nil || !expires.Equal(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("expires %v, %v", expires, err)
	}
	if allow, ok := p.AllowRefresh(); allow || !ok {
		t.Errorf("refresh %v, %v", allow, ok)
	}
	if !p.Persistent() || p.RedirectURI() != "/r?x=1" {
		t.Errorf("persistent %v, redirect %q", p.Persistent(), p.RedirectURI())
	}
	if tokens := p.Tokens(); len(tokens) != 2 || tokens[0] != (authticket.Token{Name: "access_token", Value: "AT"}) || tokens[1].Value != "RT" {
		t.Errorf("tokens %q", tokens)
	}
	if rich.Name() != "bob" || !rich.HasRole("r1") || !rich.HasRole("admin") || rich.HasRole("bob") {
		t.Errorf("name %q, roles %q", rich.Name(), rich.Roles())
	}
	if actor := rich.Identities[0].Actor; actor.Name() != "actor" || actor.Actor.Claims.Value("A2") != "v2" {
		t.Errorf("actor %v", actor)
	}
}
