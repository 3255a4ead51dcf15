package authticket_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
	"dataprotection.example/xmlrepo"
)

func newProvider(t testing.TB) *protector.Provider {
	t.Helper()
	return openDir(t, filepath.Join(t.TempDir(), "ring"), "app", keyring.Options{})
}

func TestPurposes(t *testing.T) {
	provider := newProvider(t)
	ticket := people()
	for name, f := range map[string]struct {
		format   *authticket.Format
		purposes []string
		want     []string
	}{
		"cookie": {
			authticket.CookieFormat(provider, "My Scheme/é"), authticket.CookiePurposes("My Scheme/é"),
			[]string{"Microsoft.AspNetCore.Authentication.Cookies.CookieAuthenticationMiddleware", "My Scheme/é", "v2"},
		},
		"access token": {
			authticket.AccessTokenFormat(provider, ""), authticket.AccessTokenPurposes(""),
			[]string{"Microsoft.AspNetCore.Authentication.BearerToken", "", "BearerToken"},
		},
		"refresh token": {
			authticket.RefreshTokenFormat(provider, "s"), authticket.RefreshTokenPurposes("s"),
			[]string{"Microsoft.AspNetCore.Authentication.BearerToken", "s", "RefreshToken"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if !slices.Equal(f.purposes, f.want) {
				t.Errorf("purposes %q", f.purposes)
			}
			text, err := f.format.Protect(t.Context(), &ticket)
			if err != nil {
				t.Fatal(err)
			}
			same := authticket.NewFormat(provider.CreateProtector(f.want[0], f.want[1:]...))
			got, err := same.Unprotect(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			wantSame(t, *got, toDotnet(ticket))
			for _, other := range []*authticket.Format{
				authticket.CookieFormat(provider, "other"), authticket.AccessTokenFormat(provider, "other"), authticket.RefreshTokenFormat(provider, "other"),
			} {
				if got, err := other.Unprotect(t.Context(), text); !errors.Is(err, protector.ErrInvalidPayload) || got != nil {
					t.Errorf("other purposes: %v, %v", got, err)
				}
			}
		})
	}
}

func TestTextsThatHoldNoTicket(t *testing.T) {
	provider := newProvider(t)
	format := authticket.CookieFormat(provider, "Cookies")
	ticket := people()
	text, err := format.Protect(t.Context(), &ticket)
	if err != nil {
		t.Fatal(err)
	}
	flipped := []byte(text)
	flipped[len(flipped)/2] ^= 1
	for name, forged := range map[string]string{
		"nothing": "", "no base64": "!" + text[1:], "blank": " " + text, "cut": text[:len(text)-4], "flipped": string(flipped), "chunks": "chunks-3",
	} {
		if u, err := format.UnprotectDetails(t.Context(), forged); !errors.Is(err, protector.ErrInvalidPayload) || u != (authticket.Unprotected{}) {
			t.Errorf("%s: %v, %v", name, u, err)
		}
	}

	other, err := provider.CreateProtector(authticket.CookiePurposes("Cookies")[0], authticket.CookiePurposes("Cookies")[1:]...).ProtectString(t.Context(), "no ticket")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := format.Unprotect(t.Context(), other); !errors.Is(err, authticket.ErrMalformed) || got != nil {
		t.Errorf("a genuine payload without a ticket: %v, %v", got, err)
	}

	if text, err := format.Protect(t.Context(), &authticket.Ticket{Scheme: "\xff"}); !errors.Is(err, authticket.ErrUnencodable) || text != "" {
		t.Errorf("protected %q, %v", text, err)
	}
}

func TestMigration(t *testing.T) {
	repo := xmlrepo.NewMemory()
	ring, err := keyring.Open(t.Context(), repo, keyring.Options{GenerationDelay: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	format := authticket.CookieFormat(protector.New(ring, protector.Options{}), "Cookies")
	ticket := people()
	text, err := format.Protect(t.Context(), &ticket)
	if err != nil {
		t.Fatal(err)
	}
	before, err := format.UnprotectDetails(t.Context(), text)
	if err != nil || before.RequiresMigration {
		t.Fatalf("%v, %v", before.RequiresMigration, err)
	}
	if _, err := ring.Manager().CreateKey(t.Context(), keyring.NewKeyOptions{}); err != nil {
		t.Fatal(err)
	}
	after, err := format.UnprotectDetails(t.Context(), text)
	if err != nil || !after.RequiresMigration || after.KeyID != before.KeyID || !reflect.DeepEqual(after.Ticket, before.Ticket) {
		t.Errorf("after a new key: migration %v, key %v, %v", after.RequiresMigration, after.KeyID, err)
	}
	if _, err := ring.Manager().RevokeKey(t.Context(), before.KeyID, "stolen"); err != nil {
		t.Fatal(err)
	}
	if got, err := format.Unprotect(t.Context(), text); !errors.Is(err, keyring.ErrKeyRevoked) || got != nil || !strings.Contains(err.Error(), before.KeyID.String()) {
		t.Errorf("after the revocation: %v, %v", got, err)
	}
}
