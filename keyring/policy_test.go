package keyring_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

const (
	tick   = 100 * time.Nanosecond
	skew   = 5 * time.Minute
	window = 48 * time.Hour
)

// policyKey is a key of dates alone, created long ago, active since an hour
// before noon and good for 90 days.
func policyKey(number byte, change ...func(*keyring.Key)) keyring.Key {
	k := keyring.Key{
		ID:             uuid.UUID{15: number},
		CreationDate:   noon.Add(-9*day - time.Duration(number)*time.Hour),
		ActivationDate: noon.Add(-time.Hour),
		ExpirationDate: noon.Add(90 * day),
	}
	for _, f := range change {
		f(&k)
	}
	return k
}

func created(t time.Time) func(*keyring.Key) {
	return func(k *keyring.Key) { k.CreationDate = t }
}
func active(t time.Time) func(*keyring.Key) {
	return func(k *keyring.Key) { k.ActivationDate = t }
}
func expires(t time.Time) func(*keyring.Key) {
	return func(k *keyring.Key) { k.ExpirationDate = t }
}
func revoked(k *keyring.Key) { k.Revoked = true }

// locked marks a key that byDates takes for unusable.
func locked(k *keyring.Key) { k.DecryptorMissing = true }

// byDates is ASP.NET's policy for keys without a secret.
func byDates() keyring.Policy {
	return keyring.Policy{Usable: func(k keyring.Key) bool { return !k.DecryptorMissing }}
}

func TestPolicyAtTheEdges(t *testing.T) {
	type keys []keyring.Key
	const none = 0
	for _, test := range []struct {
		name           string
		keys           keys
		def, preferred byte // numbers of keys
		fallback       byte
		reason         keyring.Reason
	}{
		{"an empty ring", nil, none, none, none, keyring.ReasonNoneActive},
		{"one good key", keys{policyKey(1)}, 1, 1, none, keyring.ReasonLatestActivation},

		{"activation as far ahead as clocks may differ", keys{policyKey(1), policyKey(2, active(noon.Add(skew)))}, 2, 2, none, keyring.ReasonLatestActivation},
		{"activation further ahead", keys{policyKey(1), policyKey(2, active(noon.Add(skew+tick)))}, 1, 1, none, keyring.ReasonLatestActivation},
		{"only a key that is not yet active", keys{policyKey(1, active(noon.Add(skew+tick)))}, none, none, 1, keyring.ReasonNoneActive},
		{"the latest activation wins, not the latest creation", keys{policyKey(1, active(noon)), policyKey(2, created(noon))}, 1, 1, none, keyring.ReasonLatestActivation},
		{"activations 100 ns apart", keys{policyKey(1), policyKey(2, active(noon.Add(-time.Hour+tick)))}, 2, 2, none, keyring.ReasonLatestActivation},
		{"equal activations: the smallest id", keys{policyKey(3), policyKey(1), policyKey(2)}, 1, 1, none, keyring.ReasonLatestActivation},
		{"ids compare as unsigned bytes", keys{policyKey(0x80), policyKey(0x7f)}, 0x7f, 0x7f, none, keyring.ReasonLatestActivation},

		{"100 ns before the expiration", keys{policyKey(1, expires(noon.Add(tick)))}, 1, 1, none, keyring.ReasonLatestActivation},
		{"at the expiration", keys{policyKey(1, expires(noon))}, none, 1, none, keyring.ReasonPreferredExpired},
		{"the skew does not prolong a key", keys{policyKey(1, expires(noon.Add(-skew)))}, none, 1, none, keyring.ReasonPreferredExpired},
		{"expired before it is active", keys{policyKey(1, active(noon.Add(skew)), expires(noon))}, none, 1, none, keyring.ReasonPreferredExpired},

		{"the preferred key is revoked, another good", keys{policyKey(1, active(noon), revoked), policyKey(2)}, none, 1, 2, keyring.ReasonPreferredRevoked},
		{"the preferred key is expired, another good", keys{policyKey(1, active(noon), expires(noon)), policyKey(2)}, none, 1, 2, keyring.ReasonPreferredExpired},
		{"the preferred key is unusable, another good", keys{policyKey(1, active(noon), locked), policyKey(2)}, none, 1, 2, keyring.ReasonPreferredUnusable},
		{"revoked and expired", keys{policyKey(1, revoked, expires(noon))}, none, 1, none, keyring.ReasonPreferredRevoked},
		{"another is revoked", keys{policyKey(1, active(noon)), policyKey(2, revoked)}, 1, 1, none, keyring.ReasonLatestActivation},

		{"the fallback may be expired", keys{policyKey(1, active(noon), revoked), policyKey(2, expires(noon.Add(-day)))}, none, 1, 2, keyring.ReasonPreferredRevoked},
		{"the fallback may be inactive", keys{policyKey(1, active(noon.Add(day))), policyKey(2, active(noon.Add(2*day)))}, none, none, 1, keyring.ReasonNoneActive},
		{"the fallback is not revoked", keys{policyKey(1, active(noon), revoked), policyKey(2, revoked)}, none, 1, none, keyring.ReasonPreferredRevoked},
		{"the fallback is usable", keys{policyKey(1, active(noon), locked), policyKey(2, locked), policyKey(3)}, none, 1, 3, keyring.ReasonPreferredUnusable},
		{"old enough: the latest creation", keys{policyKey(1, revoked), policyKey(2, created(noon.Add(-window))), policyKey(3, created(noon.Add(-window-tick)))}, none, 1, 2, keyring.ReasonPreferredRevoked},
		{"old enough comes before too young", keys{policyKey(1, revoked), policyKey(2, created(noon.Add(-window+tick))), policyKey(3)}, none, 1, 3, keyring.ReasonPreferredRevoked},
		{"too young: the earliest creation", keys{policyKey(1, revoked), policyKey(2, created(noon)), policyKey(3, created(noon.Add(-window+tick)))}, none, 1, 3, keyring.ReasonPreferredRevoked},
		{"the preferred key, old, is no fallback", keys{policyKey(1, expires(noon))}, none, 1, none, keyring.ReasonPreferredExpired},
		{"the preferred key, young, is one", keys{policyKey(1, expires(noon), created(noon))}, none, 1, 1, keyring.ReasonPreferredExpired},
		{"equal creations: the smallest id", keys{policyKey(1, revoked), policyKey(3, created(noon.Add(-9*day))), policyKey(2, created(noon.Add(-9*day)))}, none, 1, 2, keyring.ReasonPreferredRevoked},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := byDates().Resolve(noon, test.keys)
			number := func(k *keyring.Key) byte {
				if k == nil {
					return none
				}
				return k.ID[15]
			}
			if got := [3]byte{number(r.Default), number(r.Preferred), number(r.Fallback)}; got != [3]byte{test.def, test.preferred, test.fallback} {
				t.Errorf("default, preferred, fallback: got %v, want %v", got, [3]byte{test.def, test.preferred, test.fallback})
			}
			if r.Reason != test.reason {
				t.Errorf("reason: got %v, want %v", r.Reason, test.reason)
			}
			if r.Reason.String() == "" {
				t.Errorf("reason %d has no text", r.Reason)
			}
		})
	}
}

