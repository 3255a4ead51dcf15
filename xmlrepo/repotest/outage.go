package repotest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"dataprotection.example/xmlrepo"
)

// Outage is a store behind a connection that a test can take away.
type Outage struct {
	Repo   xmlrepo.Repository // over that connection
	Direct xmlrepo.Repository // the same store over another

	Cut  func() // ends what connections there are
	Down func() // and lets no new ones through
	Up   func() // lets them through again
}

// RunOutage checks a kind of store behind a network. Each call of open makes an
// empty one, whose connection is up.
func RunOutage(t *testing.T, open func(t *testing.T) Outage) {
	t.Run("Down", func(t *testing.T) { testDown(t, open(t)) })
	t.Run("Cuts", func(t *testing.T) { testCuts(t, open(t)) })
	t.Run("Watcher", func(t *testing.T) { testWatcherOutage(t, open(t)) })
}

// testDown: nothing works, everything says so, and afterwards all is well.
func testDown(t *testing.T, o Outage) {
	store(t, o.Repo, key(1, ""))
	o.Down()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if list, err := o.Repo.Elements(ctx); err == nil || len(list) != 0 {
		t.Errorf("Elements of a store that cannot be reached: %d elements, error %v", len(list), err)
	}
	if err := o.Repo.Store(ctx, key(2, "")); err == nil || errors.Is(err, xmlrepo.ErrExist) {
		t.Errorf("Store in a store that cannot be reached: %v", err)
	}
	if r, ok := o.Repo.(xmlrepo.Remover); ok {
		if err := r.Remove(ctx, keys(1)); err == nil {
			t.Error("Remove from a store that cannot be reached succeeded")
		}
	}
	if f, ok := o.Repo.(xmlrepo.Fingerprinter); ok {
		if print, err := f.Fingerprint(ctx); err == nil && print != "" {
			t.Errorf("the fingerprint of a store that cannot be reached is %q", print)
		}
	}
	if ctx.Err() != nil {
		t.Errorf("that took longer than %v", patience)
	}
	o.Up()
	persist(t, "Store", func() error { return o.Repo.Store(t.Context(), key(2, "")) })
	want(t, o.Repo, key(1, ""), key(2, ""))
}

// testCuts lets writers and readers go on while their connections break again
// and again. What was acknowledged is there, and nothing is there twice.
func testCuts(t *testing.T, o Outage) {
	const writers, each = 4, 20
	done := make(chan struct{})
	var cutting, working sync.WaitGroup
	cutting.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(rand.N(60 * time.Millisecond)):
				o.Cut()
			}
		}
	})
	for w := range writers {
		working.Go(func() {
			for i := range each {
				e := key(each*w+i, "<value>text</value>")
				persist(t, "Store", func() error { return o.Repo.Store(t.Context(), e) })
			}
		})
	}
	working.Go(func() {
		for range each {
			if list, err := o.Repo.Elements(t.Context()); err != nil && len(list) != 0 {
				t.Errorf("Elements returned an error and %d elements", len(list))
			}
		}
	})
	working.Wait()
	close(done)
	cutting.Wait()
	stored := make([]xmlrepo.Element, writers*each)
	for i := range stored {
		stored[i] = key(i, "<value>text</value>")
	}
	want(t, o.Direct, stored...)
}

// testWatcherOutage changes the store while the watcher cannot see it.
func testWatcherOutage(t *testing.T, o Outage) {
	w, ok := o.Repo.(xmlrepo.Watcher)
	if !ok {
		t.Skipf("%T is no Watcher", o.Repo)
	}
	changes, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	drain(changes)
	o.Down()
	store(t, o.Direct, key(1, ""))
	drain(changes)
	o.Up()
	wait(t, changes, "of what was stored during an outage")
	drain(changes)
	o.Cut()
	store(t, o.Direct, key(2, ""))
	wait(t, changes, "of what was stored while the connection broke")
	drain(changes)
	store(t, o.Direct, key(3, ""))
	wait(t, changes, "after all that")
}

// persist repeats a store until it succeeds or finds that it has succeeded.
func persist(t *testing.T, call string, do func() error) {
	t.Helper()
	var err error
	for range patience / (50 * time.Millisecond) {
		if err = do(); err == nil || errors.Is(err, xmlrepo.ErrExist) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%s still fails: %v", call, err)
}
