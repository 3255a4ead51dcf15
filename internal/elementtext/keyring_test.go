package elementtext_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// A ring gets from its content the names that its manager gave it.
func TestNamesOfARing(t *testing.T) {
	repo := xmlrepo.NewMemory()
	m, err := keyring.NewManager(repo, keyring.Options{})
	if err != nil {
		t.Fatal(err)
	}
	key, err := m.CreateKey(t.Context(), keyring.NewKeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []uuid.UUID{key.ID, uuid.New()} {
		if _, err := m.RevokeKey(t.Context(), id, "lost"); err != nil {
			t.Fatal(err)
		}
	}
	for _, date := range []time.Time{{}, time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)} {
		if _, err := m.RevokeAllKeys(t.Context(), date, ""); err != nil {
			t.Fatal(err)
		}
	}
	all, err := repo.Elements(t.Context())
	if err != nil || len(all) < 4 {
		t.Fatalf("%d elements, %v", len(all), err)
	}
	for _, e := range all {
		if name := nameOf(t, string(e.XML)); name != e.Name {
			t.Errorf("%s is called %s by its content", e.Name, name)
		}
	}
}
