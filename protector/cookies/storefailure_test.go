package cookies_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
)

var errBroken = errors.New("no connection")

// fickleStore is a store that fails where it is told to, gives the keys that it
// is told to, heeds its context and remembers what it was asked.
type fickleStore struct {
	*memoryStore
	failing string // the method that fails
	key     *string
	during  func() // called by Store
	asked   []string
}

func newFickleStore() *fickleStore { return &fickleStore{memoryStore: newMemoryStore()} }

func (f *fickleStore) ask(ctx context.Context, method string) error {
	f.asked = append(f.asked, method)
	if f.failing == method {
		return errBroken
	}
	return ctx.Err()
}

func (f *fickleStore) Store(ctx context.Context, t *authticket.Ticket) (string, error) {
	if err := f.ask(ctx, "Store"); err != nil {
		return "", err
	}
	if f.during != nil {
		f.during()
	}
	if f.key != nil {
		data, err := t.MarshalBinary()
		f.tickets[*f.key] = data
		return *f.key, err
	}
	return f.memoryStore.Store(ctx, t)
}

func (f *fickleStore) Renew(ctx context.Context, key string, t *authticket.Ticket) error {
	if err := f.ask(ctx, "Renew"); err != nil {
		return err
	}
	return f.memoryStore.Renew(ctx, key, t)
}

func (f *fickleStore) Retrieve(ctx context.Context, key string) (*authticket.Ticket, error) {
	if err := f.ask(ctx, "Retrieve"); err != nil {
		return nil, err
	}
	return f.memoryStore.Retrieve(ctx, key)
}

func (f *fickleStore) Remove(ctx context.Context, key string) error {
	if err := f.ask(ctx, "Remove"); err != nil {
		return err
	}
	return f.memoryStore.Remove(ctx, key)
}

func TestSignInThatFailsLeavesNoSession(t *testing.T) {
	store := newFickleStore()
	s := newSite(t, cookies.Options{Store: store})
	before := setBy(s.signIn(bob()))
	tight := newSiteOver(t, s.provider, cookies.Options{Store: store, MaxSize: len(before[0])}) // takes the cookie, and none for more than bob
	none, long := "", string(make([]byte, 1000))
	for name, test := range map[string]struct {
		store   string
		key     *string
		want    error // nil: any
		tickets int
	}{
		"store":         {store: "Store", want: errBroken, tickets: 1},
		"no key":        {key: &none, tickets: 2}, // what has no key cannot be removed
		"cookie":        {key: &long, want: cookies.ErrTooLarge, tickets: 1},
		"cookie, store": {key: &long, store: "Remove", want: errBroken, tickets: 2},
	} {
		store.failing, store.key = test.store, test.key
		w := httptest.NewRecorder()
		err := tight.SignIn(w, sent(before...), bob())
		if err == nil || test.want != nil && !errors.Is(err, test.want) || len(w.Header()) != 0 || len(store.tickets) != test.tickets {
			t.Errorf("%s: %v, %q, %d tickets", name, err, w.Header(), len(store.tickets))
		}
		store.failing, store.key = "", nil
		if seen, _ := s.visit(before); seen == nil {
			t.Errorf("%s: whoever was signed in before is not any more: %v", name, s.errors)
		}
		delete(store.tickets, none)
		delete(store.tickets, long)
	}
}

// A store that keeps one session for everybody is not left without it.
func TestStoresThatGiveAKeyAgain(t *testing.T) {
	store := newFickleStore()
	store.key = new(string)
	*store.key = "bob's"
	s := newSite(t, cookies.Options{Store: store})
	lines := setBy(s.signIn(bob()))
	lines = setBy(s.signIn(bob(), lines...))
	if seen, _ := s.visit(lines); seen == nil || slices.Contains(store.asked, "Remove") {
		t.Errorf("%v, asked to %q", s.errors, store.asked)
	}
}

// That the session from before stays in the store keeps nobody out.
func TestSessionsFromBeforeThatStay(t *testing.T) {
	store := newFickleStore()
	s := newSite(t, cookies.Options{Store: store})
	lines := setBy(s.signIn(bob()))
	store.failing = "Remove"
	if lines = setBy(s.signIn(bob(), lines...)); !errors.Is(errors.Join(s.errors...), errBroken) {
		t.Errorf("reported %v", s.errors)
	}
	if seen, _ := s.visit(lines); seen == nil {
		t.Errorf("%v", s.errors)
	}
}

