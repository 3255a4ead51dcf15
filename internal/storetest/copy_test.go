package storetest

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// A ring wanders from store to store, and on each .NET and Go say the same of it
// and open what was protected before.
func TestCopy(t *testing.T) {
	peer := dotnettest.StartWithStores(t)
	newDir := func(name string) xmlrepo.Repository {
		return newStore(t)(xmlrepo.NewDir(filepath.Join(t.TempDir(), name), xmlrepo.DirOptions{}))
	}
	first, last := newDir("first"), newDir("last")
	redis, postgres, maria := startRedis(t), startPostgres(t), startMariaDB(t)

	m := manager(t, first)
	if _, err := m.CreateKey(t.Context(), keyring.NewKeyOptions{}); err != nil {
		t.Fatal(err)
	}
	payload, err := protectorOf(ring(t, first)).Protect(t.Context(), []byte("kept"))
	if err != nil {
		t.Fatal(err)
	}
	lost, err := m.CreateKey(t.Context(), keyring.NewKeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.RevokeKey(t.Context(), lost.ID, "Größe < 1 & \"mehr\", 鍵 🔑"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.RevokeAllKeys(t.Context(), time.Now().Add(-time.Hour), "all"); err != nil {
		t.Fatal(err)
	}
	for name, xml := range map[string]string{
		"revocation-" + uuid.NewString(): `<revocation version="1"><revocationDate>2026-01-02T03:04:05Z</revocationDate><key id="` + lost.ID.String() + `" /><reason>again</reason></revocation>`,
		"of-another":                     `<html lang="de"><p>Größe</p></html>`,
	} {
		if err := first.Store(t.Context(), xmlrepo.Element{Name: name, XML: []byte(xml)}); err != nil {
			t.Fatal(err)
		}
	}
	all := len(texts(t, first))

	copied := copyTwice(t, "Dir to Redis", first, redis.node(t), all-1) // Redis takes one revocation of a key
	if len(copied.Already) != 1 || copied.Already[0].ID != lost.ID {
		t.Errorf("Redis had %+v already", copied.Already)
	}
	copyTwice(t, "Redis to PostgreSQL", redis.node(t), postgres.node(t), all-1)
	// .NET revokes the key again, as it does: under the same name.
	if err := postgres.dotnetRing(peer).RevokeKey(lost.ID.String(), "by .NET"); err != nil {
		t.Fatal(err)
	}
	copyTwice(t, "PostgreSQL to MariaDB", postgres.node(t), maria.node(t), all)
	copyTwice(t, "MariaDB to Dir", maria.node(t), last, all)
	if got, want := texts(t, last), texts(t, postgres.node(t)); !maps.Equal(got, want) {
		t.Errorf("the last copy holds %v, want %v", got, want)
	}
	// And back, where all of it is already, but for what says nothing new.
	if r, err := manager(t, last).CopyTo(t.Context(), first, keyring.CopyOptions{}); err != nil || r.Copied != nil || r.Verified != all {
		t.Errorf("back: %+v, %v", r, err)
	}

	for _, f := range []farm{redis, postgres, maria} {
		for _, k := range agree(t, f, peer, "in "+f.name) {
			if k.revoked != (k.id == lost.ID.String()) {
				t.Errorf("%s: key %s: revoked is %t", f.name, k.id, k.revoked)
			}
		}
		if data, err := f.dotnetRing(peer).Protector("p").Unprotect(payload); err != nil || string(data) != "kept" {
			t.Errorf("%s: .NET opens %q, %v", f.name, data, err)
		}
		if data, err := protectorOf(ring(t, f.node(t))).Unprotect(t.Context(), payload); err != nil || string(data) != "kept" {
			t.Errorf("%s: Go opens %q, %v", f.name, data, err)
		}
	}
}

func manager(t *testing.T, repo xmlrepo.Repository) *keyring.Manager {
	t.Helper()
	m, err := keyring.NewManager(repo, keyring.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// copyTwice copies a ring, of which the target takes so many elements, and then
// again, of which it takes none.
func copyTwice(t *testing.T, what string, from, to xmlrepo.Repository, want int) keyring.CopyResult {
	t.Helper()
	first, err := manager(t, from).CopyTo(t.Context(), to, keyring.CopyOptions{})
	if err != nil || len(first.Copied) != want || first.Verified != len(texts(t, from)) || first.Changed {
		t.Fatalf("%s: %+v, %v", what, first, err)
	}
	stored := texts(t, to)
	again, err := manager(t, from).CopyTo(t.Context(), to, keyring.CopyOptions{})
	if err != nil || again.Copied != nil || again.Verified != first.Verified || !maps.Equal(texts(t, to), stored) {
		t.Errorf("%s again: %+v, %v", what, again, err)
	}
	for text := range stored {
		if strings.HasPrefix(text, "<html") && text != `<html lang="de"><p>Größe</p></html>` {
			t.Errorf("%s: %s", what, text)
		}
	}
	return first
}

// texts counts the elements of a store.
func texts(t *testing.T, repo xmlrepo.Repository) map[string]int {
	t.Helper()
	all, err := repo.Elements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range all {
		count[string(e.XML)]++
	}
	return count
}
