package keyring_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"dataprotection.example/keyring"
	"dataprotection.example/testdata"
)

// randomKeys returns up to six keys whose dates lie on, and 100 ns beside, all
// that the policy compares them with at noon. Where creations may be equal,
// .NET's fallback depends on the order of the store. pick chooses one of n.
func randomKeys(pick func(n int) int, equalCreations bool) []keyring.Key {
	of := func(times ...time.Time) time.Time {
		t := times[pick(len(times))]
		if pick(8) == 0 {
			return t.Add(time.Duration(pick(2_000_000)-1_000_000) * time.Second)
		}
		return t.Add(time.Duration(pick(3)-1) * tick)
	}
	var keys []keyring.Key
	taken := make(map[time.Time]bool)
	for i := range pick(7) {
		k := keyring.Key{
			CreationDate:     of(noon, noon.Add(-window), noon.Add(-window-day), noon.Add(-9*day), noon.Add(day)),
			ActivationDate:   of(noon, noon.Add(skew), noon.Add(-skew), noon.Add(-9*day), noon.Add(9*day)),
			ExpirationDate:   of(noon, noon.Add(skew), noon.Add(-skew), noon.Add(90*day), noon.Add(90*day)),
			Revoked:          pick(4) == 0,
			DecryptorMissing: pick(5) == 0,
		}
		for !equalCreations && taken[k.CreationDate] {
			k.CreationDate = k.CreationDate.Add(tick)
		}
		taken[k.CreationDate] = true
		for _, b := range []int{0, 3, 4, 6, 8, 10} { // in each of a GUID's fields
			k.ID[b] = []byte{0x00, 0x01, 0x7f, 0x80, 0xff}[pick(5)]
		}
		k.ID[15] = byte(i)
		keys = append(keys, k)
	}
	return keys
}

// chosen is a resolution to compare and print.
func chosen(r keyring.Resolution) string {
	id := func(k *keyring.Key) any {
		if k == nil {
			return nil
		}
		return k.ID
	}
	return fmt.Sprintf("default %v, preferred %v, fallback %v, generate %v, %v",
		id(r.Default), id(r.Preferred), id(r.Fallback), r.ShouldGenerate, r.Reason)
}

func TestPolicyProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := randomKeys(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }, true)
		before := slices.Clone(keys)
		r := byDates().Resolve(noon, keys)
		if !slices.Equal(before, keys) {
			t.Fatal("the keys were changed")
		}
		for _, k := range []*keyring.Key{r.Default, r.Preferred, r.Fallback} {
			if k != nil && !slices.ContainsFunc(keys, func(in keyring.Key) bool { return in == *k }) {
				t.Fatalf("chose a key that is not in the ring: %v", k.ID)
			}
		}

		due := slices.DeleteFunc(slices.Clone(keys), func(k keyring.Key) bool { return k.ActivationDate.After(noon.Add(skew)) })
		if (r.Preferred == nil) != (len(due) == 0) {
			t.Fatalf("preferred %v of %d keys that are due", r.Preferred, len(due))
		}
		for _, k := range due {
			if later := k.ActivationDate.Compare(r.Preferred.ActivationDate); later > 0 || later == 0 && bytes.Compare(k.ID[:], r.Preferred.ID[:]) < 0 {
				t.Fatalf("%v comes before the preferred %v", k.ID, r.Preferred.ID)
			}
		}
		switch d := r.Default; {
		case d != nil && (d != r.Preferred || d.Revoked || d.DecryptorMissing || !noon.Before(d.ExpirationDate)):
			t.Fatalf("default key %+v", *d)
		case d == nil != r.ShouldGenerate, d == nil != (r.Reason != keyring.ReasonLatestActivation):
			t.Fatal(chosen(r))
		case d != nil && r.Fallback != nil:
			t.Fatal("a fallback beside a default key")
		}
		if f := r.Fallback; f != nil && (f.Revoked || f.DecryptorMissing) {
			t.Fatalf("fallback %+v", *f)
		}

		shuffled := rapid.Permutation(keys).Draw(t, "order")
		if again := byDates().Resolve(noon, shuffled); chosen(again) != chosen(r) {
			t.Fatalf("in another order: %s, not %s", chosen(again), chosen(r))
		}
		later := append(slices.Clone(keys), policyKey(0xff, active(noon.Add(skew+tick)), revoked))
		if again := byDates().Resolve(noon, later); chosen(again) != chosen(r) {
			t.Fatalf("with a revoked key that is not due: %s, not %s", chosen(again), chosen(r))
		}
	})
}

// TestPolicyAsRecorded holds the policy against answers of IDefaultKeyResolver.
func TestPolicyAsRecorded(t *testing.T) {
	text, err := testdata.FS.ReadFile("vectors/recorded/policy.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct {
		Rings []struct {
			Now  time.Time
			Keys []struct {
				ID                               uuid.UUID
				Creation, Activation, Expiration time.Time
				Revoked, Usable                  bool
			}
			Default, Fallback *uuid.UUID
			Generate          bool
		}
	}
	if err := json.Unmarshal(text, &recorded); err != nil {
		t.Fatal(err)
	}
	if len(recorded.Rings) < 100 {
		t.Fatalf("only %d rings", len(recorded.Rings))
	}
	for i, ring := range recorded.Rings {
		var keys []keyring.Key
		for _, k := range ring.Keys {
			keys = append(keys, keyring.Key{
				ID: k.ID, CreationDate: k.Creation, ActivationDate: k.Activation, ExpirationDate: k.Expiration,
				Revoked: k.Revoked, DecryptorMissing: !k.Usable,
			})
		}
		r := byDates().Resolve(ring.Now, keys)
		if !isKey(r.Default, ring.Default) || !isKey(r.Fallback, ring.Fallback) || r.ShouldGenerate != ring.Generate {
			t.Errorf("ring %d: %s; .NET: %v, %v, %v", i, chosen(r), ring.Default, ring.Fallback, ring.Generate)
		}
	}
}

func isKey(k *keyring.Key, id *uuid.UUID) bool {
	if k == nil || id == nil {
		return k == nil && id == nil
	}
	return k.ID == *id
}
