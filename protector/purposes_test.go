package protector_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dataprotection.example/protector"
)

// chains draws chains of purposes: of any depth, with empty, unicode and long
// ones among them, and few enough different ones that chains resemble each other.
func chains() *rapid.Generator[[]string] {
	purpose := rapid.OneOf(
		rapid.SampledFrom([]string{"", "a", "b", "ab", "\x00", "\x01a", "é", "app", strings.Repeat("l", 127), strings.Repeat("l", 128)}),
		rapid.String(),
		rapid.Map(rapid.IntRange(0, 40_000), func(n int) string { return strings.Repeat("long", n/4) }),
	)
	return rapid.SliceOfN(purpose, 1, 6)
}

func TestRoundTrips(t *testing.T) {
	provider := newProvider(t, "")
	rapid.Check(t, func(t *rapid.T) {
		purposes := chains().Draw(t, "purposes")
		plaintext := rapid.SliceOf(rapid.Byte()).Draw(t, "plaintext")
		prefix := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "prefix")
		p := provider.CreateProtector(purposes[0], purposes[1:]...)

		payload, err := p.AppendProtect(t.Context(), slices.Clone(prefix), plaintext)
		if err != nil || !bytes.HasPrefix(payload, prefix) {
			t.Fatalf("%x, %v", payload, err)
		}
		payload = payload[len(prefix):]
		opened, err := p.AppendUnprotect(t.Context(), slices.Clone(prefix), payload)
		if err != nil || !bytes.Equal(opened, append(prefix, plaintext...)) {
			t.Errorf("%x, %v", opened, err)
		}
	})
}

// A chain is what it consists of, however it was put together.
func TestChainsAreTheirPurposes(t *testing.T) {
	provider := newProvider(t, "")
	rapid.Check(t, func(t *rapid.T) {
		purposes := chains().Draw(t, "purposes")
		whole := provider.CreateProtector(purposes[0], purposes[1:]...)
		link := provider.CreateProtector(purposes[0])
		for _, purpose := range purposes[1:] {
			link = link.CreateProtector(purpose)
		}
		payload, err := whole.Protect(t.Context(), []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := link.Unprotect(t.Context(), payload); err != nil {
			t.Error(err)
		}

		other := chains().Draw(t, "other purposes")
		_, err = provider.CreateProtector(other[0], other[1:]...).Unprotect(t.Context(), payload)
		if same := slices.Equal(purposes, other); same != (err == nil) || !same && err != protector.ErrInvalidPayload {
			t.Errorf("opened with other purposes: %v", err)
		}
	})
}

func TestNeighbouringChainsDoNotOpen(t *testing.T) {
	provider := newProvider(t, "")
	payload := protect(t, provider.CreateProtector("a", "b"), "x")
	for _, purposes := range [][]string{
		{"a"}, {"b"}, {"ab"}, {"b", "a"}, {"a", "b", ""}, {"", "a", "b"}, {"a", "", "b"}, {"a", "b", "b"},
		{"a", "B"}, {"a", "b "}, {"a\x01b"}, {"a", "b\x00"},
	} {
		wantRefused(t, provider.CreateProtector(purposes[0], purposes[1:]...), payload, protector.ErrInvalidPayload)
	}
}

func TestApplicationNameIsTheFirstPurpose(t *testing.T) {
	ring := openVector(t, "vectors/purposes/ring")
	named := protector.New(ring, protector.Options{ApplicationName: "app"})
	bare := protector.New(ring, protector.Options{})
	payload := protect(t, named.CreateProtector("p"), "x")
	wantOpens(t, bare.CreateProtector("app", "p"), payload, "x")
	wantRefused(t, bare.CreateProtector("p"), payload, protector.ErrInvalidPayload)
	wantRefused(t, protector.New(ring, protector.Options{ApplicationName: "App"}).CreateProtector("p"), payload, protector.ErrInvalidPayload)
	// A blank is a name; nothing is none.
	blank := protector.New(ring, protector.Options{ApplicationName: " "})
	wantOpens(t, bare.CreateProtector(" ", "p"), protect(t, blank.CreateProtector("p"), "x"), "x")
}

func TestInvalidPurposes(t *testing.T) {
	provider := newProvider(t, "")
	good := provider.CreateProtector("p")
	payload := protect(t, good, "x")
	for name, p := range map[string]*protector.Protector{
		"first":       provider.CreateProtector("\xff"),
		"second":      provider.CreateProtector("p", "\xed\xa0\x80"), // a lone surrogate
		"inherited":   provider.CreateProtector("a\xc3").CreateProtector("p"),
		"deeper":      good.CreateProtector("\xff", "p"),
		"application": protector.New(openVector(t, "vectors/purposes/ring"), protector.Options{ApplicationName: "\xff"}).CreateProtector("p"),
	} {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, p, payload, protector.ErrInvalidPurpose)
			if got, err := p.Protect(t.Context(), nil); got != nil || err != protector.ErrInvalidPurpose {
				t.Errorf("Protect: %x, %v", got, err)
			}
			if got, err := p.ProtectString(t.Context(), ""); got != "" || err != protector.ErrInvalidPurpose {
				t.Errorf("ProtectString: %q, %v", got, err)
			}
			if _, err := p.UnprotectString(t.Context(), "CfDJ8A"); err != protector.ErrInvalidPurpose {
				t.Errorf("UnprotectString: %v", err)
			}
			if _, err := p.DangerousUnprotect(t.Context(), payload); err != protector.ErrInvalidPurpose {
				t.Errorf("DangerousUnprotect: %v", err)
			}
			if _, err := p.TimeLimited().Protect(t.Context(), nil, recorded); err != protector.ErrInvalidPurpose {
				t.Errorf("TimeLimited: %v", err)
			}
		})
	}
}
