package keyring_test

import (
	"strings"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// TestExamineKeysThatNodesMayNotKnow: .NET nodes read the ring once a day, and when
// their default key expires.
func TestExamineKeysThatNodesMayNotKnow(t *testing.T) {
	// A key, in hours from noon: made, activates, expires.
	type key struct{ made, activates, expires float64 }
	old := key{-40 * 24, -40 * 24, 50 * 24}
	for _, test := range []struct {
		name  string
		keys  []key
		now   float64
		until string // of the one finding; empty: none
		says  string
	}{
		{"the first key of a ring", []key{{0, 0, 90 * 24}}, 0, "", ""},
		{"two first keys, at the same instant", []key{{0, 0, 90 * 24}, {0, 0, 90 * 24}}, 0, "", ""},
		{"a key that activates at once", []key{old, {0, 0, 90 * 24}}, 1, "2026-05-02T12:05:00Z", "protects already"},
		{"one that says it is older", []key{old, {0, -10, 90 * 24}}, 1, "2026-05-02T12:05:00Z", "protects already"},
		{"a day later", []key{old, {0, 0, 90 * 24}}, 24.1, "", ""},
		{"just before that", []key{old, {0, 0, 90 * 24}}, 24, "2026-05-02T12:05:00Z", "protects already"},
		{"a key that activates in 48 hours", []key{old, {0, 48, 90 * 24}}, 0, "", ""},
		{"in ten hours", []key{old, {0, 10, 90 * 24}}, 0, "2026-05-02T12:05:00Z", "protects from 2026-05-01T21:55:00Z on"},
		{"in ten hours, nine hours later", []key{old, {0, 10, 90 * 24}}, 9, "2026-05-02T12:05:00Z", "from 2026-05-01T21:55:00Z on"},
		{"in ten hours, but another one after it", []key{old, {0, 10, 90 * 24}, {0, 10.05, 90 * 24}}, 11, "2026-05-02T12:05:00Z", "protects already"},

		{"a successor made two days before", []key{{-88 * 24, -88 * 24, 48}, {0, 48, 92 * 24}}, 0, "", ""},
		{"as late as .NET makes one", []key{{-89 * 24, -89 * 24, 24.2}, {0, 24.2, 92 * 24}}, 0, "", ""},
		{"a successor made an hour before", []key{{-90 * 24, -90 * 24, 1}, {0, 1, 91 * 24}}, 0, "2026-05-01T13:05:00Z", "from 2026-05-01T12:55:00Z on"},
		{"and in use for an hour", []key{{-90 * 24, -90 * 24, 1}, {0, 1, 91 * 24}}, 2, "", ""},
		{"made an hour before, to be used at once", []key{{-90 * 24, -90 * 24, 1}, {0, 0, 91 * 24}}, 0, "2026-05-01T13:05:00Z", "protects already"},
		{"the same where the default key is new itself", []key{old, {-1, -1, 1}, {0, 0, 91 * 24}}, 0, "2026-05-02T12:05:00Z", "protects already"},
		{"after a key that has expired", []key{{-90 * 24, -90 * 24, -1}, {0, 0, 90 * 24}}, 0, "2026-05-02T12:05:00Z", "protects already"},
		{"a key that does not protect", []key{old, {0, -50 * 24, 90 * 24}}, 0, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := xmlrepo.NewMemory()
			at := func(hours float64) time.Time { return noon.Add(time.Duration(hours * float64(time.Hour))) }
			for _, k := range test.keys {
				m := newManager(t, store, keyring.Options{Now: func() time.Time { return at(k.made) }, AllowUnencryptedKeys: true})
				create(t, m, keyring.NewKeyOptions{Activation: at(k.activates), Expiration: at(k.expires)})
			}
			now := at(test.now)
			var found []keyring.Finding
			for _, f := range newManager(t, store, keyring.Options{Now: func() time.Time { return now }, AllowUnencryptedKeys: true}).Examine(t.Context()) {
				if f.Code == keyring.CodeUnpropagatedKey {
					found = append(found, f)
				}
			}
			if test.until == "" {
				if len(found) > 0 {
					t.Errorf("got %+v", found)
				}
				return
			}
			if len(found) != 1 {
				t.Fatalf("got %+v", found)
			}
			f := found[0]
			if f.Level != keyring.LevelInfo || !strings.Contains(f.Message, "may not know it until "+test.until+",") || !strings.Contains(f.Message, test.says) ||
				!strings.Contains(f.Fix, "restart the ASP.NET Core nodes") || !strings.HasPrefix(f.File, "key-") {
				t.Errorf("got %+v", f)
			}
		})
	}
}

// TestExamineAKeyMadeAfterARevocation: the ring has no default key before it.
func TestExamineAKeyMadeAfterARevocation(t *testing.T) {
	store, keys := ringOf(t, 1)
	m := newManager(t, store, keyring.Options{Now: at(noon.Add(time.Hour)), AllowUnencryptedKeys: true})
	if _, err := m.RevokeKey(t.Context(), keys[0].ID, ""); err != nil {
		t.Fatal(err)
	}
	made := create(t, m, keyring.NewKeyOptions{})
	all := m.Examine(t.Context())
	if len(all) != 1 || all[0].Code != keyring.CodeUnpropagatedKey || !strings.Contains(all[0].Message, made.ID.String()) ||
		!strings.Contains(all[0].Message, "until 2026-05-02T13:05:00Z,") {
		t.Errorf("got %+v", all)
	}
	// A revoked key is another matter.
	if _, err := m.RevokeKey(t.Context(), made.ID, ""); err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Examine(t.Context()) {
		if f.Code == keyring.CodeUnpropagatedKey {
			t.Errorf("got %+v", f)
		}
	}
}
