package authticket_test

import (
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
	"dataprotection.example/testdata"
	"dataprotection.example/xmlrepo"
)

// recorded is a time at which the keys of the recorded rings are active.
var recorded = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// openProvider returns a provider over a copy of a recorded ring, at the time of
// its recording. It makes no keys.
func openProvider(t testing.TB, ring, app string) *protector.Provider {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ring")
	if err := testdata.CopyRing(path, ring); err != nil {
		t.Fatal(err)
	}
	return openDir(t, path, app, keyring.Options{
		DisableAutomaticKeyGeneration: true,
		Now:                           func() time.Time { return recorded },
	})
}

func openDir(t testing.TB, path, app string, opts keyring.Options) *protector.Provider {
	t.Helper()
	dir, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	opts.GenerationDelay, opts.UnknownKeyWait = -1, time.Millisecond
	ring, err := keyring.Open(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ring.Close() })
	return protector.New(ring, protector.Options{ApplicationName: app})
}

// ticketVector is a recorded ticket.
type ticketVector struct {
	testdata.Vector
	bytes []byte
	dump  *dotnettest.Ticket // nil if the recording does not have it
}

// ticketVectors returns every recorded ticket: of cookies, of bearer tokens, and
// those that never were a payload.
func ticketVectors(t testing.TB) []ticketVector {
	t.Helper()
	all, err := testdata.Vectors()
	if err != nil {
		t.Fatal(err)
	}
	var tickets []ticketVector
	for _, v := range all {
		switch v.Kind {
		case "authentication-ticket", "authentication-cookie", "bearer-token":
		default:
			continue
		}
		var entry struct {
			TicketHex string
			Dump      *dotnettest.Ticket
		}
		if err := json.Unmarshal(v.Raw, &entry); err != nil {
			t.Fatal(err)
		}
		ticket := ticketVector{Vector: v, bytes: v.Plaintext, dump: entry.Dump}
		if entry.TicketHex != "" {
			if ticket.bytes, err = hex.DecodeString(entry.TicketHex); err != nil {
				t.Fatal(err)
			}
		}
		tickets = append(tickets, ticket)
	}
	if len(tickets) < 7 {
		t.Fatalf("only %d recorded tickets", len(tickets))
	}
	return tickets
}

// toDotnet spells a ticket as the peer does, every default filled in.
func toDotnet(t authticket.Ticket) dotnettest.Ticket {
	out := dotnettest.Ticket{Scheme: t.Scheme, Identities: []dotnettest.TicketIdentity{}, Props: toPairs(t.Properties.Items)}
	for _, id := range t.Identities {
		out.Identities = append(out.Identities, toDotnetIdentity(id))
	}
	return out
}

func toDotnetIdentity(id authticket.Identity) dotnettest.TicketIdentity {
	out := dotnettest.TicketIdentity{
		AuthType: &id.AuthenticationType,
		NameType: or(id.NameClaimType, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"),
		RoleType: or(id.RoleClaimType, "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"),
		Claims:   []dotnettest.TicketClaim{},
	}
	for _, c := range id.Claims {
		issuer := or(c.Issuer, "LOCAL AUTHORITY")
		out.Claims = append(out.Claims, dotnettest.TicketClaim{
			Type:           c.Type,
			Value:          c.Value,
			ValueType:      or(c.ValueType, "http://www.w3.org/2001/XMLSchema#string"),
			Issuer:         issuer,
			OriginalIssuer: or(c.OriginalIssuer, issuer),
			Props:          toPairs(c.Properties),
		})
	}
	if id.Bootstrap != "" {
		out.Bootstrap = &id.Bootstrap
	}
	if id.Actor != nil {
		actor := toDotnetIdentity(*id.Actor)
		out.Actor = &actor
	}
	return out
}

func or(s, ifEmpty string) string {
	if s == "" {
		return ifEmpty
	}
	return s
}

func toPairs(d authticket.Dictionary) [][2]string {
	pairs := [][2]string{}
	for _, item := range d {
		pairs = append(pairs, [2]string{item.Key, item.Value})
	}
	return pairs
}

func toDictionary(pairs [][2]string) authticket.Dictionary {
	var d authticket.Dictionary
	for _, p := range pairs {
		d = append(d, authticket.Item{Key: p[0], Value: p[1]})
	}
	return d
}

// wantSame fails unless both tickets are the same claim by claim.
func wantSame(t testing.TB, got authticket.Ticket, want dotnettest.Ticket) {
	t.Helper()
	spelled := toDotnet(got)
	if a, b := mustJSON(t, normal(spelled)), mustJSON(t, normal(want)); a != b {
		t.Errorf("got  %s\nwant %s", a, b)
	}
	// And nothing was filled in that reading ought to have filled.
	if !isFilled(got) {
		t.Errorf("defaults are not filled in: %s", mustJSON(t, spelled))
	}
}

// normal makes null and empty lists the same: recordings have both.
func normal(d dotnettest.Ticket) dotnettest.Ticket {
	if d.Props == nil {
		d.Props = [][2]string{}
	}
	identities := []dotnettest.TicketIdentity{}
	for _, id := range d.Identities {
		identities = append(identities, normalIdentity(id))
	}
	d.Identities = identities
	return d
}

func normalIdentity(id dotnettest.TicketIdentity) dotnettest.TicketIdentity {
	claims := []dotnettest.TicketClaim{}
	for _, c := range id.Claims {
		if c.Props == nil {
			c.Props = [][2]string{}
		}
		claims = append(claims, c)
	}
	id.Claims = claims
	if id.Actor != nil {
		actor := normalIdentity(*id.Actor)
		id.Actor = &actor
	}
	return id
}

func isFilled(t authticket.Ticket) bool {
	for i := range t.Identities {
		for id := &t.Identities[i]; id != nil; id = id.Actor {
			if id.NameClaimType == "" || id.RoleClaimType == "" {
				return false
			}
			for _, c := range id.Claims {
				if c.ValueType == "" || c.Issuer == "" || c.OriginalIssuer == "" {
					return false
				}
			}
		}
	}
	return true
}

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func marshal(t testing.TB, ticket authticket.Ticket) []byte {
	t.Helper()
	data, err := ticket.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func unmarshal(t testing.TB, data []byte) authticket.Ticket {
	t.Helper()
	var ticket authticket.Ticket
	if err := ticket.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	return ticket
}
