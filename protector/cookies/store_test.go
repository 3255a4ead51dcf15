package cookies_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
)

// memoryStore keeps tickets as bytes, as a shared store would.
type memoryStore struct {
	mu      sync.Mutex
	last    int
	tickets map[string][]byte
	err     error // of every method
}

func newMemoryStore() *memoryStore { return &memoryStore{tickets: map[string][]byte{}} }

func (m *memoryStore) Store(_ context.Context, t *authticket.Ticket) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, err := t.MarshalBinary()
	m.last++
	key := fmt.Sprintf("key-%d", m.last)
	m.tickets[key] = data
	return key, errors.Join(err, m.err)
}

func (m *memoryStore) Renew(_ context.Context, key string, t *authticket.Ticket) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, err := t.MarshalBinary()
	if _, ok := m.tickets[key]; ok {
		m.tickets[key] = data
	}
	return errors.Join(err, m.err)
}

func (m *memoryStore) Retrieve(_ context.Context, key string) (*authticket.Ticket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.tickets[key]
	if !ok || m.err != nil {
		return nil, m.err
	}
	t := new(authticket.Ticket)
	return t, t.UnmarshalBinary(data)
}

func (m *memoryStore) Remove(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tickets, key)
	return m.err
}

func TestStoredTickets(t *testing.T) {
	store := newMemoryStore()
	s := newSite(t, cookies.Options{Store: store, ExpireTimeSpan: 10 * time.Hour})
	ticket := large(30000)
	ticket.Properties.SetPersistent(true)
	lines := setBy(s.signIn(ticket))
	if len(lines) != 1 || len(lines[0]) > 600 || len(store.tickets) != 1 {
		t.Fatalf("%d cookies, the first has %d characters; %d tickets", len(lines), len(lines[0]), len(store.tickets))
	}
	if seen, h := s.visit(lines); seen == nil || seen.Ticket.Value("large") != ticket.Value("large") || len(h) != 0 {
		t.Fatalf("%v", s.errors)
	}

	// It slides in the store, and the cookie goes out again.
	s.now = start.Add(6 * time.Hour)
	_, h := s.visit(lines)
	if len(setBy(h)) != 1 {
		t.Fatalf("%q", h)
	}
	s.now = start.Add(15 * time.Hour)
	lines = setBy(h)
	if seen, _ := s.visit(lines); seen == nil {
		t.Fatalf("%v", s.errors)
	}

	// A new sign-in has a new key, and the old one is gone.
	renewed := setBy(s.signIn(bob(), lines...))
	if seen, _ := s.visit(lines); seen != nil || len(store.tickets) != 1 {
		t.Errorf("the session from before the sign-in is still there")
	}

	// A copy of the cookie does not outlive the sign-out.
	if err := s.SignOut(httptest.NewRecorder(), sent(renewed...)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(sent(renewed...)); !errors.Is(err, cookies.ErrNoSession) || len(store.tickets) != 0 {
		t.Errorf("%v", err)
	}

	// What has expired is removed.
	lines = setBy(s.signIn(bob()))
	s.now = s.now.Add(11 * time.Hour)
	if _, err := s.Authenticate(sent(lines...)); !errors.Is(err, cookies.ErrExpired) || len(store.tickets) != 0 {
		t.Errorf("%v, %d tickets", err, len(store.tickets))
	}
}

func TestCookiesFromBeforeTheStore(t *testing.T) {
	s := newSite(t, cookies.Options{})
	stored := newSiteOver(t, s.provider, cookies.Options{Store: newMemoryStore()})
	if _, err := stored.Authenticate(sent(setBy(s.signIn(bob()))...)); !errors.Is(err, cookies.ErrNoSession) {
		t.Errorf("%v", err)
	}
	// And a reference without its store is nobody.
	if _, err := s.Authenticate(sent(setBy(stored.signIn(bob()))...)); !errors.Is(err, authticket.ErrNoDate) {
		t.Errorf("%v", err)
	}
}

func TestFailingStores(t *testing.T) {
	broken := errors.New("no connection")
	store := newMemoryStore()
	s := newSite(t, cookies.Options{Store: store})
	lines := setBy(s.signIn(bob()))
	store.err = broken
	w := httptest.NewRecorder()
	if err := s.SignIn(w, sent(), bob()); !errors.Is(err, broken) || len(w.Header()) != 0 {
		t.Errorf("sign-in: %v, %q", err, w.Header())
	}
	if _, err := s.Authenticate(sent(lines...)); !errors.Is(err, broken) {
		t.Errorf("authenticate: %v", err)
	}
	if err := s.SignOut(w, sent(lines...)); len(setBy(w.Header())) != 1 {
		t.Errorf("sign-out: %v, %q", err, w.Header())
	}
}
