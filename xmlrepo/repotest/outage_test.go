package repotest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/repotest"
)

// outageFaults are ways in which a store can fail to notice that it is cut off.
var outageFaults = map[string]string{
	"takes silence for emptiness": "Down",
	"stores into the void":        "Down",
	"finds everything taken":      "Down",
	"forgets what broke off":      "Cuts",
}

func TestRunOutageFindsFaults(t *testing.T) {
	for fault, test := range outageFaults {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDark$/^"+test+"$", "-test.v")
			cmd.Env = append(os.Environ(), brokenVar+"="+fault)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestDark/"+test+" ") {
				t.Errorf("%s did not fail: %v\n%s", test, err, out)
			}
		})
	}
}

// TestDark is for TestRunOutageFindsFaults. Without a fault the store is sound.
func TestDark(t *testing.T) {
	repotest.RunOutage(t, func(t *testing.T) repotest.Outage {
		sound := xmlrepo.NewMemory()
		d := &dark{fault: os.Getenv(brokenVar), sound: sound, told: make(chan struct{}, 1)}
		return repotest.Outage{
			Repo:   d,
			Direct: sound,
			Cut:    func() { d.set(func() { d.cut = true }) },
			Down:   func() { d.set(func() { d.down = true }) },
			Up:     func() { d.set(func() { d.down = false }); d.tell() },
		}
	})
}

// dark is a memory that can be cut off.
type dark struct {
	fault string
	sound *xmlrepo.Memory
	told  chan struct{}

	mu     sync.Mutex
	down   bool
	cut    bool
	stores int
}

var errDark = errors.New("cut off")

func (d *dark) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// off reports whether the store is cut off, or is so for this one call.
func (d *dark) off() (down, cut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	cut, d.cut = d.cut, false
	return d.down, cut
}

func (d *dark) tell() {
	select {
	case d.told <- struct{}{}:
	default:
	}
}

func (d *dark) Elements(ctx context.Context) ([]xmlrepo.Element, error) {
	switch down, cut := d.off(); {
	case down && d.fault == "takes silence for emptiness":
		return nil, nil
	case down || cut:
		return nil, errDark
	}
	return d.sound.Elements(ctx)
}

func (d *dark) Store(ctx context.Context, e xmlrepo.Element) error {
	tenth := false
	d.set(func() { d.stores++; tenth = d.stores%10 == 0 })
	switch down, cut := d.off(); {
	case down && d.fault == "stores into the void", tenth && d.fault == "forgets what broke off":
		return nil
	case down && d.fault == "finds everything taken":
		return xmlrepo.ErrExist
	case down || cut:
		return errDark
	}
	return d.sound.Store(ctx, e)
}

func (d *dark) Watch(ctx context.Context) (<-chan struct{}, error) {
	changes, err := d.sound.Watch(ctx)
	if err != nil {
		return nil, err
	}
	out := make(chan struct{}, 1)
	go func() {
		defer close(out)
		for {
			select {
			case _, ok := <-changes:
				if !ok {
					return
				}
				if down, _ := d.off(); down {
					continue
				}
			case <-d.told:
			}
			select {
			case out <- struct{}{}:
			default:
			}
		}
	}()
	return out, nil
}
