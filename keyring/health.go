package keyring

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// Health is how an open ring is.
type Health struct {
	// Ready: there is a key to protect with.
	Ready bool `json:"ready"`
	// TakenAt is the time of the present snapshot.
	TakenAt time.Time `json:"takenAt"`
	// Err is why the last load failed, nil if it did not. The ring goes on
	// with the snapshot it has. Findings say it too.
	Err error `json:"-"`
	// Findings are the things about the ring that somebody should know, the
	// worst first. They name files and keys: not for everybody's eyes.
	Findings []Finding `json:"findings"`
}

// Health returns how the ring is. It does no I/O.
func (r *Ring) Health() Health {
	r.healthMu.Lock()
	defer r.healthMu.Unlock()
	h := r.health
	h.Findings = slices.Clone(h.Findings)
	return h
}

// findings examines what s was made of, and the key that protects.
func (r *Ring) findings(s *Snapshot) []Finding {
	now, policy := r.opts.Now(), r.opts.policy()
	resolution := policy.Resolve(now, s.keys)
	if resolution.Default == nil {
		resolution.Fallback = nil
		if s.current >= 0 {
			resolution.Fallback = &s.keys[s.current]
		}
	}
	return r.opts.findings(now, s.from, policy, resolution)
}

// report files the outcome of a load and logs what has changed by it.
func (r *Ring) report(ctx context.Context, err error) {
	s := r.Snapshot()
	if s == nil {
		return // Open failed, and returns the error
	}
	_, noDefault := s.DefaultKey()
	h := Health{Ready: noDefault == nil, TakenAt: s.TakenAt(), Err: err}
	h.Findings = r.findings(s)
	if err != nil {
		h.Findings = append(h.Findings, FindingOf(err))
		SortFindings(h.Findings)
	}
	r.healthMu.Lock()
	before := r.health
	r.health = h
	r.healthMu.Unlock()
	told := slices.Clone(before.Findings)
	switch {
	case err != nil && before.Err == nil:
		r.tell(ctx, Event{Time: r.opts.Now(), Kind: EventRingFailed, Err: err})
		told = append(told, FindingOf(err))
	case err == nil && before.Err != nil:
		r.tell(ctx, Event{Time: r.opts.Now(), Kind: EventRingRecovered})
	}
	for _, f := range h.Findings {
		if !slices.ContainsFunc(told, f.same) {
			level := f.Level.slog()
			if f.Code == CodeUnencryptedKeys {
				level = slog.LevelWarn // nothing ails the ring, and yet somebody should decide
			}
			r.opts.Logger.Log(ctx, level, f.Message, slog.String("event", "ring.finding"),
				slog.String("code", string(f.Code)), slog.String("file", f.File))
		}
	}
}
