package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/testdata"
	"dataprotection.example/xmlrepo"
)

// vector is the payload that ASP.NET Core protected; package testdata has it.
const vector = "alg-AES_256_CBC-HMACSHA256#1"

// fromDotnet reads what ASP.NET Core wrote.
func fromDotnet(ctx context.Context, out io.Writer) error {
	recorded, err := findVector(vector)
	if err != nil {
		return err
	}
	dir := filepath.Join("testdata", filepath.FromSlash(recorded.Ring))
	repo, err := xmlrepo.NewDir(dir, xmlrepo.DirOptions{})
	if err != nil {
		return err
	}
	// Somebody else's ring: read it, and add no key of ours to it.
	ring, err := keyring.Open(ctx, repo, keyring.Options{DisableAutomaticKeyGeneration: true})
	if err != nil {
		return err
	}
	defer ring.Close()

	// The application name is the first of the purposes.
	app, purpose, sub := recorded.Purposes[0], recorded.Purposes[1], recorded.Purposes[2:]
	provider := protector.New(ring, protector.Options{ApplicationName: app})
	text, err := provider.CreateProtector(purpose, sub...).UnprotectString(ctx, recorded.Payload)
	if err != nil {
		return err
	}

	heading(out, "A key ring and a payload that ASP.NET Core 9 wrote, read by Go")
	line(out, "key ring", dir)
	line(out, "application", fmt.Sprintf("%q, purposes %q", app, recorded.Purposes[1:]))
	line(out, "payload", short(recorded.Payload))
	line(out, "plaintext", text)
	return nil
}

func findVector(name string) (testdata.Vector, error) {
	all, err := testdata.Vectors()
	if err != nil {
		return testdata.Vector{}, err
	}
	for _, v := range all {
		if v.Name == name {
			return v, nil
		}
	}
	return testdata.Vector{}, fmt.Errorf("no vector is called %s", name)
}

// fromGo makes a ring in dir, which ASP.NET Core could read as well.
func fromGo(ctx context.Context, out io.Writer, dir string) error {
	repo, err := xmlrepo.NewDir(dir, xmlrepo.DirOptions{})
	if err != nil {
		return err
	}
	ring, err := keyring.Open(ctx, repo, keyring.Options{}) // makes the first key
	if err != nil {
		return err
	}
	defer ring.Close()
	key, err := ring.Snapshot().DefaultKey()
	if err != nil {
		return err
	}
	heading(out, "A new key ring: one XML file a key, as ASP.NET Core reads it")
	line(out, "key", key.ID.String())
	line(out, "file", filepath.Join(dir, key.ElementName+".xml"))
	line(out, "created", key.CreationDate.Format(time.RFC3339))
	line(out, "activates", key.ActivationDate.Format(time.RFC3339))
	line(out, "expires", key.ExpirationDate.Format(time.RFC3339)+", and days before that the ring makes a successor")

	cart := protector.New(ring, protector.Options{ApplicationName: "shop"}).CreateProtector("cart")
	payload, err := cart.ProtectString(ctx, "three apples")
	if err != nil {
		return err
	}
	text, err := cart.UnprotectString(ctx, payload)
	if err != nil {
		return err
	}
	heading(out, "A payload, and what it holds")
	line(out, "payload", payload)
	line(out, "plaintext", text)

	heading(out, "One bit of it flipped")
	if err := refused(ctx, out, cart, flip(payload), protector.ErrInvalidPayload); err != nil {
		return err
	}

	revocation, err := ring.Manager().RevokeKey(ctx, key.ID, "the quickstart is over")
	if err != nil {
		return err
	}
	heading(out, "The key revoked, by one more file")
	line(out, "file", filepath.Join(dir, revocation.Names[0]+".xml"))
	if err := refused(ctx, out, cart, payload, keyring.ErrKeyRevoked); err != nil {
		return err
	}
	// A ring that is left without a key to protect with makes one.
	if key, err = ring.Snapshot().DefaultKey(); err != nil {
		return err
	}
	line(out, "new key", key.ID.String())
	return nil
}

// refused shows that a payload does not open, and why.
func refused(ctx context.Context, out io.Writer, by *protector.Protector, payload string, want error) error {
	_, err := by.UnprotectString(ctx, payload)
	if !errors.Is(err, want) {
		return fmt.Errorf("a payload is refused for %v, not for %v", err, want)
	}
	line(out, "refused", err.Error())
	return nil
}

// flip changes one bit in the middle of a payload.
func flip(payload string) string {
	changed, err := protector.DecodePayload(payload)
	if err != nil {
		return payload
	}
	changed[len(changed)/2] ^= 1
	return base64.RawURLEncoding.EncodeToString(changed)
}

// short is the beginning of a payload.
func short(payload string) string {
	return fmt.Sprintf("%.40s… (%d characters)", payload, len(payload))
}
