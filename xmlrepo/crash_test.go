//go:build unix

package xmlrepo

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var rounds = flag.Int("rounds", 200, "how many processes TestDirSurvivesKilling kills")

// storm is the child's part: it stores one element after the other, and says so
// on standard output as soon as Store has returned.
func storm(path string) {
	d, err := NewDir(path, DirOptions{})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("ready")
	for i := 0; ; i++ {
		name := fmt.Sprintf("key-%d-%d", os.Getpid(), i)
		if err := d.Store(context.Background(), Element{Name: name, XML: stormXML(name)}); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println("stored", name)
	}
}

// stormXML fills several pages, so that a file cut short would show.
func stormXML(name string) []byte {
	return []byte("<key name=\"" + name + "\">" + strings.Repeat("<value>text</value>", 500) + "</key>")
}

// A process that stores is killed at a random moment, again and again. Whenever
// that is, the directory loads, everything the process has acknowledged is
// there and whole, and at most one temporary file is left.
func TestDirSurvivesKilling(t *testing.T) {
	const lanes = 4 // most of the time goes into waiting for the disk
	var sum toll
	t.Cleanup(func() {
		t.Logf("%d rounds: %d elements acknowledged, %d finished without, %d temporary files left, %d directories without an element",
			*rounds, sum.acknowledged.Load(), sum.unacknowledged.Load(), sum.temps.Load(), sum.empty.Load())
	})
	for lane := range lanes {
		t.Run(fmt.Sprint("lane", lane), func(t *testing.T) {
			t.Parallel()
			for i := lane; i < *rounds; i += lanes {
				path := filepath.Join(t.TempDir(), "new", "keys")
				inspect(t, path, killed(t, path), &sum)
				if err := os.RemoveAll(filepath.Dir(path)); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// toll counts what the killed processes have left.
type toll struct{ acknowledged, unacknowledged, temps, empty atomic.Int64 }

// inspect looks at a directory whose writer was killed after it had
// acknowledged these names.
func inspect(t *testing.T, path string, names []string, sum *toll) {
	t.Helper()
	d, err := NewDir(path, DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := d.Elements(t.Context())
	if err != nil {
		t.Fatalf("after the kill: %v", err)
	}
	found := make(map[string]bool, len(list))
	for _, e := range list {
		found[e.Name] = true
		if string(e.XML) != string(stormXML(e.Name)) {
			t.Fatalf("after the kill element %q is not whole: %d bytes", e.Name, len(e.XML))
		}
	}
	for _, name := range names {
		if !found[name] {
			t.Fatalf("element %q was acknowledged, and is not there", name)
		}
	}
	// One Store was under way: it may have added an element, not more.
	extra := len(list) - len(names)
	if extra > 1 {
		t.Fatalf("%d elements, but %d acknowledged", len(list), len(names))
	}
	sum.acknowledged.Add(int64(len(names)))
	sum.unacknowledged.Add(int64(extra))
	if len(list) == 0 {
		sum.empty.Add(1)
	}
	left, err := filepath.Glob(filepath.Join(path, ".*"))
	if err != nil || len(left) > 1 {
		t.Fatalf("the directory holds %q besides the elements", left)
	}
	sum.temps.Add(int64(len(left)))
}

// killed lets a child store into path, kills it, and returns what it said it
// has stored.
func killed(t *testing.T, path string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], path)
	cmd.Env = append(os.Environ(), childVar+"=storm")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The moment is counted in elements first, because a disk may be slow, and
	// then in time, because a Store has many moments.
	var names []string
	moment := rand.N(5)
	last := time.Now()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "ready":
			last = time.Now()
		case "stored":
			names = append(names, rest)
		default:
			t.Errorf("the child says %q", lines.Text())
		}
		if len(names) == moment {
			took := max(time.Since(last), 2*time.Millisecond)
			time.AfterFunc(rand.N(2*took), func() { cmd.Process.Kill() })
		}
		last = time.Now()
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	return names
}
