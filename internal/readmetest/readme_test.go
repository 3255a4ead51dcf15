package readmetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// clone copies the repository to a new folder called dataprotection, as git
// would, and returns its path.
func clone(t *testing.T) string {
	t.Helper()
	git := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	git.Dir = root
	names, err := git.Output()
	if err != nil {
		t.Skipf("git does not say what belongs to the repository: %v", err)
	}
	to := filepath.Join(t.TempDir(), "dataprotection")
	for name := range strings.SplitSeq(strings.TrimRight(string(names), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// run runs a block in dir as a person would type it, except that the first line
// that fails ends it, and returns what it printed.
func run(t *testing.T, dir, script string) string {
	t.Helper()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("the README's commands are for a POSIX shell")
	}
	command := exec.Command(shell, "-eu")
	command.Stdin = strings.NewReader(script)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOWORK=off")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\nprinted\n%s", err, script, out)
	}
	return string(out)
}

// expect looks for texts in what a block printed, one after the other.
func expect(t *testing.T, printed string, texts ...string) {
	t.Helper()
	rest := printed
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			t.Fatalf("%q does not follow in\n%s", text, printed)
		}
		rest = after
	}
}

// The two commands of a stranger. The second one runs this test, so that it is
// not run here.
func TestTheTwoCommands(t *testing.T) {
	t.Parallel()
	all := blocks(t, "README.md")
	if first, second := all[0], all[1]; first.text != "go run ./examples/quickstart\n" || second.text != "go test ./...\n" {
		t.Fatalf("the first two blocks are %q and %q", first.text, second.text)
	}
	expect(t, run(t, clone(t), all[0].text), "plaintext    hello", "has been revoked", "Type next")
}

func TestTheWalkThrough(t *testing.T) {
	t.Parallel()
	dir := clone(t)
	all := blocks(t, "README.md")
	run(t, dir, all[0].text)
	printed := run(t, dir, only(t, all, "sh", "./keyctl list")+only(t, all, "sh", "./keyctl copy"))
	expect(t, printed,
		"revoked", "active", "default", // list: the quickstart's two keys, in the order of their making
		"state       active", "three pears\n", // inspect, unprotect
		"keyctl: 1 key revoked", "has been revoked", "refused\n",
		"4 elements copied; all 4 of FROM are in sqlite:", "revoked") // two keys, two revocations
}

func TestTheProgram(t *testing.T) {
	t.Parallel()
	dir := clone(t)
	app := filepath.Join(dir, "..", "myapp")
	if err := os.Mkdir(app, 0o700); err != nil {
		t.Fatal(err)
	}
	all := blocks(t, "README.md")
	if err := os.WriteFile(filepath.Join(app, "main.go"), []byte(only(t, all, "go", "package main")), 0o600); err != nil {
		t.Fatal(err)
	}
	printed := run(t, dir, only(t, all, "sh", "go mod edit"))
	expect(t, printed, "CfDJ8", "three apples <nil>")
	if keys, err := filepath.Glob(filepath.Join(app, "keys", "key-*.xml")); err != nil || len(keys) != 1 {
		t.Errorf("the program made %v, %v; want one key", keys, err)
	}
}

func TestTheModuleCanBeRenamed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds everything anew")
	}
	if _, err := exec.LookPath("perl"); err != nil {
		t.Skip("the command needs perl")
	}
	dir := clone(t)
	run(t, dir, only(t, blocks(t, "README.md"), "sh", "gofmt -w"))
	printed := run(t, dir, `go list -m
go vet ./...
go test ./internal/archtest
gofmt -l .
grep -rlF dataprotection.example . || echo none left
`)
	expect(t, printed, "example.org/you/dataprotection\n", "ok", "none left\n")
}
