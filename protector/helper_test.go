package protector_test

import (
	"crypto/fips140"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/testdata"
	"dataprotection.example/xmlrepo"
)

// recorded is a time at which the keys of the recorded rings are active.
var recorded = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// clock is a clock that goes when it is told to.
type clock struct{ nanoseconds atomic.Int64 }

func newClock(t time.Time) *clock {
	c := new(clock)
	c.set(t)
	return c
}

func (c *clock) set(t time.Time) { c.nanoseconds.Store(t.UnixNano()) }
func (c *clock) now() time.Time  { return time.Unix(0, c.nanoseconds.Load()) }

// needsBubble skips a test in a bubble of testing/synctest where that cannot be:
// the entropy source of FIPS mode needs a clock that moves by itself.
func needsBubble(t *testing.T) {
	t.Helper()
	if fips140.Enabled() {
		t.Skip("in FIPS mode there is no randomness while the clock stands still")
	}
}

func openRing(t testing.TB, repo xmlrepo.Repository, opts keyring.Options) *keyring.Ring {
	t.Helper()
	if opts.GenerationDelay == 0 {
		opts.GenerationDelay = -1
	}
	if opts.UnknownKeyWait == 0 {
		opts.UnknownKeyWait = time.Millisecond
	}
	ring, err := keyring.Open(t.Context(), repo, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ring.Close() })
	return ring
}

// openVector opens a copy of a recorded ring at the time of its recording. It
// makes no keys.
func openVector(t testing.TB, ring string) *keyring.Ring {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ring")
	if err := testdata.CopyRing(path, ring); err != nil {
		t.Fatal(err)
	}
	dir, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return openRing(t, dir, keyring.Options{
		DisableAutomaticKeyGeneration: true,
		UnknownKeyWait:                1, // nobody adds to it
		Now:                           newClock(recorded).now,
	})
}

// newProvider returns a provider over a new ring in memory.
func newProvider(t testing.TB, app string) *protector.Provider {
	t.Helper()
	return protector.New(openRing(t, xmlrepo.NewMemory(), keyring.Options{}), protector.Options{ApplicationName: app})
}

// algorithms are all that new keys take.
var algorithms = []keyring.Algorithms{
	{Encryption: keyring.AES_128_CBC, Validation: keyring.HMACSHA256},
	{Encryption: keyring.AES_192_CBC, Validation: keyring.HMACSHA256},
	{Encryption: keyring.AES_256_CBC, Validation: keyring.HMACSHA256},
	{Encryption: keyring.AES_128_CBC, Validation: keyring.HMACSHA512},
	{Encryption: keyring.AES_192_CBC, Validation: keyring.HMACSHA512},
	{Encryption: keyring.AES_256_CBC, Validation: keyring.HMACSHA512},
	{Encryption: keyring.AES_128_GCM},
	{Encryption: keyring.AES_192_GCM},
	{Encryption: keyring.AES_256_GCM},
}

func algorithmsName(a keyring.Algorithms) string {
	return strings.TrimSuffix(a.Encryption.String()+"-"+a.Validation.String(), "-")
}

// createKey makes a key that protects from now on.
func createKey(t testing.TB, ring *keyring.Ring) keyring.Key {
	t.Helper()
	k, err := ring.Manager().CreateKey(t.Context(), keyring.NewKeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func protect(t testing.TB, p *protector.Protector, plaintext string) []byte {
	t.Helper()
	payload, err := p.Protect(t.Context(), []byte(plaintext))
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// wantOpens fails unless the payload holds plaintext.
func wantOpens(t testing.TB, p *protector.Protector, payload []byte, plaintext string) {
	t.Helper()
	got, err := p.Unprotect(t.Context(), payload)
	if err != nil || string(got) != plaintext {
		t.Errorf("opened %q, %v; want %q", got, err, plaintext)
	}
}

// wantRefused fails unless the payload is refused with this error by every
// method that never accepts revoked keys.
func wantRefused(t testing.TB, p *protector.Protector, payload []byte, want error) {
	t.Helper()
	if got, err := p.Unprotect(t.Context(), payload); !errors.Is(err, want) || got != nil {
		t.Errorf("Unprotect returned %q, %v; want %v", got, err, want)
	}
	if got, err := p.AppendUnprotect(t.Context(), []byte("x"), payload); !errors.Is(err, want) || got != nil {
		t.Errorf("AppendUnprotect returned %q, %v; want %v", got, err, want)
	}
	if got, err := p.UnprotectDetails(t.Context(), payload); !errors.Is(err, want) || got.Plaintext != nil || got.RequiresMigration || got.WasRevoked {
		t.Errorf("UnprotectDetails returned %+v, %v; want %v", got, err, want)
	}
}
