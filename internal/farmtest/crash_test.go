package farmtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// crashVariable makes the test program create and revoke keys without end in
// the directory that it names, and say so after each.
const crashVariable = "FARMTEST_CRASH"

func runUntilKilled(path string) error {
	ctx := context.Background()
	dir, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{})
	if err != nil {
		return err
	}
	manager, err := keyring.NewManager(dir, keyring.Options{})
	if err != nil {
		return err
	}
	for {
		k, err := manager.CreateKey(ctx, keyring.NewKeyOptions{})
		if err != nil {
			return err
		}
		fmt.Println("created", k.ID)
		if _, err := manager.RevokeKey(ctx, k.ID, "crash"); err != nil {
			return err
		}
		fmt.Println("revoked", k.ID)
	}
}

// A process is killed at any moment while it creates and revokes. The directory
// always loads, everything that was acknowledged is there, and no more than one
// temporary file is left.
func TestCrash(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	created, revoked, temps := 0, 0, 0
	for range *rounds {
		path := filepath.Join(t.TempDir(), "ring")
		acknowledged := killed(t, program, path)
		dir, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{})
		if err != nil {
			t.Fatal(err)
		}
		manager, err := keyring.NewManager(dir, keyring.Options{})
		if err != nil {
			t.Fatal(err)
		}
		keys, err := manager.Keys(t.Context())
		if err != nil {
			t.Fatalf("the directory does not load: %v", err)
		}
		state := map[string]keyring.Key{}
		for _, k := range keys {
			state[k.ID.String()] = k
		}
		for _, line := range acknowledged {
			verb, id, _ := strings.Cut(line, " ")
			k, ok := state[id]
			if !ok || verb == "revoked" && !k.Revoked {
				t.Errorf("%q was acknowledged; in the ring: %v, revoked: %v", line, ok, k.Revoked)
			}
			if verb == "revoked" {
				revoked++
			} else {
				created++
			}
		}
		left, err := filepath.Glob(filepath.Join(path, ".*.tmp"))
		if err != nil {
			t.Fatal(err)
		}
		if len(left) > 1 {
			t.Errorf("%d temporary files are left", len(left))
		}
		temps += len(left)
	}
	t.Logf("%d processes killed: %d keys and %d revocations acknowledged, all there; %d temporary files left", *rounds, created, revoked, temps)
	if created == 0 {
		t.Error("nothing was acknowledged: the test has tested nothing")
	}
}

// killed runs the child for a moment and returns the whole lines it wrote.
func killed(t *testing.T, program, path string) []string {
	t.Helper()
	child := exec.Command(program)
	child.Env = append(os.Environ(), crashVariable+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond+rand.N(40*time.Millisecond), func() { _ = child.Process.Kill() })
	var lines []string
	for in := bufio.NewReader(out); ; {
		line, err := in.ReadString('\n')
		if err == io.EOF {
			break // and what is cut off was not acknowledged
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	_ = child.Wait()
	return lines
}
