package readmetest

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

const farm = "docs/FARM.md"

// buildAsInContainer builds keyctl with the words of the Containerfile.
func buildAsInContainer(t *testing.T) string {
	t.Helper()
	recipe := only(t, blocks(t, farm), "dockerfile", "FROM scratch")
	build := regexp.MustCompile(`(?m)^RUN (CGO_ENABLED=0 go build .*) -o /keyctl (\S+)$`).FindStringSubmatch(recipe)
	if build == nil {
		t.Fatalf("the Containerfile builds nothing:\n%s", recipe)
	}
	file := filepath.Join(t.TempDir(), "keyctl")
	command := exec.Command("sh", "-c", build[1]+` -o "$0" `+build[2], file)
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

// TestFarmNeedsNothingElse runs the file of the Containerfile where there is
// nothing else, as the user that is named there.
func TestFarmNeedsNothingElse(t *testing.T) {
	t.Parallel()
	file := buildAsInContainer(t)
	binary, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	for _, p := range binary.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("it is not static: %v", p.ProgHeader)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can make a root of its own")
	}
	const user = 65532
	empty := t.TempDir()
	keys := filepath.Join(empty, "keys")
	for _, err := range []error{
		os.Chmod(empty, 0o755),
		os.Rename(file, filepath.Join(empty, "keyctl")),
		os.Mkdir(keys, 0o700),
		os.Chown(keys, user, user),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range []string{"ensure", "ensure --require-existing", "doctor --unencrypted"} {
		command := exec.Command("/keyctl", strings.Fields(args)...)
		command.Dir, command.Env = "/", []string{"KEYCTL_DIR=/keys"}
		command.SysProcAttr = &syscall.SysProcAttr{Chroot: empty, Credential: &syscall.Credential{Uid: user, Gid: user}}
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("keyctl %s: %v\n%s", args, err, out)
		}
	}
}

// TestFarmUnits lets systemd read the units.
func TestFarmUnits(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not here (Debian's package systemd has it)")
	}
	dir := t.TempDir()
	all := blocks(t, farm)
	service := filepath.Join(dir, "keyctl-ensure.service")
	timer := filepath.Join(dir, "keyctl-ensure.timer")
	unit := only(t, all, "ini", "[Service]")
	if strings.Count(unit, "/usr/local/bin/keyctl") != 1 {
		t.Fatalf("where is keyctl?\n%s", unit)
	}
	exists, err := os.Executable() // as keyctl may not
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{
		service: strings.Replace(unit, "/usr/local/bin/keyctl", exists, 1),
		timer:   only(t, all, "ini", "[Timer]"),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(analyze, "verify", "--man=no", service, timer).CombinedOutput()
	if err != nil || strings.Contains(string(out), "keyctl-ensure") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestFarmCommands: every command line of the documents is one.
func TestFarmCommands(t *testing.T) {
	t.Parallel()
	var text []byte
	for _, document := range []string{farm, "docs/STORES.md"} {
		data, err := os.ReadFile(filepath.Join(root, document))
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, data...)
	}
	keyctl := buildAsInContainer(t)
	found := regexp.MustCompile("(?m)(?:`|^ *|/usr/local/bin/)(keyctl (?:-[^`\n]* )?[a-z]+(?: [^`\n>]*)?)(?:`|$|>)").FindAllStringSubmatch(string(text), -1)
	for _, m := range found {
		line := strings.TrimSpace(m[1])
		// With --help nothing is done, but wrong flags are.
		command := exec.Command("sh", "-c", `"$0"`+strings.TrimPrefix(line, "keyctl")+" --help", keyctl)
		if out, err := command.CombinedOutput(); err != nil && !strings.Contains(line, "…") {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	if len(found) < 25 {
		t.Errorf("%d command lines found", len(found))
	}
}
