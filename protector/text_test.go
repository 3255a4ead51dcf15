package protector_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dataprotection.example/protector"
)

func TestDecodePayload(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{"AA", "\x00"}, {"AAA", "\x00\x00"}, {"AAAA", "\x00\x00\x00"},
		{"AA==", "\x00"}, {"AAA=", "\x00\x00"},
		{"-_-_", "\xfb\xff\xbf"},
	} {
		got, err := protector.DecodePayload(test.text)
		if err != nil || string(got) != test.want {
			t.Errorf("%q: %q, %v", test.text, got, err)
		}
	}
	for _, text := range []string{
		"A", "AAAAA", "=", "==", "====", "A===", "AA=", "AAA==", "AAAA=", "AAAA==", "AAAA====", "AAA=AAAA", "AA==AA==",
		"AB", "AAB", "AB==", "AAB=", // bits that do not count
		"++++", "////", "-+", "_/AA", // another alphabet
		" AAAA", "AAAA ", "AA AA", "AA\nAA", "AAAA\n", "\r\nAAAA", "AA\n", "AAA\r", "A\n\n\nAAA", "AA=\n=", "AAAA\x00", "AA\u00a0A", "AAAÄ",
		"AA%%", "AA%3D%3D", "AA==%", "A*AA", "AA==\n",
	} {
		if got, err := protector.DecodePayload(text); err != protector.ErrInvalidPayload || got != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// What is accepted has two spellings, with padding and without.
func TestDecodePayloadAcceptsNothingElse(t *testing.T) {
	alphabet := rapid.SampledFrom([]rune("AQgw=-_+/%\n\r \t9zä"))
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(alphabet, 0, 12, -1).Draw(t, "text")
		payload, err := protector.DecodePayload(text)
		bare := base64.RawURLEncoding.EncodeToString(payload)
		if padded := base64.URLEncoding.EncodeToString(payload); (text == bare || text == padded) != (err == nil) {
			t.Errorf("%q: %x, %v", text, payload, err)
		}
	})
}

func TestStringRoundTrips(t *testing.T) {
	p := newProvider(t, "").CreateProtector("p")
	limited := p.TimeLimited()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.IntRange(0, 100_000), func(n int) string { return strings.Repeat("x", n) })).Draw(t, "text")
		payload, err := p.ProtectString(t.Context(), text)
		if err != nil || !strings.HasPrefix(payload, "CfDJ8") || strings.Contains(payload, "=") {
			t.Fatalf("%.20q, %v", payload, err)
		}
		if got, err := p.UnprotectString(t.Context(), payload); err != nil || got != text {
			t.Errorf("%.20q, %v", got, err)
		}
		raw, err := protector.DecodePayload(payload)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Unprotect(t.Context(), raw); err != nil || string(got) != text {
			t.Errorf("as bytes: %.20q, %v", got, err)
		}
		if got, err := p.UnprotectString(t.Context(), base64.URLEncoding.EncodeToString(raw)); err != nil || got != text {
			t.Errorf("padded: %.20q, %v", got, err)
		}
		payload, err = limited.ProtectString(t.Context(), text, recorded.AddDate(1000, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		if got, expires, err := limited.UnprotectString(t.Context(), payload); err != nil || got != text || !expires.Equal(recorded.AddDate(1000, 0, 0)) {
			t.Errorf("limited: %.20q, %v, %v", got, expires, err)
		}
	})
}

func TestTextIsUTF8(t *testing.T) {
	ctx := t.Context()
	p := newProvider(t, "").CreateProtector("p")
	for _, text := range []string{"\xff", "a\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80"} {
		if got, err := p.ProtectString(ctx, text); err == nil || got != "" {
			t.Errorf("%q was protected", text)
		}
		if got, err := p.TimeLimited().ProtectString(ctx, text, recorded); err == nil || got != "" {
			t.Errorf("%q was protected for a time", text)
		}
		raw := protect(t, p, text)
		got, err := p.UnprotectString(ctx, base64.RawURLEncoding.EncodeToString(raw))
		if err == nil || err == protector.ErrInvalidPayload || got != "" {
			t.Errorf("%q came out as a string: %q, %v", text, got, err)
		}
		wantOpens(t, p, raw, text)

		raw, err = p.TimeLimited().Protect(ctx, []byte(text), recorded.AddDate(1000, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		if _, expires, err := p.TimeLimited().UnprotectString(ctx, base64.RawURLEncoding.EncodeToString(raw)); err == nil || !expires.IsZero() {
			t.Errorf("%q came out as a string that expires at %v", text, expires)
		}
	}
	const marked = "\ufefftext"
	payload, err := p.ProtectString(ctx, marked)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.UnprotectString(ctx, payload); err != nil || got != marked {
		t.Errorf("byte order mark: %q, %v", got, err)
	}
}
