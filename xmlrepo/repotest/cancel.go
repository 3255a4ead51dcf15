package repotest

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"dataprotection.example/xmlrepo"
)

// testCancelled calls everything with a context that was done before.
func testCancelled(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	store(t, repo, key(1, ""))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	list, err := repo.Elements(ctx)
	cancelled(t, "Elements", err)
	if len(list) != 0 {
		t.Errorf("Elements returned an error and %d elements", len(list))
	}
	cancelled(t, "Store", repo.Store(ctx, key(2, "")))
	if r, ok := repo.(xmlrepo.Remover); ok {
		cancelled(t, "Remove", r.Remove(ctx, func(all []xmlrepo.Element) []xmlrepo.Element { return all }))
	}
	if f, ok := repo.(xmlrepo.Fingerprinter); ok {
		_, err := f.Fingerprint(ctx)
		cancelled(t, "Fingerprint", err)
	}
	want(t, repo, key(1, ""))
}

// testCancelledInTheMiddle cancels stores and reads at any moment. Each is done
// or not done, nothing is half done, and the repository stays fit for use.
func testCancelledInTheMiddle(t *testing.T, open func(*testing.T) xmlrepo.Repository) {
	repo := open(t)
	var stored []xmlrepo.Element
	for i := range 50 {
		e := key(i, "<value>text</value>")
		ctx, cancel := context.WithCancel(t.Context())
		if i%5 == 0 {
			cancel() // the first of all moments
		}
		stop := time.AfterFunc(rand.N(2*time.Millisecond), cancel)
		err := repo.Store(ctx, e)
		list, readErr := repo.Elements(ctx)
		stop.Stop()
		cancel()
		if errors.Is(err, xmlrepo.ErrExist) {
			t.Errorf("a cancelled Store of a name that was free: %v", err)
		}
		if readErr != nil && len(list) != 0 {
			t.Errorf("Elements returned an error and %d elements", len(list))
		}
		_, there := elements(t, repo)[e.Name]
		if err == nil && !there {
			t.Error("an element that was stored is not there")
		}
		again := repo.Store(t.Context(), e)
		if !there && again != nil && !errors.Is(again, xmlrepo.ErrExist) { // what was cancelled may have come late
			t.Errorf("Store after one that was cancelled: %v", again)
		} else if there {
			taken(t, again)
		}
		stored = append(stored, e)
	}
	want(t, repo, stored...)
}
