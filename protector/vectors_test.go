package protector_test

import (
	"bytes"
	"crypto/fips140"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/testdata"
)

// forEachVector calls f for each recorded payload whose ring this package can
// open by itself: not for the rings that are encrypted to a certificate.
func forEachVector(t *testing.T, f func(*testing.T, testdata.Vector, *keyring.Ring)) {
	all, err := testdata.Vectors()
	if err != nil {
		t.Fatal(err)
	}
	rings := make(map[string]*keyring.Ring)
	count := 0
	for _, v := range all {
		if v.Ring == "" || v.Certificate != "" || v.Outcome == testdata.NoPayload {
			continue
		}
		count++
		if fips140.Enforced() && strings.Contains(v.Name, "HMACSHA1") {
			continue // which strict FIPS mode does not have
		}
		if rings[v.Ring] == nil {
			rings[v.Ring] = openVector(t, v.Ring)
		}
		t.Run(v.Name, func(t *testing.T) { f(t, v, rings[v.Ring]) })
	}
	if count < 150 {
		t.Errorf("only %d vectors", count)
	}
}

// protectorOf returns the protector of a vector's purposes, the application name
// being the first of them.
func protectorOf(v testdata.Vector, ring *keyring.Ring) *protector.Protector {
	return protector.New(ring, protector.Options{}).CreateProtector(v.Purposes[0], v.Purposes[1:]...)
}

func TestRecordedPayloads(t *testing.T) {
	forEachVector(t, func(t *testing.T, v testdata.Vector, ring *keyring.Ring) {
		p, payload := protectorOf(v, ring), v.PayloadBytes()
		if id, body, err := protector.ParsePayload(payload); err != nil || id != v.KeyID || len(body) != len(payload)-20 {
			t.Errorf("parsed: key %v, body of %d bytes, %v", id, len(body), err)
		}
		if _, refused := v.Refused(); refused {
			wantRefused(t, p, payload, keyring.ErrKeyUnreadable)
			if _, err := p.DangerousUnprotect(t.Context(), payload); !errors.Is(err, keyring.ErrKeyUnreadable) {
				t.Errorf("DangerousUnprotect: %v", err)
			}
			return
		}

		wantRevoked := v.Outcome == testdata.OpensOnlyIfRevokedAccepted
		want := v.Plaintext
		if v.Kind == testdata.KindTimeLimited { // this protector sees the expiration as well
			want = append(expirationOf(t, v), want...)
		}
		if wantRevoked {
			wantRefused(t, p, payload, keyring.ErrKeyRevoked)
		} else {
			wantOpens(t, p, payload, string(want))
		}
		u, err := p.DangerousUnprotect(t.Context(), payload)
		if err != nil || !bytes.Equal(u.Plaintext, want) || u.WasRevoked != wantRevoked {
			t.Errorf("DangerousUnprotect: %q, revoked %v, %v", u.Plaintext, u.WasRevoked, err)
		}

		// Encode again, with whatever key protects in this ring.
		again, err := p.Protect(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		if u, err := p.UnprotectDetails(t.Context(), again); err != nil || !bytes.Equal(u.Plaintext, want) || u.RequiresMigration {
			t.Errorf("protected again: %+v, %v", u, err)
		}
		id, _, err := protector.ParsePayload(again)
		if err != nil {
			t.Fatal(err)
		}
		if id == v.KeyID && len(again) != len(payload) {
			t.Errorf("protected again it has %d bytes, .NET's has %d", len(again), len(payload))
		}
	})
}

func TestRepliesOfDotnet(t *testing.T) {
	count := 0
	forEachVector(t, func(t *testing.T, v testdata.Vector, ring *keyring.Ring) {
		if v.DotnetReply == "" {
			return
		}
		count++
		text, err := protectorOf(v, ring).UnprotectString(t.Context(), v.DotnetReply)
		if err != nil || text != string(v.DotnetReplyPlaintext) {
			t.Errorf("opened %q, %v; want %q", text, err, v.DotnetReplyPlaintext)
		}
	})
	if count < 13 {
		t.Errorf("only %d replies", count)
	}
}

func TestRecordedStrings(t *testing.T) {
	count := 0
	forEachVector(t, func(t *testing.T, v testdata.Vector, ring *keyring.Ring) {
		var entry struct{ ProtectedString string }
		if err := json.Unmarshal(v.Raw, &entry); err != nil || entry.ProtectedString == "" {
			return
		}
		count++
		text, err := protectorOf(v, ring).UnprotectString(t.Context(), entry.ProtectedString)
		if err != nil || text != string(v.Plaintext) {
			t.Errorf("opened %q, %v; want %q", text, err, v.Plaintext)
		}
		payload, err := protector.DecodePayload(entry.ProtectedString)
		if err != nil || base64.RawURLEncoding.EncodeToString(payload) != entry.ProtectedString {
			t.Errorf("decoded %x, %v", payload, err)
		}
	})
	if count < 2 {
		t.Errorf("only %d strings", count)
	}
}
