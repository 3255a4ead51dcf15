package protector_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

// openExampleRing stands for a ring over a key directory: xmlrepo.NewDir.
func openExampleRing(ctx context.Context) *keyring.Ring {
	ring, err := keyring.Open(ctx, xmlrepo.NewMemory(), keyring.Options{GenerationDelay: -1})
	if err != nil {
		log.Fatal(err)
	}
	return ring
}

func Example() {
	ctx := context.Background()
	ring := openExampleRing(ctx)
	defer ring.Close()

	provider := protector.New(ring, protector.Options{ApplicationName: "shop"})
	invitations := provider.CreateProtector("invitations", "v1")

	payload, err := invitations.ProtectString(ctx, "ada@example.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(payload[:5], len(payload))

	text, err := invitations.UnprotectString(ctx, payload)
	fmt.Println(text, err)

	_, err = provider.CreateProtector("password resets").UnprotectString(ctx, payload)
	fmt.Println(errors.Is(err, protector.ErrInvalidPayload))
	// Output:
	// CfDJ8 134
	// ada@example.com <nil>
	// true
}

func ExampleNewEphemeral() {
	ctx := context.Background()
	provider, err := protector.NewEphemeral(ctx, protector.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer provider.Close()

	p := provider.CreateProtector("a test")
	payload, err := p.Protect(ctx, []byte("for this process only"))
	if err != nil {
		log.Fatal(err)
	}
	plaintext, err := p.Unprotect(ctx, payload)
	fmt.Println(string(plaintext), err)
	// Output: for this process only <nil>
}

func ExampleTimeLimited() {
	ctx := context.Background()
	provider, err := protector.NewEphemeral(ctx, protector.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer provider.Close()
	links := provider.CreateProtector("links").TimeLimited()

	link, err := links.ProtectString(ctx, "/files/7", time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		log.Fatal(err)
	}
	path, expires, err := links.UnprotectString(ctx, link)
	fmt.Println(path, expires, err)

	link, err = links.ProtectString(ctx, "/files/7", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		log.Fatal(err)
	}
	_, _, err = links.UnprotectString(ctx, link)
	fmt.Println(errors.Is(err, protector.ErrExpired), err)
	// Output:
	// /files/7 2100-01-01 00:00:00 +0000 UTC <nil>
	// true protector: the payload expired at 2026-01-01T00:00:00Z
}

// Payloads that are stored for long are protected anew when they are read under a
// key that no longer protects.
func ExampleProtector_UnprotectDetails() {
	ctx := context.Background()
	ring := openExampleRing(ctx)
	defer ring.Close()
	p := protector.New(ring, protector.Options{}).CreateProtector("stored")
	stored, err := p.Protect(ctx, []byte("card number"))
	if err != nil {
		log.Fatal(err)
	}

	if _, err := ring.Manager().CreateKey(ctx, keyring.NewKeyOptions{}); err != nil {
		log.Fatal(err)
	}
	u, err := p.UnprotectDetails(ctx, stored)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(u.RequiresMigration)
	if u.RequiresMigration {
		if stored, err = p.Protect(ctx, u.Plaintext); err != nil {
			log.Fatal(err)
		}
	}
	u, err = p.UnprotectDetails(ctx, stored)
	fmt.Println(u.RequiresMigration, err)
	// Output:
	// true
	// false <nil>
}

func ExampleProtector_DangerousUnprotect() {
	ctx := context.Background()
	ring := openExampleRing(ctx)
	defer ring.Close()
	p := protector.New(ring, protector.Options{}).CreateProtector("stored")
	stored, err := p.Protect(ctx, []byte("card number"))
	if err != nil {
		log.Fatal(err)
	}

	id, _, err := protector.ParsePayload(stored)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := ring.Manager().RevokeKey(ctx, id, "laptop stolen"); err != nil {
		log.Fatal(err)
	}
	_, err = p.Unprotect(ctx, stored)
	fmt.Println(errors.Is(err, keyring.ErrKeyRevoked))

	u, err := p.DangerousUnprotect(ctx, stored)
	fmt.Println(string(u.Plaintext), u.WasRevoked, err)
	// Output:
	// true
	// card number true <nil>
}
