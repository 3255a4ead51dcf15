// Package health shows over HTTP whether a key ring works, for load balancers
// and orchestrators.
//
// What it tells is safe to show to anybody: no paths, no key ids, no error
// texts. Those are in the ring's log, in keyring.Ring.Health and in what keyctl
// prints.
package health

import (
	"encoding/json"
	"net/http"
	"time"

	"dataprotection.example/keyring"
)

// Status is the body of an answer, as JSON.
type Status struct {
	// Status is "ok", "degraded" or "unavailable".
	Status string `json:"status"`
	// Ready: payloads can be protected. Reading old ones may work even if not.
	Ready bool `json:"ready"`
	// Refreshing: the last attempt to read the store succeeded.
	Refreshing bool `json:"refreshing"`
	// SnapshotAge is in seconds, since the ring in use was read.
	SnapshotAge int64 `json:"snapshotAgeSeconds"`
	// Findings are the codes of what is the matter, the worst first.
	Findings []Finding `json:"findings"`
}

// Finding is a keyring.Finding without what it is about.
type Finding struct {
	Level string `json:"level"`
	Code  string `json:"code"`
}

// Handler answers GET and HEAD with the health of ring: 200 with a [Status]
// whose Status is "ok", or "degraded" where the ring works but somebody should
// look at it; 503 and "unavailable" where it cannot protect. It does no I/O on
// the store, so it may be asked often. Answers are not to be cached.
func Handler(ring *keyring.Ring) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodGet && req.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		status, code := statusOf(ring)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(code)
		if req.Method == http.MethodGet {
			_ = json.NewEncoder(w).Encode(status) // the client has gone
		}
	})
}

func statusOf(ring *keyring.Ring) (Status, int) {
	h := ring.Health()
	s := Status{
		Status:      "ok",
		Ready:       h.Ready,
		Refreshing:  h.Err == nil,
		SnapshotAge: int64(ring.Metrics().SnapshotAge / time.Second),
		Findings:    []Finding{},
	}
	for _, f := range h.Findings {
		s.Findings = append(s.Findings, Finding{f.Level.String(), string(f.Code)})
		if f.Level >= keyring.LevelWarning {
			s.Status = "degraded"
		}
	}
	if h.Err != nil {
		s.Status = "degraded"
	}
	if !h.Ready {
		s.Status = "unavailable"
		return s, http.StatusServiceUnavailable
	}
	return s, http.StatusOK
}
