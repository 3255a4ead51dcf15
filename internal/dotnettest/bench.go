package dotnettest

import (
	"context"
	"time"
)

// Operation is what [Protector.Bench] repeats.
type Operation string

// The operations of IDataProtector, on bytes and on strings.
const (
	Protect         Operation = "protect"
	Unprotect       Operation = "unprotect"
	ProtectString   Operation = "protectString"
	UnprotectString Operation = "unprotectString"
)

// Speed is what one operation costs, on average.
type Speed struct {
	Operations int64         // repeated so often
	Time       time.Duration // all of them
	PerOp      float64       // nanoseconds
	BytesPerOp float64       // allocated by the thread
}

// Bench repeats an operation on size bytes of plaintext for about d, after
// warming up. Give it the machine: nothing else should run.
func (p *Protector) Bench(operation Operation, size int, warmup, d time.Duration) (Speed, error) {
	if p.ring.err != nil {
		return Speed{}, p.ring.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), Timeout+warmup+d)
	defer cancel()
	var result struct {
		Operations              int64
		NanosecondsPerOperation float64
		BytesPerOperation       float64
	}
	err := p.ring.peer.Ask(ctx, "bench", map[string]any{
		"handle":   p.ring.handle,
		"purposes": p.purposes,
		"op":       operation,
		"size":     size,
		"warmup":   warmup.Seconds(),
		"seconds":  d.Seconds(),
	}, &result)
	return Speed{
		Operations: result.Operations,
		Time:       time.Duration(result.NanosecondsPerOperation * float64(result.Operations)),
		PerOp:      result.NanosecondsPerOperation,
		BytesPerOp: result.BytesPerOperation,
	}, err
}

// OpenCost is what a fresh provider costs until its first payload.
type OpenCost struct {
	Time           time.Duration
	AllocatedBytes int64 // by the whole process
	RetainedBytes  int64 // more in use after a collection than before
}

// BenchOpen configures a fresh Data Protection over dir and protects once, which
// reads the whole ring. The first of a process also compiles the code: ask twice.
func (p *Peer) BenchOpen(dir string, options RingOptions) (OpenCost, error) {
	args := struct {
		Dir string `json:"dir"`
		RingOptions
	}{dir, options}
	var result struct {
		Nanoseconds    float64
		AllocatedBytes int64
		RetainedBytes  int64
	}
	err := p.ask("benchOpen", args, &result)
	return OpenCost{time.Duration(result.Nanoseconds), result.AllocatedBytes, result.RetainedBytes}, err
}
