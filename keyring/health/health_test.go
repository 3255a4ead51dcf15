package health_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/health"
	"dataprotection.example/xmlrepo"
)

func ask(t *testing.T, h http.Handler, method string) (*httptest.ResponseRecorder, health.Status) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, "/health", nil))
	var s health.Status
	if w.Body.Len() > 0 && w.Header().Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
	}
	return w, s
}

// A ring goes from good to degraded to unavailable, and never says where it is
// stored or what its keys are called.
func TestHandler(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	dir, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	opts := keyring.Options{GenerationDelay: -1, AllowUnencryptedKeys: true}
	ring, err := keyring.Open(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	h := health.Handler(ring)
	k, err := ring.Snapshot().DefaultKey()
	if err != nil {
		t.Fatal(err)
	}

	w, s := ask(t, h, http.MethodGet)
	if w.Code != 200 || s.Status != "ok" || !s.Ready || !s.Refreshing || len(s.Findings) != 0 {
		t.Errorf("a good ring: %d %+v", w.Code, s)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}

	if err := os.WriteFile(filepath.Join(path, "broken.xml"), []byte("<key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ring.Refresh(context.Background()); err == nil {
		t.Fatal("a broken file did not fail the refresh")
	}
	w, s = ask(t, h, http.MethodGet)
	if w.Code != 200 || s.Status != "degraded" || !s.Ready || s.Refreshing {
		t.Errorf("a ring that cannot be refreshed: %d %+v", w.Code, s)
	}
	for _, secret := range []string{path, "broken", k.ID.String()} {
		if strings.Contains(w.Body.String(), secret) {
			t.Errorf("the answer tells %q: %s", secret, w.Body)
		}
	}
}

func TestHandlerWithoutADefaultKey(t *testing.T) {
	ring, err := keyring.Open(t.Context(), xmlrepo.NewMemory(), keyring.Options{DisableAutomaticKeyGeneration: true})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	w, s := ask(t, health.Handler(ring), http.MethodGet)
	if w.Code != 503 || s.Status != "unavailable" || s.Ready {
		t.Errorf("%d %+v", w.Code, s)
	}
	if len(s.Findings) != 1 || s.Findings[0] != (health.Finding{Level: "error", Code: "no-default-key"}) {
		t.Errorf("findings %+v", s.Findings)
	}
	if w, _ := ask(t, health.Handler(ring), http.MethodHead); w.Code != 503 || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d, %d bytes", w.Code, w.Body.Len())
	}
	if w, _ := ask(t, health.Handler(ring), http.MethodPost); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}
