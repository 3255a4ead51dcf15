package protector_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
)

func TestLiveStrings(t *testing.T) {
	peer, path := dotnettest.Start(t), t.TempDir()
	p := protector.New(openDir(t, path, keyring.Options{}), protector.Options{ApplicationName: "app"}).CreateProtector("s")
	theirs := peer.Open(path, dotnettest.RingOptions{App: "app", DisableGeneration: true}).Protector("s")
	for _, text := range []string{"", "a", "ab", "abc", "text é \U0001F510", "\ufeffmarked", "nul\x00inside", "\u2028\r\n", strings.Repeat("日", 5000)} {
		payload, err := theirs.ProtectString(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.UnprotectString(t.Context(), payload); err != nil || got != text {
			t.Errorf("opened %q, %v; want %q", got, err, text)
		}
		if payload, err = p.ProtectString(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		for _, spelling := range []string{payload, payload + strings.Repeat("=", (4-len(payload)%4)%4)} {
			if got, err := theirs.UnprotectString(spelling); err != nil || got != text {
				t.Errorf(".NET opened %q, %v; want %q", got, err, text)
			}
		}
	}

	// Bytes that are no text come out as bytes only, on both sides.
	payload := protect(t, p, "\xff")
	text := base64.RawURLEncoding.EncodeToString(payload)
	if got, err := theirs.UnprotectString(text); err == nil {
		t.Errorf(".NET made the string %q of them", got)
	}
	if got, err := p.UnprotectString(t.Context(), text); err == nil {
		t.Errorf("we made the string %q of them", got)
	}
	if got, err := theirs.Unprotect(payload); err != nil || string(got) != "\xff" {
		t.Errorf(".NET opened %q, %v", got, err)
	}
}

func TestLiveTimeLimited(t *testing.T) {
	peer, path := dotnettest.Start(t), t.TempDir()
	p := protector.New(openDir(t, path, keyring.Options{}), protector.Options{}).CreateProtector("t", "sub")
	theirs := peer.Open(path, dotnettest.RingOptions{DisableGeneration: true}).Protector("t", "sub")
	limited := p.TimeLimited()
	for _, expires := range []time.Time{
		{}, // never
		time.Date(2099, 1, 2, 3, 4, 5, 678_901_200, time.UTC),
		time.Date(2099, 6, 2, 3, 4, 5, 0, time.FixedZone("", -7*3600)),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_800, time.UTC),
	} {
		theirTime := expires
		if expires.IsZero() {
			theirTime = time.Date(9999, 12, 31, 23, 59, 59, 999_999_900, time.UTC)
		}
		payload, err := theirs.ProtectUntil([]byte("x"), expires)
		if err != nil {
			t.Fatal(err)
		}
		if got, at, err := limited.Unprotect(t.Context(), payload); err != nil || string(got) != "x" || !at.Equal(expires) {
			t.Errorf("opened %q until %v, %v; want %v", got, at, err, expires)
		}
		if payload, err = limited.Protect(t.Context(), []byte("x"), expires); err != nil {
			t.Fatal(err)
		}
		if got, at, err := theirs.UnprotectTimeLimited(payload); err != nil || string(got) != "x" || !at.Equal(theirTime) {
			t.Errorf(".NET opened %q until %v, %v; want %v", got, at, err, theirTime)
		}
	}

	past := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	payload, err := theirs.ProtectUntil(nil, past)
	if err != nil {
		t.Fatal(err)
	}
	var typed *protector.Error
	if _, _, err := limited.Unprotect(t.Context(), payload); !errors.Is(err, protector.ErrExpired) || !errors.As(err, &typed) || !typed.ExpiredAt.Equal(past) {
		t.Errorf("theirs, expired: %v", err)
	}
	if payload, err = limited.Protect(t.Context(), nil, past); err != nil {
		t.Fatal(err)
	}
	if _, _, err := theirs.UnprotectTimeLimited(payload); err == nil || !strings.Contains(err.Error(), "expired at") {
		t.Errorf("ours, expired, in .NET: %v", err)
	}

	// What is no time-limited payload is none for both.
	raw := p.CreateProtector(timeLimitedPurpose)
	for _, plaintext := range []string{"", "1234567", string(be64(-1)), string(be64(3155378975999999999 + 1))} {
		payload := protect(t, raw, plaintext)
		if _, _, err := limited.Unprotect(t.Context(), payload); err != protector.ErrInvalidPayload {
			t.Errorf("%q: %v", plaintext, err)
		}
		if _, _, err := theirs.UnprotectTimeLimited(payload); err == nil {
			t.Errorf("%q: .NET opened it", plaintext)
		}
	}
}

// Both sides say the same of every payload while keys come and are revoked.
func TestLiveMigrationAndRevocation(t *testing.T) {
	peer, path := dotnettest.Start(t), t.TempDir()
	ring := openDir(t, path, keyring.Options{DisableAutomaticKeyGeneration: true})
	p := protector.New(ring, protector.Options{}).CreateProtector("p")
	theirRing := peer.Open(path, dotnettest.RingOptions{DisableGeneration: true})
	theirs := theirRing.Protector("p")

	var payloads [][]byte
	agree := func(what string) {
		t.Helper()
		if err := ring.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := theirRing.Reopen(); err != nil {
			t.Fatal(err)
		}
		for i, payload := range payloads {
			ours, ourErr := p.DangerousUnprotect(t.Context(), payload)
			other, theirErr := theirs.DangerousUnprotect(payload, true)
			if ourErr != nil || theirErr != nil || string(ours.Plaintext) != string(other.Data) ||
				ours.WasRevoked != other.WasRevoked || ours.RequiresMigration != other.RequiresMigration {
				t.Errorf("%s: payload %d: %+v, %v; .NET: %+v, %v", what, i, ours, ourErr, other, theirErr)
			}
			_, ourErr = p.UnprotectDetails(t.Context(), payload)
			_, theirErr = theirs.DangerousUnprotect(payload, false)
			if (ourErr == nil) != (theirErr == nil) || ourErr != nil && !errors.Is(ourErr, keyring.ErrKeyRevoked) {
				t.Errorf("%s: payload %d: %v; .NET: %v", what, i, ourErr, theirErr)
			}
		}
	}
	newKey := func(byUs bool) {
		t.Helper()
		if byUs {
			createKey(t, ring)
		} else if _, err := theirRing.CreateKey(time.Now(), time.Now().AddDate(0, 0, 90)); err != nil {
			t.Fatal(err)
		}
		if err := ring.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		payloads = append(payloads, protect(t, p, "x"))
	}

	newKey(true)
	agree("one key")
	newKey(false)
	agree("a newer key of theirs")
	newKey(true)
	agree("a newer key of ours")
	if _, err := ring.Manager().RevokeKey(t.Context(), keyOf(t, payloads[1]), "lost"); err != nil {
		t.Fatal(err)
	}
	agree("we revoked one")
	if err := theirRing.RevokeKey(keyOf(t, payloads[0]).String(), "lost too"); err != nil {
		t.Fatal(err)
	}
	agree("they revoked one")
	if err := theirRing.RevokeAllKeys(time.Now(), ""); err != nil {
		t.Fatal(err)
	}
	newKey(true)
	agree("they revoked all, and there is a new key")
}

// A key that .NET has just made: its first payload opens, though nobody told us.
func TestLiveUnknownKey(t *testing.T) {
	peer, path := dotnettest.Start(t), t.TempDir()
	ring := openDir(t, path, keyring.Options{UnknownKeyWait: 5 * time.Second})
	p := protector.New(ring, protector.Options{}).CreateProtector("p")
	mine := keyOf(t, protect(t, p, "x"))
	theirRing := peer.Open(path, dotnettest.RingOptions{})
	for range 2 {
		if _, err := theirRing.CreateKey(time.Now(), time.Now().AddDate(0, 0, 90)); err != nil {
			t.Fatal(err)
		}
		if err := theirRing.Reopen(); err != nil {
			t.Fatal(err)
		}
		payload, err := theirRing.Protector("p").Protect([]byte("the first"))
		if err != nil {
			t.Fatal(err)
		}
		if keyOf(t, payload) == mine {
			t.Fatal("the new key does not protect")
		}
		mine = keyOf(t, payload)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		got, err := p.Unprotect(ctx, payload)
		cancel()
		if err != nil || string(got) != "the first" {
			t.Errorf("opened %q, %v", got, err)
		}
	}
}