func TestPolicyIntervalsAreItsOwn(t *testing.T) {
	early := policyKey(2, active(noon.Add(time.Hour)))
	keys := []keyring.Key{policyKey(1), early}
	p := byDates()
	p.ClockSkew = time.Hour
	if r := p.Resolve(noon, keys); r.Default == nil || r.Default.ID != early.ID {
		t.Errorf("a skew of an hour: got %+v", r.Default)
	}
	keys = []keyring.Key{policyKey(1, revoked), policyKey(2), policyKey(3, created(noon.Add(-time.Hour)))}
	p.PropagationWindow = time.Hour
	if r := p.Resolve(noon, keys); r.Fallback == nil || r.Fallback.ID[15] != 3 {
		t.Errorf("a window of an hour: got %+v", r.Fallback)
	}
}

// Without Usable the policy asks the keys themselves.
func TestPolicyAsksTheKeys(t *testing.T) {
	m := newManager(t, xmlrepo.NewMemory(), keyring.Options{Now: at(noon)})
	k := create(t, m, keyring.NewKeyOptions{})
	var policy keyring.Policy
	if r := policy.Resolve(noon, []keyring.Key{k}); r.Default == nil || r.Default.ID != k.ID {
		t.Errorf("got %+v", r)
	}
	if r := policy.Resolve(noon, []keyring.Key{policyKey(1)}); r.Reason != keyring.ReasonPreferredUnusable {
		t.Errorf("a key without secret: got %v", r.Reason)
	}
}
