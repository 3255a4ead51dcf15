package storetest

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// keyView is what both sides say about a key.
type keyView struct {
	id                               string
	creation, activation, expiration time.Time
	revoked                          bool
}

// agree checks that a fresh .NET node and a fresh Go node list the same keys.
func agree(t *testing.T, f farm, peer *dotnettest.Peer, when string) []keyView {
	t.Helper()
	theirs, err := f.dotnetRing(peer).Keys()
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	m, err := keyring.NewManager(f.node(t), keyring.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ours, err := m.Keys(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	var a, b []keyView
	for _, k := range theirs {
		if !k.Usable {
			t.Errorf("%s: .NET cannot use %s: %v", when, k.ID, k.Error)
		}
		a = append(a, keyView{k.ID, k.Creation.UTC(), k.Activation.UTC(), k.Expiration.UTC(), k.Revoked})
	}
	for _, k := range ours {
		if _, err := k.Encryptor(); err != nil {
			t.Errorf("%s: Go cannot use %s: %v", when, k.ID, err)
		}
		b = append(b, keyView{k.ID.String(), k.CreationDate, k.ActivationDate, k.ExpirationDate, k.Revoked})
	}
	byID := func(a, b keyView) int { return strings.Compare(a.id, b.id) }
	slices.SortFunc(a, byID)
	slices.SortFunc(b, byID)
	if !slices.Equal(a, b) {
		t.Errorf("%s: .NET lists\n%v, Go\n%v", when, a, b)
	}
	return a
}

// .NET and Go read and write one ring, in turns.
func TestWithDotNet(t *testing.T) {
	peer := dotnettest.StartWithStores(t)
	farms(t, func(t *testing.T, f farm) {
		// .NET begins the ring.
		theirs := f.dotnetRing(peer)
		payload, err := theirs.Protector("p").Protect([]byte("from .NET"))
		if err != nil {
			t.Fatal(err)
		}
		if keys := agree(t, f, peer, "after .NET's first payload"); len(keys) != 1 {
			t.Fatalf("%d keys, want the one of .NET", len(keys))
		}
		// Go joins it, and makes no key of its own.
		ours := ring(t, f.node(t))
		p := protectorOf(ours)
		if data, err := p.Unprotect(t.Context(), payload); err != nil || string(data) != "from .NET" {
			t.Errorf("Go opens %q, %v", data, err)
		}
		reply, err := p.Protect(t.Context(), []byte("from Go"))
		if err != nil {
			t.Fatal(err)
		}
		if data, err := theirs.Protector("p").Unprotect(reply); err != nil || string(data) != "from Go" {
			t.Errorf(".NET opens %q, %v", data, err)
		}
		agree(t, f, peer, "after Go's first payload")

		// Each makes a key and revokes the other's, and .NET all, twice.
		mine, err := ours.Manager().CreateKey(t.Context(), keyring.NewKeyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		yours, err := theirs.CreateKey(time.Now(), time.Now().AddDate(0, 3, 0))
		if err != nil {
			t.Fatal(err)
		}
		agree(t, f, peer, "with a key of each")
		if err := theirs.RevokeKey(mine.ID.String(), "Größe < 1 & \"mehr\""); err != nil {
			t.Fatal(err)
		}
		if _, err := ours.Manager().RevokeKey(t.Context(), uuid.MustParse(yours.ID), "鍵 🔑"); err != nil {
			t.Fatal(err)
		}
		keys := agree(t, f, peer, "when each has revoked the other's")
		for _, k := range keys {
			if want := k.id == mine.ID.String() || k.id == yours.ID; k.revoked != want {
				t.Errorf("key %s: revoked is %t", k.id, k.revoked)
			}
		}
		eventually(t, "the open ring sees what .NET has revoked", func() bool {
			k, ok := ours.Snapshot().Key(mine.ID)
			return ok && k.Revoked && k.RevocationReason == "Größe < 1 & \"mehr\""
		})
		// .NET writes a second record about one key, which has the same name.
		if err := theirs.RevokeKey(mine.ID.String(), "again"); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := theirs.RevokeAllKeys(time.Now().Add(-time.Millisecond), "all"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := ours.Manager().RevokeAllKeys(t.Context(), time.Time{}, "all of them"); err != nil {
			t.Fatal(err)
		}
		for _, k := range agree(t, f, peer, "when all are revoked") {
			if old := slices.ContainsFunc(keys, func(o keyView) bool { return o.id == k.id }); old && !k.revoked {
				t.Errorf("key %s is not revoked", k.id)
			}
		}
		if _, err := p.Unprotect(t.Context(), payload); err == nil {
			t.Error("Go opens a payload of a revoked key")
		}

		// Go tidies up what .NET cannot.
		deleted, err := ours.Manager().DeleteKeys(t.Context(),
			func(k keyring.Key) bool { return k.ID == mine.ID || k.ID.String() == yours.ID }, keyring.DeleteOptions{IncludeUnexpired: true})
		if err != nil || len(deleted.Keys) != 2 {
			t.Errorf("deleted %v, %v", deleted.Names, err)
		}
		for _, k := range agree(t, f, peer, "after a deletion") {
			if k.id == mine.ID.String() || k.id == yours.ID {
				t.Errorf("key %s is still there", k.id)
			}
		}
		names(t, f)
	})
}

// names checks that every element is called what its content says, apart from
// what .NET has written under one name again.
func names(t *testing.T, f farm) {
	t.Helper()
	list, err := f.node(t).Elements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if xmlrepo.CheckName(e.Name) != nil || !strings.HasPrefix(e.Name, "key-") && !strings.HasPrefix(e.Name, "revocation-") {
			t.Errorf("an element is called %q", e.Name)
		}
	}
}

// Nodes of both kinds begin a ring at the same moment. What each protects opens
// on all others, once they have read the ring again.
func TestFirstStart(t *testing.T) {
	farms(t, func(t *testing.T, f farm) {
		const each = 3
		var theirs []*dotnettest.Ring
		for range each {
			theirs = append(theirs, f.dotnetRing(dotnettest.StartWithStores(t)))
		}
		var ours []*keyring.Ring
		var mu sync.Mutex
		var payloads [][]byte
		keep := func(payload []byte, err error) {
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			payloads = append(payloads, payload)
		}
		var wg sync.WaitGroup
		for i := range each {
			wg.Go(func() { keep(theirs[i].Protector("p").Protect([]byte("first"))) })
			repo := f.node(t)
			wg.Go(func() {
				r, err := keyring.Open(t.Context(), repo, keyring.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				ours = append(ours, r)
				mu.Unlock()
				keep(protectorOf(r).Protect(t.Context(), []byte("first")))
			})
		}
		wg.Wait()
		for _, r := range ours {
			defer r.Close()
			for _, payload := range payloads {
				if data, err := protectorOf(r).Unprotect(t.Context(), payload); err != nil || string(data) != "first" {
					t.Errorf("Go opens %q, %v", data, err)
				}
			}
		}
		for _, r := range theirs {
			if err := r.Reopen(); err != nil {
				t.Fatal(err)
			}
			for _, payload := range payloads {
				if data, err := r.Protector("p").Unprotect(payload); err != nil || string(data) != "first" {
					t.Errorf(".NET opens %q, %v", data, err)
				}
			}
		}
		keys := agree(t, f, dotnettest.StartWithStores(t), "after the first start")
		t.Logf("%d nodes of .NET and %d of Go made %d keys at their first start", each, each, len(keys))
	})
}