func TestSignOutOverAFailingStore(t *testing.T) {
	for failing, test := range map[string]struct {
		want    error
		tickets int
	}{
		"Remove":   {errBroken, 1},
		"Retrieve": {nil, 0}, // nobody needs to know who signs out
	} {
		store := newFickleStore()
		s := newSite(t, cookies.Options{Store: store})
		lines := setBy(s.signIn(bob()))
		store.failing = failing
		w := httptest.NewRecorder()
		if err := s.SignOut(w, sent(lines...)); !errors.Is(err, test.want) || len(store.tickets) != test.tickets || len(setBy(w.Header())) != 1 {
			t.Errorf("%s: %v, %d tickets, %q", failing, err, len(store.tickets), w.Header())
		}
	}
}

// Middleware tells OnError what it does not stop for.
func TestMiddlewareReportsFailingStores(t *testing.T) {
	for name, test := range map[string]struct {
		failing  string
		age      time.Duration
		validate func(*http.Request, *cookies.Session) error
		want     []error
		seen     bool
		cookies  int
	}{
		"renewing":    {failing: "Renew", age: 8 * 24 * time.Hour, want: []error{errBroken}, seen: true},
		"signing out": {failing: "Remove", validate: func(*http.Request, *cookies.Session) error { return cookies.ErrRejected }, want: []error{cookies.ErrRejected, errBroken}, cookies: 1},
	} {
		store := newFickleStore()
		s := newSite(t, cookies.Options{Store: store, Validate: test.validate})
		lines := setBy(s.signIn(bob()))
		s.now = start.Add(test.age)
		store.failing = test.failing
		seen, h := s.visit(lines)
		if (seen != nil) != test.seen || len(setBy(h)) != test.cookies || (len(h) > 0) != (test.cookies > 0) || !slices.EqualFunc(s.errors, test.want, errors.Is) {
			t.Errorf("%s: %v, %q, reported %v", name, seen, h, s.errors)
		}
	}
}

// A new key for the cookie is no news for the store.
func TestMigrationLeavesTheStore(t *testing.T) {
	store := newFickleStore()
	s := newSite(t, cookies.Options{Store: store, Validate: func(_ *http.Request, session *cookies.Session) error {
		session.RequiresMigration = true
		return nil
	}})
	lines := setBy(s.signIn(bob()))
	store.asked = nil
	if seen, h := s.visit(lines); seen == nil || len(setBy(h)) != 1 || !slices.Equal(store.asked, []string{"Retrieve"}) {
		t.Errorf("%v, %q, asked to %q", seen, h, store.asked)
	}
}

// A browser that goes away leaves no sign-in and no sign-out half done.
func TestBrowsersThatGoAway(t *testing.T) {
	store := newFickleStore()
	s := newSite(t, cookies.Options{Store: store})
	before := setBy(s.signIn(bob()))
	ctx, cancel := context.WithCancel(t.Context())
	store.during = cancel
	w := httptest.NewRecorder()
	if err := s.SignIn(w, sent(before...).WithContext(ctx), bob()); err != nil || len(s.errors) > 0 {
		t.Fatalf("%v, %v", err, s.errors)
	}
	after := setBy(w.Header())
	if seen, _ := s.visit(after); seen == nil || len(store.tickets) != 1 {
		t.Errorf("%v, %d tickets", s.errors, len(store.tickets))
	}
	if err := s.SignOut(httptest.NewRecorder(), sent(after...).WithContext(ctx)); err != nil || len(store.tickets) != 0 {
		t.Errorf("%v, %d tickets", err, len(store.tickets))
	}

	// One that has gone before is not signed in at all.
	w = httptest.NewRecorder()
	if err := s.SignIn(w, sent().WithContext(ctx), bob()); !errors.Is(err, context.Canceled) || len(w.Header()) != 0 || len(store.tickets) != 0 {
		t.Errorf("%v, %q, %d tickets", err, w.Header(), len(store.tickets))
	}
}
