package xmlrepo

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestDirFingerprintSeesEveryChange(t *testing.T) {
	d := openDir(t)
	present := time.Now().Add(time.Hour)
	d.now = func() time.Time { return present }
	path := func(name string) string { return filepath.Join(d.path, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	take := func() string {
		t.Helper()
		print, err := d.Fingerprint(t.Context())
		must(err)
		if print == "" {
			t.Fatal("the fingerprint is empty although nothing is young")
		}
		return print
	}
	write(t, d, "..1/c.xml", "<k/>")
	write(t, d, "..2/c.xml", "<kk/>")
	link(t, d, "..1", "..data")
	last := take()
	for _, step := range []struct {
		name   string
		change func()
		seen   bool
	}{
		{"nothing", func() {}, false},
		{"new file", func() { write(t, d, "a.xml", "<k/>") }, true},
		{"other size", func() { write(t, d, "a.xml", "<kk/>") }, true},
		{"other time", func() { must(os.Chtimes(path("a.xml"), present, present.Add(-time.Minute))) }, true},
		{"renamed", func() { must(os.Rename(path("a.xml"), path("b.xml"))) }, true},
		{"replaced, same size and time", func() {
			write(t, d, "new", "<xx/>")
			must(os.Chtimes(path("new"), present, present.Add(-time.Minute)))
			must(os.Rename(path("new"), path("b.xml")))
		}, true},
		{"foreign file", func() { write(t, d, "b.txt", "") }, false},
		{"new link", func() { link(t, d, "..data/c.xml", "c.xml") }, true},
		{"link's target swapped", func() {
			link(t, d, "..2", "..new")
			must(os.Rename(path("..new"), path("..data")))
		}, true},
		{"link's target gone", func() { must(os.RemoveAll(path("..2"))) }, true},
		{"still gone", func() {}, false},
		{"link gone", func() { must(os.Remove(path("c.xml"))) }, true},
		{"a directory", func() { must(os.Mkdir(path("d.xml"), 0o700)) }, true},
		{"gone again", func() { must(os.Remove(path("d.xml"))) }, true},
		{"emptied", func() { must(os.Remove(path("b.xml"))) }, true},
		{"removed altogether", func() { must(os.RemoveAll(d.path)) }, true},
		{"still removed", func() {}, false},
		{"back", func() { must(os.Mkdir(d.path, 0o700)) }, true},
	} {
		step.change()
		print := take()
		if changed := print != last; changed != step.seen {
			t.Errorf("%s: the fingerprint has changed: %t, want %t", step.name, changed, step.seen)
		}
		last = print
	}
}

// While a file is young a second change might not show, so that nothing can be
// vouched for.
func TestDirFingerprintIsEmptyWhileAFileIsYoung(t *testing.T) {
	d := openDir(t)
	write(t, d, "old.xml", "<k/>")
	write(t, d, "young.xml", "<k/>")
	written := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for name, at := range map[string]time.Time{"old.xml": written.Add(-time.Hour), "young.xml": written} {
		if err := os.Chtimes(filepath.Join(d.path, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		age   time.Duration
		empty bool
	}{
		{-time.Hour, true}, // the file server's clock is ahead
		{0, true},
		{2*time.Second - time.Millisecond, true},
		{2 * time.Second, false},
		{time.Hour, false},
	} {
		d.now = func() time.Time { return written.Add(tt.age) }
		print, err := d.Fingerprint(t.Context())
		if err != nil || print == "" != tt.empty {
			t.Errorf("fingerprint %q, error %v when the youngest file is %v old; want it empty: %t", print, err, tt.age, tt.empty)
		}
	}
}
