package keyring_test

import (
	"context"
	"fmt"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// A program that manages a ring: it makes a key, takes it back, makes another,
// and tidies up once the first has expired.
func ExampleManager() {
	ctx := context.Background()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	store := xmlrepo.NewMemory() // or xmlrepo.NewDir("/var/lib/app/keys", xmlrepo.DirOptions{})
	m, err := keyring.NewManager(store, keyring.Options{Now: func() time.Time { return now }})
	if err != nil {
		fmt.Println(err)
		return
	}
	first, err := m.CreateKey(ctx, keyring.NewKeyOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("made", first.Algorithms.Encryption, "until", first.ExpirationDate.Format(time.DateOnly))

	if _, err := m.RevokeKey(ctx, first.ID, "seen in a log"); err != nil {
		fmt.Println(err)
		return
	}
	now = now.Add(time.Hour)
	if _, err := m.CreateKey(ctx, keyring.NewKeyOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	keys, err := m.Keys(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, k := range keys {
		fmt.Printf("made %s, revoked: %v %q\n", k.CreationDate.Format(time.TimeOnly), k.Revoked, k.RevocationReason)
	}

	now = now.AddDate(1, 0, 0)
	deleted, err := m.DeleteKeys(ctx, func(k keyring.Key) bool { return k.Revoked }, keyring.DeleteOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("deleted", len(deleted.Keys), "key in", len(deleted.Names), "elements")
	// Output:
	// made AES_256_CBC until 2026-07-30
	// made 12:00:00, revoked: true "seen in a log"
	// made 13:00:00, revoked: false ""
	// deleted 1 key in 2 elements
}

// In a farm a new key is rolled out first and promoted later: it is made with an
// activation two days ahead, when every node has read it.
func ExampleManager_CreateKey() {
	ctx := context.Background()
	m, err := keyring.NewManager(xmlrepo.NewMemory(), keyring.Options{NewKeyLifetime: 30 * 24 * time.Hour})
	if err != nil {
		fmt.Println(err)
		return
	}
	k, err := m.CreateKey(ctx, keyring.NewKeyOptions{
		Activation: time.Now().Add(48 * time.Hour),
		Algorithms: keyring.Algorithms{Encryption: keyring.AES_256_GCM},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(k.Algorithms.Encryption, "for", k.ExpirationDate.Sub(k.ActivationDate))
	// Output: AES_256_GCM for 720h0m0s
}

// Which key protects follows from the ring and the instant alone, so it can be
// asked for any of them.
func ExamplePolicy() {
	ctx := context.Background()
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	m, err := keyring.NewManager(xmlrepo.NewMemory(), keyring.Options{Now: func() time.Time { return start }})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, activation := range []time.Time{start, start.AddDate(0, 2, 0)} {
		if _, err := m.CreateKey(ctx, keyring.NewKeyOptions{Activation: activation}); err != nil {
			fmt.Println(err)
			return
		}
	}
	keys, err := m.Keys(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	var policy keyring.Policy // ASP.NET Core's
	for _, instant := range []time.Time{start.AddDate(0, 0, -1), start, start.AddDate(0, 2, 0), start.AddDate(1, 0, 0)} {
		r := policy.Resolve(instant, keys)
		protects := "no key"
		if r.Default != nil {
			protects = "the key of " + r.Default.ActivationDate.Format(time.DateOnly)
		}
		fmt.Printf("%s: %s, for %v\n", instant.Format(time.DateOnly), protects, r.Reason)
	}
	// Output:
	// 2026-04-30: no key, for no key's activation date is due
	// 2026-05-01: the key of 2026-05-01, for it has the latest activation date that is due
	// 2026-07-01: the key of 2026-07-01, for it has the latest activation date that is due
	// 2027-05-01: no key, for the key with the latest activation date is expired
}
