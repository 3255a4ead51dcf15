package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dataprotection.example/keyring"
)

// diagnosed runs doctor and returns the findings by code.
func (c *console) diagnosed(status int, args ...string) map[keyring.Code]findingView {
	c.t.Helper()
	var all []findingView
	r := c.must(status, "", append([]string{"doctor", "--unencrypted", "-o", "json"}, args...)...)
	if err := json.Unmarshal([]byte(r.stdout), &all); err != nil {
		c.t.Fatal(err)
	}
	byCode := make(map[keyring.Code]findingView)
	for _, f := range all {
		byCode[f.Code] = f
	}
	return byCode
}

// findingView is a finding as scripts see it.
type findingView struct {
	Level              string
	Code               keyring.Code
	File, Message, Fix string
}

// TestDoctorKnowsThePlace: what the operating system tells of a directory.
func TestDoctorKnowsThePlace(t *testing.T) {
	c := newConsole(t, noon)
	c.must(exitDone, "", "create")
	c.fileSystem = "NFS"
	f := c.diagnosed(exitDone)[keyring.CodeNoEvents]
	if f.Level != "info" || f.File != c.dir || !strings.Contains(f.Message, "NFS") || !strings.Contains(f.Fix, "polling") {
		t.Errorf("got %+v", f)
	}
	c.fileSystem, c.ownLayer = "", "there is a /.dockerenv"
	f = c.diagnosed(exitUnmet)[keyring.CodeNoMount]
	if f.Level != "warning" || f.File != c.dir || !strings.Contains(f.Message, "/.dockerenv") || !strings.Contains(f.Fix, "mount a volume") {
		t.Errorf("got %+v", f)
	}
}

// TestDoctorWhereNothingMayBeWritten: a warning, unless that is as it should be.
func TestDoctorWhereNothingMayBeWritten(t *testing.T) {
	c := newConsole(t, noon)
	c.must(exitDone, "", "create")
	if err := os.Chmod(c.dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if writable(c.dir) == nil {
		t.Skip("this user may write everywhere, or nobody can tell")
	}
	if f := c.diagnosed(exitUnmet)[keyring.CodeNotWritable]; f.Level != "warning" || f.File != c.dir {
		t.Errorf("got %+v", f)
	}
	c.env[readOnlyVariable] = "1"
	c.diagnosed(exitDone)
}

// A table like /proc/self/mountinfo in a container with two volumes, one of them
// with a blank in its name, and one mounted over the other.
const mounts = `612 431 0:52 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/l1:/l2
613 612 0:55 / /proc rw,nosuid - proc proc rw
640 612 254:1 /volumes/keys /srv/keys rw,relatime - ext4 /dev/vda1 rw
641 612 0:60 / /srv/more\040keys rw - nfs4 server:/keys rw
642 640 0:61 / /srv/keys ro - tmpfs tmpfs ro
`

func TestMountOf(t *testing.T) {
	for path, want := range map[string]string{
		"/":                    "/ overlay",
		"/srv/app/.aspnet":     "/ overlay",
		"/srv":                 "/ overlay",
		"/srv/keys":            "/srv/keys tmpfs",
		"/srv/keys/below":      "/srv/keys tmpfs",
		"/srv/keys2":           "/ overlay",
		"/srv/more keys/below": "/srv/more keys nfs4",
		"/proc/1":              "/proc proc",
	} {
		if point, kind := mountOf(path, mounts); point+" "+kind != want {
			t.Errorf("%s: on %s %s, want %s", path, point, kind, want)
		}
	}
}

// TestOwnLayer: only where it is clear both that this is a container and that
// nothing is mounted.
func TestOwnLayer(t *testing.T) {
	onDisk := strings.Replace(mounts, "overlay overlay", "ext4 /dev/vda1", 1)
	for _, test := range []struct {
		name  string
		files map[string]string
		env   string
		dir   string
		want  string
	}{
		{"Docker", map[string]string{".dockerenv": "", "proc/self/mountinfo": mounts}, "", "/keys", "there is a /.dockerenv"},
		{"Podman", map[string]string{"run/.containerenv": "", "proc/self/mountinfo": mounts}, "", "/keys", "there is a /run/.containerenv"},
		{"Kubernetes", map[string]string{"proc/self/mountinfo": mounts}, "10.0.0.1", "/keys", "KUBERNETES_SERVICE_HOST is set"},
		{"a control group", map[string]string{"proc/1/cgroup": "0::/kubepods/pod1\n", "proc/self/mountinfo": mounts}, "", "/keys", "/proc/1/cgroup names kubepods"},
		{"a volume", map[string]string{".dockerenv": "", "proc/self/mountinfo": mounts}, "", "/srv/keys/ring", ""},
		{"no container", map[string]string{"proc/1/cgroup": "0::/init.scope\n", "proc/self/mountinfo": mounts}, "", "/keys", ""},
		{"a disk of its own", map[string]string{".dockerenv": "", "proc/self/mountinfo": onDisk}, "", "/keys", ""},
		{"nothing known", map[string]string{".dockerenv": ""}, "", "/keys", ""},
	} {
		root := t.TempDir()
		for name, text := range test.files {
			path := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := ownLayer(root, test.dir, func(string) string { return test.env }); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestNamesLike(t *testing.T) {
	for app, some := range map[string][]string{
		"":             {""},
		"shop":         {"shop", "shop/", "Shop", "SHOP", "SHOP/", ""},
		"/srv/Shop/":   {"/srv/Shop/", "/srv/Shop", "/srv/shop", "/srv/shop/", ""},
		`C:\sites\a\`:  {`C:\sites\a\`, `C:\sites\a`, `c:\sites\a\`, `C:\SITES\A\`},
		" shop ":       {" shop ", "shop"},
		"/":            {"/", "", `\`},
		"\u00e9clair/": {"\u00e9clair/", "\u00c9clair", "\u00c9CLAIR/"},
	} {
		got := namesLike(app)
		if got[0] != app {
			t.Errorf("%q: the first is %q", app, got[0])
		}
		seen := make(map[string]bool)
		for _, name := range got {
			if seen[name] {
				t.Errorf("%q: %q twice", app, name)
			}
			seen[name] = true
		}
		for _, name := range some {
			if !seen[name] {
				t.Errorf("%q: no %q in %q", app, name, got)
			}
		}
	}
}
