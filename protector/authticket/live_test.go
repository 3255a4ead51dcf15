package authticket_test

import (
	"bytes"
	"errors"
	"flag"
	"strings"
	"testing"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/protector/authticket"
)

var rounds = flag.Int("rounds", 2000, "random tickets to exchange with .NET")

// randomTickets returns n tickets, the same in every run, and one that is large.
func randomTickets(t *testing.T, n int) []authticket.Ticket {
	t.Helper()
	all := []authticket.Ticket{people()}
	for _, size := range []int{127, 128, 16383, 16384, 1 << 21} { // where lengths get another byte
		all[0].Properties.Items.Set(strings.Repeat("k", size), strings.Repeat("v", size))
	}
	generator := tickets()
	for i := range n {
		all = append(all, generator.Example(i))
	}
	return all
}

// batch is how many tickets make one question.
const batch = 500

// answer returns the value of an answer that must be there.
func answer[T any](t *testing.T, p dotnettest.Parsed[T]) T {
	t.Helper()
	if p.Err != nil {
		t.Fatal(p.Err)
	}
	return p.Value
}

// .NET and Go write the same bytes for the same ticket, and each reads what the
// other wrote, claim by claim.
func TestLiveTickets(t *testing.T) {
	peer := dotnettest.Start(t)
	all := randomTickets(t, *rounds)
	claims, size := 0, 0
	for start := 0; start < len(all); start += batch {
		part := all[start:min(start+batch, len(all))]
		spelled := make([]dotnettest.Ticket, len(part))
		ours := make([][]byte, len(part))
		for i, ticket := range part {
			spelled[i] = toDotnet(ticket)
			ours[i] = marshal(t, ticket)
			size += len(ours[i])
		}
		theirs, err := peer.SerializeTickets(spelled)
		if err != nil {
			t.Fatal(err)
		}
		read, err := peer.DeserializeTickets(ours)
		if err != nil {
			t.Fatal(err)
		}
		for i := range part {
			written := answer(t, theirs[i])
			if !bytes.Equal(written, ours[i]) {
				t.Fatalf("ticket %d: .NET writes\n%x\nand Go\n%x", start+i, written, ours[i])
			}
			wantSame(t, unmarshal(t, written), spelled[i])
			seen := answer(t, read[i])
			if seen == nil {
				t.Fatalf("ticket %d: .NET does not read it", start+i)
			}
			if a, b := mustJSON(t, normal(*seen)), mustJSON(t, normal(spelled[i])); a != b {
				t.Fatalf("ticket %d: .NET reads\n%s\nwant\n%s", start+i, a, b)
			}
			for _, id := range part[i].Identities {
				claims += len(id.Claims)
			}
		}
	}
	t.Logf("%d tickets with %d claims, %d bytes", len(all), claims, size)
}

func TestLiveFormats(t *testing.T) {
	peer := dotnettest.Start(t)
	path := t.TempDir()
	ring := peer.Open(path, dotnettest.RingOptions{App: "app"})
	if _, err := ring.Protector("wake up").Protect(nil); err != nil { // makes the key
		t.Fatal(err)
	}
	provider := openDir(t, path, "app", noGeneration)
	all := randomTickets(t, *rounds/10)[1:] // without the large one

	for name, test := range map[string]struct {
		format   *authticket.Format
		purposes []string
	}{
		"cookie":        {authticket.CookieFormat(provider, "My Scheme/é"), authticket.CookiePurposes("My Scheme/é")},
		"access token":  {authticket.AccessTokenFormat(provider, "BearerToken"), authticket.AccessTokenPurposes("BearerToken")},
		"refresh token": {authticket.RefreshTokenFormat(provider, "BearerToken"), authticket.RefreshTokenPurposes("BearerToken")},
	} {
		t.Run(name, func(t *testing.T) {
			theirs := ring.TicketFormat(test.purposes...)
			spelled := make([]dotnettest.Ticket, len(all))
			texts := make([]string, len(all))
			for i, ticket := range all {
				spelled[i] = toDotnet(ticket)
				var err error
				if texts[i], err = test.format.Protect(t.Context(), &ticket); err != nil {
					t.Fatal(err)
				}
			}
			opened, err := theirs.Unprotect(texts)
			if err != nil {
				t.Fatal(err)
			}
			made, err := theirs.Protect(spelled)
			if err != nil {
				t.Fatal(err)
			}
			for i := range all {
				seen := answer(t, opened[i])
				if seen == nil || mustJSON(t, normal(*seen)) != mustJSON(t, normal(spelled[i])) {
					t.Fatalf("ticket %d: .NET opened %v", i, seen)
				}
				u, err := test.format.UnprotectDetails(t.Context(), answer(t, made[i]))
				if err != nil || u.RequiresMigration {
					t.Fatalf("ticket %d: %v", i, err)
				}
				wantSame(t, *u.Ticket, spelled[i])
				if len(answer(t, made[i])) != len(texts[i]) {
					t.Fatalf("ticket %d has %d characters, not %d", i, len(answer(t, made[i])), len(texts[i]))
				}
			}
			// What is none, .NET answers with null and Go with an error.
			none, err := theirs.Unprotect([]string{"", "chunks-3", texts[0] + "AAAA", texts[0][1:]})
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range none {
				if answer(t, p) != nil {
					t.Errorf("%d: .NET opens what is no ticket", i)
				}
			}
		})
	}
}

