package protector_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/testdata"
	"dataprotection.example/xmlrepo"
)

const timeLimitedPurpose = "Microsoft.AspNetCore.DataProtection.TimeLimitedDataProtector.v1"

// be64 is how a time-limited plaintext begins.
func be64(ticks int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(ticks)) }

func ticksOf(t *testing.T, v testdata.Vector) int64 {
	t.Helper()
	var entry struct{ ExpiresTicks json.Number }
	if err := json.Unmarshal(v.Raw, &entry); err != nil {
		t.Fatal(err)
	}
	ticks, err := entry.ExpiresTicks.Int64()
	if err != nil {
		t.Fatal(err)
	}
	return ticks
}

func expirationOf(t *testing.T, v testdata.Vector) []byte { return be64(ticksOf(t, v)) }

// newLimited returns a time-limited protector, the protector below it that sees
// the expiration as plaintext, and the clock it goes by.
func newLimited(t testing.TB) (*protector.TimeLimited, *protector.Protector, *clock) {
	c := newClock(recorded)
	ring := openRing(t, xmlrepo.NewMemory(), keyring.Options{Now: newClock(recorded).now})
	p := protector.New(ring, protector.Options{Now: c.now}).CreateProtector("p")
	return p.TimeLimited(), p.CreateProtector(timeLimitedPurpose), c
}

func TestRecordedTimeLimitedPayloads(t *testing.T) {
	count := 0
	forEachVector(t, func(t *testing.T, v testdata.Vector, ring *keyring.Ring) {
		if v.Kind != testdata.KindTimeLimited {
			return
		}
		count++
		last := len(v.Purposes) - 1
		if v.Purposes[last] != timeLimitedPurpose {
			t.Fatalf("purposes %q", v.Purposes)
		}
		ticks := ticksOf(t, v)
		at, err := dotnet.FromTicks(ticks)
		if err != nil {
			t.Fatal(err)
		}
		payload, opened := v.PayloadBytes(), 0
		for _, now := range []time.Time{at.Add(-100), at, at.Add(99), at.Add(100), recorded} {
			limited := protector.New(ring, protector.Options{Now: func() time.Time { return now }}).
				CreateProtector(v.Purposes[0], v.Purposes[1:last]...).TimeLimited()
			plaintext, expires, err := limited.Unprotect(t.Context(), payload)
			if ticks != dotnet.MaxTicks && dotnet.Ticks(now) > ticks {
				var typed *protector.Error
				if !errors.Is(err, protector.ErrExpired) || !errors.As(err, &typed) || !typed.ExpiredAt.Equal(at) || plaintext != nil || !expires.IsZero() {
					t.Errorf("at %v: %q, %v, %v", now, plaintext, expires, err)
				}
				continue
			}
			opened++
			if ticks == dotnet.MaxTicks {
				at = time.Time{}
			}
			if err != nil || string(plaintext) != string(v.Plaintext) || !expires.Equal(at) {
				t.Errorf("at %v: %q, %v, %v", now, plaintext, expires, err)
			}
		}
		if opened < 2 {
			t.Errorf("opened at %d instants only", opened)
		}
	})
	if count < 6 {
		t.Errorf("only %d payloads", count)
	}
}

