package repotest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"dataprotection.example/xmlrepo"
)

// raceForOneName lets many goroutines store different elements under one name,
// half of them through a and half through b. Exactly one may succeed, and it is
// its element that everybody reads.
func raceForOneName(t *testing.T, a, b xmlrepo.Repository) {
	const writers = 32
	for round := range 5 {
		winners := make(chan string, writers)
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				repo := a
				if i%2 == 1 {
					repo = b
				}
				e := key(round, fmt.Sprintf("<writer n=\"%d\" />", i))
				<-start
				err := repo.Store(t.Context(), e)
				switch {
				case err == nil:
					winners <- string(e.XML)
				case !errors.Is(err, xmlrepo.ErrExist):
					t.Errorf("Store by one of many writers: %v, want nil or ErrExist", err)
				}
			})
		}
		close(start)
		wg.Wait()
		close(winners)
		if n := len(winners); n != 1 {
			t.Fatalf("%d of %d writers of one name succeeded, want exactly one", n, writers)
		}
		won := <-winners
		for _, repo := range []xmlrepo.Repository{a, b} {
			if got := elements(t, repo)[key(round, "").Name]; got != won {
				t.Errorf("element = %s, want that of the writer who succeeded, %s", got, won)
			}
		}
	}
}

// raceToReplace lets two replace one element by different ones, again and again,
// while others read. What is read is always whole; what is left was put there by
// one who succeeded.
func raceToReplace(t *testing.T, a, b xmlrepo.Repository) {
	ra, rb := replacer(t, a), replacer(t, b)
	old := key(1, "<old />")
	store(t, a, old)
	for round := range 20 {
		withs := []xmlrepo.Element{key(1, fmt.Sprintf("<a n=\"%d\" />", round)), key(1, fmt.Sprintf("<b n=\"%d\" />", round))}
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for i, r := range []xmlrepo.Replacer{ra, rb} {
			wg.Go(func() { errs[i] = r.Replace(t.Context(), old, withs[i]) })
		}
		wg.Go(func() {
			got := elements(t, b)[old.Name]
			if got != string(old.XML) && got != string(withs[0].XML) && got != string(withs[1].XML) {
				t.Errorf("element = %s while it is replaced", got)
			}
		})
		wg.Wait()
		left := elements(t, a)[old.Name]
		found := false
		for i, err := range errs {
			switch {
			case err == nil && left == string(withs[i].XML):
				old, found = withs[i], true
			case err != nil && !errors.Is(err, xmlrepo.ErrChanged):
				t.Errorf("Replace by one of two: %v, want nil or ErrChanged", err)
			}
		}
		if !found {
			t.Fatalf("element = %s, and the two who replaced it got %v and %v", left, errs[0], errs[1])
		}
	}
}

// readWhileWriting reads through b while a is written to. Every read succeeds,
// holds only whole elements, and all those whose Store returned before it began.
func readWhileWriting(t *testing.T, a, b xmlrepo.Repository) {
	const writers, each = 4, 25
	const content = "<value>text</value>"
	var acknowledged sync.Map
	var writing, reading sync.WaitGroup
	var done atomic.Bool
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				e := key(each*w+i, content)
				if err := a.Store(t.Context(), e); err != nil {
					t.Error(err)
					return
				}
				acknowledged.Store(e.Name, true)
			}
		})
	}
	for range 2 {
		reading.Go(func() {
			for last := false; !last; {
				last = done.Load() // read once more after the last writer
				var before []string
				acknowledged.Range(func(name, _ any) bool {
					before = append(before, name.(string))
					return true
				})
				list, err := b.Elements(t.Context())
				if err != nil {
					t.Errorf("Elements while another writes: %v", err)
					return
				}
				found := make(map[string]bool, len(list))
				for _, e := range list {
					found[e.Name] = true
					if id := strings.TrimPrefix(e.Name, "key-"); string(e.XML) != `<key id="`+id+`" version="1">`+content+`</key>` {
						t.Errorf("element %q = %s while another writes", e.Name, e.XML)
					}
				}
				for _, name := range before {
					if !found[name] {
						t.Errorf("element %q is missing, although it was stored before the read began", name)
					}
				}
			}
		})
	}
	writing.Wait()
	done.Store(true)
	reading.Wait()
}
