package protector_test

import (
	"bytes"
	"crypto/fips140"
	"strings"
	"testing"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

// In this file and the next, a real ASP.NET Core and this package share key
// directories and read each other's payloads.

func openDir(t testing.TB, path string, opts keyring.Options) *keyring.Ring {
	t.Helper()
	dir, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return openRing(t, dir, opts)
}

var livePurposes = [][]string{
	{"p"},
	{""},
	{"", "", ""},
	{"purpose one", "sub", "sub"},
	{"é", "日本語", "\U0001F510", "\ufeffmarked", "nul\x00inside"},
	{strings.Repeat("long ", 26), strings.Repeat("é", 64), strings.Repeat("x", 20_000)},
	strings.Split(strings.Repeat("deep ", 40), " "),
}

func livePlaintexts() [][]byte {
	var plaintexts [][]byte
	for _, n := range []int{0, 1, 15, 16, 17, 1000} {
		plaintexts = append(plaintexts, bytes.Repeat([]byte{0xff}, n))
	}
	return plaintexts
}

// exchange lets each side read what the other protects.
func exchange(t *testing.T, p *protector.Protector, peer *dotnettest.Protector, plaintexts [][]byte) {
	t.Helper()
	theirs, err := peer.ProtectMany(plaintexts)
	if err != nil {
		t.Fatal(err)
	}
	var ours [][]byte
	for i, plaintext := range plaintexts {
		if theirs[i].Err != nil {
			t.Fatal(theirs[i].Err)
		}
		wantOpens(t, p, theirs[i].Data, string(plaintext))
		payload := protect(t, p, string(plaintext))
		if len(payload) != len(theirs[i].Data) {
			t.Errorf("%d bytes give a payload of %d bytes, .NET's has %d", len(plaintext), len(payload), len(theirs[i].Data))
		}
		ours = append(ours, payload)
	}
	opened, err := peer.UnprotectMany(ours)
	if err != nil {
		t.Fatal(err)
	}
	for i, outcome := range opened {
		if outcome.Err != nil || !bytes.Equal(outcome.Data, plaintexts[i]) {
			t.Errorf(".NET opened %x, %v; want %x", outcome.Data, outcome.Err, plaintexts[i])
		}
	}
}

func TestLiveAlgorithms(t *testing.T) {
	peer := dotnettest.Start(t)
	for _, a := range algorithms {
		configured := dotnettest.RingOptions{App: "app", Encryption: a.Encryption.String(), Validation: a.Validation.String()}
		t.Run(algorithmsName(a)+"/our key", func(t *testing.T) {
			path := t.TempDir()
			ring := openDir(t, path, keyring.Options{Algorithms: a})
			p := protector.New(ring, protector.Options{ApplicationName: "app"}).CreateProtector("p", "q")
			exchange(t, p, peer.Open(path, dotnettest.RingOptions{App: "app", DisableGeneration: true}).Protector("p", "q"), livePlaintexts())
		})
		t.Run(algorithmsName(a)+"/their key", func(t *testing.T) {
			exchangeUnderTheirKey(t, peer, configured)
		})
	}
	for _, m := range []dotnettest.Managed{
		{Encryption: "Aes", KeyBits: 128, Validation: "HMACSHA1"},
		{Encryption: "Aes", KeyBits: 192, Validation: "HMACSHA384"},
		{Encryption: "Aes", KeyBits: 256, Validation: "HMACSHA512"},
	} {
		t.Run("managed/"+m.Validation, func(t *testing.T) {
			if fips140.Enforced() && m.Validation == "HMACSHA1" {
				t.Skip("strict FIPS mode has no SHA-1")
			}
			exchangeUnderTheirKey(t, peer, dotnettest.RingOptions{App: "app", Managed: &m})
		})
	}
}

func exchangeUnderTheirKey(t *testing.T, peer *dotnettest.Peer, configured dotnettest.RingOptions) {
	path := t.TempDir()
	theirs := peer.Open(path, configured).Protector("p", "q")
	if _, err := theirs.Protect(nil); err != nil { // makes the key
		t.Fatal(err)
	}
	ring := openDir(t, path, keyring.Options{DisableAutomaticKeyGeneration: true})
	p := protector.New(ring, protector.Options{ApplicationName: "app"}).CreateProtector("p", "q")
	exchange(t, p, theirs, livePlaintexts())
}

func TestLivePurposes(t *testing.T) {
	peer, path := dotnettest.Start(t), t.TempDir()
	ring := openDir(t, path, keyring.Options{})
	for _, app := range []string{"", "app", " ", "日本語/"} {
		provider := protector.New(ring, protector.Options{ApplicationName: app})
		theirs := peer.Open(path, dotnettest.RingOptions{App: app, DisableGeneration: true})
		for _, purposes := range livePurposes {
			exchange(t, provider.CreateProtector(purposes[0], purposes[1:]...), theirs.Protector(purposes...), livePlaintexts()[:2])
		}

		// What one refuses, the other refuses.
		payload := protect(t, provider.CreateProtector("a", "b"), "x")
		for _, purposes := range [][]string{{"a", "b"}, {"a"}, {"a", "b", ""}, {"b", "a"}, {"ab"}, {"A", "b"}} {
			_, ourErr := provider.CreateProtector(purposes[0], purposes[1:]...).Unprotect(t.Context(), payload)
			_, theirErr := theirs.Protector(purposes...).Unprotect(payload)
			if (ourErr == nil) != (theirErr == nil) {
				t.Errorf("%q: %v; .NET: %v", purposes, ourErr, theirErr)
			}
		}
	}
}

func TestLiveLargePayload(t *testing.T) {
	peer := dotnettest.Start(t)
	for _, a := range []keyring.Algorithms{{}, {Encryption: keyring.AES_256_GCM}} {
		path := t.TempDir()
		ring := openDir(t, path, keyring.Options{Algorithms: a})
		p := protector.New(ring, protector.Options{}).CreateProtector("p")
		large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		exchange(t, p, peer.Open(path, dotnettest.RingOptions{DisableGeneration: true}).Protector("p"), [][]byte{large, large[1:]})
	}
}
