//go:build unix

package atrest_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/xmlrepo"
)

var rounds = flag.Int("rounds", 200, "how many processes TestRewrapSurvivesKilling kills")

// Some tests need a process of their own, and run this binary again to have it.
// The variable says which ring it rewraps.
const childVar = "ATREST_TEST_RING"

// TestRewrapInChild rewraps a ring, says so at each step, and is killed on the
// way.
func TestRewrapInChild(t *testing.T) {
	path := os.Getenv(childVar)
	if path == "" {
		t.Skip("TestRewrapSurvivesKilling runs this one in a process of its own")
	}
	repo := newDir(t, path)
	old, fresh := recorded(t, "rsa2048"), recorded(t, "other3072")
	m := newManager(t, speaker{repo}, keyring.Options{Decryptors: decryptors(t, old)})
	fmt.Println("ready")
	result, err := m.Rewrap(t.Context(), keyring.RewrapOptions{
		Encryptor: encryptor(t, fresh), Decryptors: decryptors(t, fresh),
		Backup: newDir(t, path+".backup"),
	})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("done", len(result.Rewrapped))
}

// speaker says when it has replaced something.
type speaker struct{ *xmlrepo.Dir }

func (s speaker) Replace(ctx context.Context, old, with xmlrepo.Element) error {
	err := s.Dir.Replace(ctx, old, with)
	fmt.Println("replaced")
	return err
}

// tally counts what the killed processes had done.
type tally struct{ untouched, partly, finished, leftovers atomic.Int64 }

// A process that rewraps is killed at a random moment, again and again, and the
// same ring is rewrapped, with the same backup, until one process comes through.
// Whenever that was, the ring is good: every key is there, is the same key, and
// opens with the one certificate or the other. The backup is the ring before it
// all.
func TestRewrapSurvivesKilling(t *testing.T) {
	const lanes = 2
	const telling = 50 // rounds, of which some must have been in the middle
	var sum tally
	t.Cleanup(func() {
		t.Logf("%d rounds: %d rings untouched, %d in the middle, %d finished; %d temporary files left",
			*rounds, sum.untouched.Load(), sum.partly.Load(), sum.finished.Load(), sum.leftovers.Load())
		if *rounds >= telling && sum.partly.Load() == 0 && !t.Failed() {
			t.Error("no process was killed in the middle")
		}
	})
	for lane := range lanes {
		t.Run(fmt.Sprint("lane", lane), func(t *testing.T) {
			t.Parallel()
			for i := lane; i < *rounds; {
				i += lanes * killRing(t, &sum, (*rounds-i+lanes-1)/lanes)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// killRing makes a ring and kills processes that rewrap it, at most so many. It
// returns how many that were.
func killRing(t *testing.T, sum *tally, most int) (kills int) {
	t.Helper()
	old := recorded(t, "rsa2048")
	folder := t.TempDir()
	repo := newDir(t, filepath.Join(folder, "ring"))
	create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, old)}))
	create(t, newManager(t, repo, keyring.Options{AllowUnencryptedKeys: true}))
	store(t, repo, "whole", plainKey("<masterKey>"+value+"</masterKey>"))
	for i := range 4 {
		store(t, repo, fmt.Sprint("another", i), plainKey("<masterKey>"+value+"</masterKey>"))
	}
	both := keyring.Options{Decryptors: decryptors(t, old, recorded(t, "other3072"))}
	before, stored := keysOf(t, repo, both), contents(t, repo)
	for kills < most {
		finished := killed(t, repo)
		kills++
		after := keysOf(t, repo, both)
		if len(after) != len(before) {
			t.Fatalf("%d keys instead of %d", len(after), len(before))
		}
		for id, k := range before {
			same(t, k, after[id])
		}
		under := underNew(t, repo)
		switch {
		case under == 0:
			sum.untouched.Add(1)
		case under < len(before):
			sum.partly.Add(1)
		default:
			sum.finished.Add(1)
		}
		left, err := filepath.Glob(filepath.Join(repo.Path(), ".*"))
		if err != nil {
			t.Fatal(err)
		}
		sum.leftovers.Add(int64(len(left)))
		if under == len(before) {
			checkBackup(t, repo, stored)
			return kills
		}
		if finished {
			t.Fatalf("a process said that it had finished, and %d keys of %d are under the new certificate", under, len(before))
		}
	}
	return kills
}

// underNew returns how many keys name the new certificate.
func underNew(t *testing.T, repo *xmlrepo.Dir) int {
	t.Helper()
	n := 0
	for _, xml := range contents(t, repo) {
		secrets, err := keyring.EncryptedSecrets([]byte(xml))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range secrets {
			if c := atrest.Describe(s).Certificates; len(c) == 1 && c[0].Equal(recorded(t, "other3072").Certificate()) {
				n++
			}
		}
	}
	return n
}

// checkBackup checks that the backup is the whole ring as it was.
func checkBackup(t *testing.T, repo *xmlrepo.Dir, before map[string]string) {
	t.Helper()
	if kept := contents(t, newDir(t, repo.Path()+".backup")); !maps.Equal(kept, before) {
		t.Errorf("the backup is %q, and the ring was %q", kept, before)
	}
}

// killed lets a process rewrap the ring and kills it. It returns whether that
// was too late.
func killed(t *testing.T, repo *xmlrepo.Dir) (finished bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRewrapInChild$")
	cmd.Env = append(os.Environ(), childVar+"="+repo.Path())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The moment is counted in replaced keys first, because a disk may be slow,
	// and then in time, because a replacement has many moments.
	steps, moment := -1, rand.N(5)
	last := time.Now()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		switch word, _, _ := strings.Cut(lines.Text(), " "); word {
		case "ready", "replaced":
			steps++
			if steps == moment {
				took := max(time.Since(last), 500*time.Microsecond)
				time.AfterFunc(rand.N(2*took), func() { cmd.Process.Kill() })
			}
			last = time.Now()
		case "done":
			finished = true
		case "---", "FAIL", "panic:":
			t.Errorf("the child says %q", lines.Text())
		}
	}
	_ = cmd.Wait() // killed, in general
	return finished
}