func TestTimeLimitedExpires(t *testing.T) {
	ctx := t.Context()
	limited, _, clock := newLimited(t)
	end := recorded.Add(time.Hour + 123*time.Nanosecond)
	payload, err := limited.Protect(ctx, []byte("x"), end.In(time.FixedZone("", 3600)))
	if err != nil {
		t.Fatal(err)
	}
	kept := end.Truncate(100 * time.Nanosecond)
	for _, now := range []time.Time{recorded, kept, kept.Add(99)} {
		clock.set(now)
		got, expires, err := limited.Unprotect(ctx, payload)
		if err != nil || string(got) != "x" || !expires.Equal(kept) || expires.Location() != time.UTC {
			t.Errorf("at %v: %q, %v, %v", now, got, expires, err)
		}
	}
	clock.set(kept.Add(100))
	for what, err := range map[string]error{
		"details":   second(limited.UnprotectDetails(ctx, payload)),
		"dangerous": second(limited.DangerousUnprotect(ctx, payload)),
	} {
		const want = "protector: the payload expired at 2026-11-25T13:00:00.0000001Z"
		if !errors.Is(err, protector.ErrExpired) || errors.Is(err, protector.ErrInvalidPayload) || err.Error() != want {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestTimeLimitedWithoutEnd(t *testing.T) {
	limited, raw, clock := newLimited(t)
	payload, err := limited.Protect(t.Context(), []byte("x"), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	wantOpens(t, raw, payload, "\x2b\xca\x28\x75\xf4\x37\x3f\xffx")
	clock.set(time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC))
	got, expires, err := limited.Unprotect(t.Context(), payload)
	if err != nil || string(got) != "x" || !expires.IsZero() {
		t.Errorf("%q, %v, %v", got, expires, err)
	}
}

func TestTimeLimitedRange(t *testing.T) {
	limited, _, _ := newLimited(t)
	for _, bad := range []time.Time{
		time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(0, 12, 31, 23, 59, 59, 0, time.UTC),
		time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Unix(1<<60, 0),
	} {
		if got, err := limited.Protect(t.Context(), nil, bad); err == nil || got != nil {
			t.Errorf("%v was accepted", bad)
		}
		if got, err := limited.ProtectString(t.Context(), "", bad); err == nil || got != "" {
			t.Errorf("%v was accepted for a string", bad)
		}
	}
	// The last instant that .NET has is its way to say never.
	last := time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	payload, err := limited.Protect(t.Context(), nil, last)
	if err != nil {
		t.Fatal(err)
	}
	if _, expires, err := limited.Unprotect(t.Context(), payload); err != nil || !expires.IsZero() {
		t.Errorf("%v, %v", expires, err)
	}
}

// What somebody protected under these purposes without an expiration.
func TestPlaintextsThatAreNotTimeLimited(t *testing.T) {
	limited, raw, _ := newLimited(t)
	for _, plaintext := range []string{
		"", "1234567", string(be64(-1)), string(be64(-1 << 63)), string(be64(dotnet.MaxTicks+1)) + "x", string(be64(1<<63 - 1)),
	} {
		payload := protect(t, raw, plaintext)
		for what, err := range map[string]error{
			"details":   second(limited.UnprotectDetails(t.Context(), payload)),
			"dangerous": second(limited.DangerousUnprotect(t.Context(), payload)),
		} {
			if err != protector.ErrInvalidPayload {
				t.Errorf("%s of %q: %v", what, plaintext, err)
			}
		}
		text, err := raw.ProtectString(t.Context(), "1234567")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := limited.UnprotectString(t.Context(), text); err != protector.ErrInvalidPayload {
			t.Errorf("string: %v", err)
		}
	}
}

func TestTimeLimitedPurposes(t *testing.T) {
	ctx := t.Context()
	provider := newProvider(t, "")
	limited := provider.CreateProtector("a").TimeLimited()
	if limited.TimeLimited() != limited {
		t.Error("limited twice")
	}
	payload, err := limited.CreateProtector("b", "c").Protect(ctx, []byte("x"), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, same := range []*protector.TimeLimited{
		provider.CreateProtector("a", "b", "c").TimeLimited(),
		limited.CreateProtector("b").CreateProtector("c"),
		limited.TimeLimited().CreateProtector("b", "c").TimeLimited(),
	} {
		if got, _, err := same.Unprotect(ctx, payload); err != nil || string(got) != "x" {
			t.Errorf("%q, %v", got, err)
		}
	}
	wantOpens(t, provider.CreateProtector("a", "b", "c", timeLimitedPurpose), payload, string(be64(dotnet.MaxTicks))+"x")
	wantRefused(t, provider.CreateProtector("a", "b", "c"), payload, protector.ErrInvalidPayload)
	if _, _, err := limited.Unprotect(ctx, payload); err != protector.ErrInvalidPayload {
		t.Errorf("with fewer purposes: %v", err)
	}
	unlimited := protect(t, provider.CreateProtector("a"), "12345678x")
	if _, _, err := limited.Unprotect(ctx, unlimited); err != protector.ErrInvalidPayload {
		t.Errorf("a payload without an end: %v", err)
	}
}
