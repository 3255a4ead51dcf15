package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// application is the application name that all nodes share.
const application = "webfarm"

type farmOptions struct {
	Ring          string // the key directory
	ReadOnly      bool   // nothing is written to the ring
	WithoutDotnet bool
}

// farm is the front: it keeps the nodes running and the ring in view.
type farm struct {
	opts    farmOptions
	ring    *keyring.Ring
	members []*member
	balance *balancer
	life    context.Context // ends with Close
	end     context.CancelFunc
	page    *pageTemplate

	mu     sync.Mutex
	events []event // the latest last
}

// event is something that happened, for the page.
type event struct {
	At   time.Time
	Text string
}

// openFarm opens the ring, which makes the first key if it may, and starts the
// nodes. Go's are up when it returns; ASP.NET Core takes its time.
func openFarm(ctx context.Context, o farmOptions) (*farm, error) {
	page, err := newPageTemplate()
	if err != nil {
		return nil, err
	}
	dir, err := xmlrepo.NewDir(o.Ring, xmlrepo.DirOptions{})
	if err != nil {
		return nil, err
	}
	f := &farm{opts: o, page: page}
	f.ring, err = keyring.Open(ctx, dir, keyring.Options{
		DisableAutomaticKeyGeneration: o.ReadOnly,
		RequireExistingKeys:           o.ReadOnly,
		OnEvent:                       f.ringEvent,
	})
	if errors.Is(err, keyring.ErrNoKeys) && o.ReadOnly {
		return nil, fmt.Errorf("%w: with DATAPROTECTION_READ_ONLY set, the farm makes none in %s", err, o.Ring)
	}
	if err != nil {
		return nil, err
	}
	f.life, f.end = context.WithCancel(context.WithoutCancel(ctx))
	self, err := os.Executable()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	for i := range 3 {
		name := fmt.Sprintf("go-%d", i+1)
		f.members = append(f.members, newMember(name, "Go", f.note, func(context.Context) (*exec.Cmd, error) {
			return f.nodeCommand(name, exec.Command(self)), nil
		}))
	}
	for _, m := range f.members {
		if err := m.start(ctx); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	if !o.WithoutDotnet {
		f.addDotnet()
	}
	f.balance = &balancer{members: f.members}
	return f, nil
}

// addDotnet adds the node in ASP.NET Core, if there is .NET.
func (f *farm) addDotnet() {
	tools, err := findDotnet()
	if err != nil {
		f.note("no ASP.NET Core node: %v", err)
		return
	}
	m := newMember("aspnet", "ASP.NET Core", f.note, func(ctx context.Context) (*exec.Cmd, error) {
		program, err := tools.build(ctx)
		if err != nil {
			return nil, err
		}
		return f.nodeCommand("aspnet", exec.Command(tools.dotnet, program)), nil
	})
	m.readsOnceADay = true
	f.members = append(f.members, m)
	m.startSoon(f.life)
}

// nodeCommand makes a command a node.
func (f *farm) nodeCommand(name string, c *exec.Cmd) *exec.Cmd {
	config, _ := json.Marshal(nodeConfig{name, application, f.opts.Ring, f.opts.ReadOnly}) // of strings
	c.Env = append(os.Environ(), nodeVariable+"="+string(config))
	c.Stderr = os.Stderr
	return c
}

// Close ends the nodes and the ring, and leaves no process.
func (f *farm) Close() error {
	f.end()
	var all sync.WaitGroup
	for _, m := range f.members {
		all.Go(m.close)
	}
	all.Wait()
	return f.ring.Close()
}

// member returns a node by its name.
func (f *farm) member(name string) (*member, bool) {
	i := slices.IndexFunc(f.members, func(m *member) bool { return m.name == name })
	if i < 0 {
		return nil, false
	}
	return f.members[i], true
}

// ringEvent hears of every change of the ring, whoever made it.
func (f *farm) ringEvent(e keyring.Event) {
	id := short(e.ID.String())
	switch e.Kind {
	case keyring.EventKeyCreated:
		f.note("key %s is in the ring", id)
	case keyring.EventKeyRevoked:
		f.note("key %s is revoked", id)
	case keyring.EventKeyDeleted:
		f.note("key %s has left the ring", id)
	case keyring.EventDefaultChanged:
		f.note("key %s protects from now on", id)
	case keyring.EventRingFailed:
		f.note("the ring cannot be read: %v", e.Err)
	case keyring.EventRingRecovered:
		f.note("the ring can be read again")
	}
}

// note adds to what the page shows of the past.
func (f *farm) note(format string, args ...any) {
	const kept = 8
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, event{time.Now(), fmt.Sprintf(format, args...)})
	f.events = f.events[max(0, len(f.events)-kept):]
}

// past returns what happened, the latest first.
func (f *farm) past() []event {
	f.mu.Lock()
	defer f.mu.Unlock()
	events := slices.Clone(f.events)
	slices.Reverse(events)
	return events
}

// keyctl is the command for this ring, as it is typed where the farm was started.
func (f *farm) keyctl() string {
	ring := f.opts.Ring
	if here, err := os.Getwd(); err == nil {
		if below, err := filepath.Rel(here, ring); err == nil && filepath.IsLocal(below) {
			ring = below
		}
	}
	return "go run ./cmd/keyctl --dir " + ring
}

// short is the beginning of a key's id, as the page shows it.
func short(id string) string { return id[:min(8, len(id))] }
