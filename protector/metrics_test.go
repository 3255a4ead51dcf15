package protector_test

import (
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

// Every call is counted once, by what came of it.
func TestMetrics(t *testing.T) {
	ring, err := keyring.Open(t.Context(), xmlrepo.NewMemory(), keyring.Options{GenerationDelay: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	p := protector.New(ring, protector.Options{}).CreateProtector("metrics")
	payload, err := p.Protect(t.Context(), []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.TimeLimited().ProtectString(t.Context(), "x", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Unprotect(t.Context(), payload); err != nil {
		t.Fatal(err)
	}
	if _, err := p.UnprotectString(t.Context(), text); err == nil {
		t.Error("a time-limited payload opened without its purpose")
	}
	if _, err := ring.Manager().RevokeAllKeys(t.Context(), time.Time{}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Unprotect(t.Context(), payload); err == nil {
		t.Error("a payload under a revoked key opened")
	}
	m := ring.Metrics()
	if m.Protects != 2 || m.Unprotects != (keyring.Unprotects{Opened: 1, Invalid: 1, Revoked: 1}) {
		t.Errorf("%+v", m)
	}
}