// Where Go and .NET differ about bytes that no .NET writes, this is how.
func TestLiveStrictness(t *testing.T) {
	peer := dotnettest.Start(t)
	good := head(1).identity(1).claim(1).texts("k", "v").tail().end()
	const (
		reads = "reads"
		null  = "returns null"
		eof   = "EndOfStreamException"
	)
	tests := []struct {
		name   string
		data   []byte
		dotnet string // what it does: reads, null, or what it throws
		reads  bool   // what Go does
	}{
		{"canonical", good, reads, true},
		{"defaults empty", head(1).texts("a", "", "").int32(1).texts("t", "v", "", "", "").int32(0).tail().end(), reads, true},
		{"flags of 7 and 255", head(1).identity(0).raw(7).texts("b").raw(255).identity(0).tail().end(), reads, true},
		{"longer length", new(builder).int32(5).raw(0x81, 0).raw('s').int32(0).end(), reads, true},
		{"16 actors", actors(16), reads, true},

		// .NET reads what Go refuses.
		{"trailing byte", append(bytes.Clone(good), 0), reads, false},
		{"properties of version 0", head(0).int32(0).int32(0).Bytes(), reads, false}, // and has no properties
		{"properties of version 2", head(0).int32(2).int32(1).texts(".expires", "x").Bytes(), reads, false},
		{"17 actors", actors(17), reads, false},
		{"invalid UTF-8", new(builder).int32(5).texts("a\xffb").int32(0).end(), reads, false}, // and has U+FFFD
		{"encoded surrogate", new(builder).int32(5).texts("\xed\xa0\x80").int32(0).end(), reads, false},

		// Both refuse.
		{"nothing", []byte{}, eof, false},
		{"cut", good[:len(good)-1], eof, false},
		{"version 4", append([]byte{4}, good[1:]...), null, false},
		{"version 6", append([]byte{6}, good[1:]...), null, false},
		{"negative identities", head(0xffffffff).end(), null, false},
		{"negative claims", head(1).identity(0xffffffff).tail().end(), eof, false},
		{"negative claim properties", head(1).identity(1).claim(0xfffffff0).tail().end(), "ArgumentException", false}, // reads on, and finds a key twice
		{"negative properties", head(0).int32(1).int32(0xffffffff).Bytes(), "ArgumentOutOfRangeException", false},
		{"more claims than can follow", head(1).identity(1 << 20).tail().end(), eof, false},
		{"six bytes of length", new(builder).int32(5).raw(0x80, 0x80, 0x80, 0x80, 0x80, 0x01).Bytes(), "FormatException", false},
		{"negative length", new(builder).int32(5).raw(0xff, 0xff, 0xff, 0xff, 0x0f).Bytes(), "IOException", false},
		{"key twice", head(0).int32(1).int32(2).texts("k", "1", "k", "2").Bytes(), "ArgumentException", false},
		{"claim's key twice", head(1).identity(1).claim(2).texts("k", "1", "k", "2").tail().end(), "ArgumentException", false},
	}
	data := make([][]byte, len(tests))
	for i, test := range tests {
		data[i] = test.data
	}
	answers, err := peer.DeserializeTickets(data)
	if err != nil {
		t.Fatal(err)
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var threw *dotnettest.Error
			switch got := answers[i]; {
			case errors.As(got.Err, &threw):
				if !threw.Has(test.dotnet) {
					t.Errorf(".NET throws %v; want: %s", threw, test.dotnet)
				}
			case got.Value == nil && test.dotnet != null, got.Value != nil && test.dotnet != reads:
				t.Errorf(".NET reads %v; want: %s", got.Value, test.dotnet)
			}
			var ticket authticket.Ticket
			if err := ticket.UnmarshalBinary(test.data); (err == nil) != test.reads {
				t.Errorf("Go: %v", err)
			} else if err == nil && mustJSON(t, normal(*answers[i].Value)) != mustJSON(t, normal(toDotnet(ticket))) {
				t.Errorf(".NET reads %s\nGo %s", mustJSON(t, answers[i].Value), mustJSON(t, toDotnet(ticket)))
			}
			if strings.HasPrefix(test.name, "properties of") && len(answers[i].Value.Props) != 0 {
				t.Error(".NET has properties of another version")
			}
		})
	}
}
