package protector_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
)

func newEphemeral(t *testing.T, opts protector.Options) *protector.Ephemeral {
	t.Helper()
	e, err := protector.NewEphemeral(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Time stands still in this test, so whoever waits is found out.
func TestEphemeral(t *testing.T) {
	needsBubble(t)
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		a, b := newEphemeral(t, protector.Options{}), newEphemeral(t, protector.Options{})
		if waited := time.Since(start); waited != 0 {
			t.Errorf("opening waited %v", waited)
		}
		payload := protect(t, a.CreateProtector("p"), "x")
		wantOpens(t, a.CreateProtector("p"), payload, "x")
		if _, err := b.CreateProtector("p").Unprotect(t.Context(), payload); !errors.Is(err, keyring.ErrKeyNotFound) {
			t.Errorf("another provider: %v", err)
		}

		// It outlives its keys.
		time.Sleep(200 * 24 * time.Hour)
		u, err := a.CreateProtector("p").UnprotectDetails(t.Context(), payload)
		if err != nil || string(u.Plaintext) != "x" || !u.RequiresMigration {
			t.Errorf("after 200 days: %+v, %v", u, err)
		}

		for _, e := range []*protector.Ephemeral{a, b, a} {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
		wantOpens(t, a.CreateProtector("p"), payload, "x")
	})
}

func TestEphemeralGoesByItsClock(t *testing.T) {
	c := newClock(recorded)
	e := newEphemeral(t, protector.Options{ApplicationName: "app", Now: c.now})
	defer e.Close()
	payload, err := e.CreateProtector("p").TimeLimited().Protect(t.Context(), nil, recorded.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	c.set(recorded.Add(time.Hour))
	if _, _, err := e.CreateProtector("p").TimeLimited().Unprotect(t.Context(), payload); !errors.Is(err, protector.ErrExpired) {
		t.Error(err)
	}
}
