package xmlrepo

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

var key1 = Element{Name: "key-1", XML: []byte(`<key id="1"><v>text</v><x /></key>`)}

func TestDirWritesTheFileThatDotNetWrites(t *testing.T) {
	d := openDir(t)
	if err := d.Store(t.Context(), key1); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(d.path, "key-1.xml"))
	if err != nil {
		t.Fatal(err)
	}
	want := "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<key id=\"1\">\n  <v>text</v>\n  <x />\n</key>"
	if string(got) != want {
		t.Errorf("file:\n%q\nwant\n%q", got, want)
	}
	if got := files(t, d); !slices.Equal(got, []string{"key-1.xml"}) {
		t.Errorf("the directory holds %q, want the one file", got)
	}
}

func TestNewDir(t *testing.T) {
	t.Run("touches nothing", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "a", "keys")
		d, err := NewDir(path, DirOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if d.Path() != path {
			t.Errorf("path %s, want %s", d.Path(), path)
		}
		wantNames(t, d)
		print, err := d.Fingerprint(t.Context())
		if again, _ := d.Fingerprint(t.Context()); err != nil || print == "" || again != print {
			t.Errorf("fingerprints %q and %q, error %v; want one and the same", print, again, err)
		}
		if err := d.Remove(t.Context(), func(all []Element) []Element { return all }); err != nil {
			t.Error(err)
		}
		if err := d.Store(t.Context(), Element{Name: "key-1", XML: []byte("no XML")}); err == nil {
			t.Error("Store accepted what is no XML")
		}
		if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the directory was made without a Store that succeeds: %v", err)
		}
	})
	t.Run("relative", func(t *testing.T) {
		t.Chdir(t.TempDir())
		d, err := NewDir("keys", DirOptions{})
		if err != nil {
			t.Fatal(err)
		}
		before := d.Path()
		t.Chdir(t.TempDir())
		if err := d.Store(t.Context(), key1); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(before, "key-1.xml")); err != nil || !filepath.IsAbs(before) {
			t.Errorf("path %s: %v, want the file in the first working directory", before, err)
		}
	})
	t.Run("bad options", func(t *testing.T) {
		for _, o := range []DirOptions{{Mode: 0o200}, {Mode: fs.ModeSetuid | 0o600}, {DirMode: 0o600}, {DirMode: fs.ModeDir | 0o700}} {
			if _, err := NewDir("keys", o); err == nil {
				t.Errorf("NewDir accepted %+v", o)
			}
		}
		if _, err := NewDir("", DirOptions{}); err == nil {
			t.Error("NewDir accepted an empty path")
		}
	})
}

func TestDirNameTakenByAnything(t *testing.T) {
	d := openDir(t)
	if err := os.Mkdir(filepath.Join(d.path, "dir.xml"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, d, "file.xml", "<k/>")
	write(t, d, "broken.xml", "")
	link(t, d, "nothing", "link.xml")
	for _, look := range []bool{true, false} {
		for _, name := range []string{"dir", "file", "broken", "link"} {
			e := Element{Name: name, XML: []byte("<other/>")}
			var err error
			if look {
				err = d.Store(t.Context(), e)
			} else {
				err = publishBlind(t, d, name+".xml")
			}
			if !errors.Is(err, ErrExist) {
				t.Errorf("Store of %s: %v, want ErrExist", name, err)
			}
			if look {
				wantFault(t, err, filepath.Join(d.path, name+".xml"))
			}
		}
	}
	if got, want := files(t, d), []string{"broken.xml", "dir.xml", "file.xml", "link.xml"}; !slices.Equal(got, want) {
		t.Errorf("the directory holds %q, want %q", got, want)
	}
	if got, _ := os.ReadFile(filepath.Join(d.path, "file.xml")); string(got) != "<k/>" {
		t.Errorf("the file has become %q", got)
	}
}

// publishBlind publishes a file as if the name had been free a moment before,
// by a link and by a rename.
func publishBlind(t *testing.T, d *Dir, name string) error {
	t.Helper()
	root, err := d.open()
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	temp, err := d.writeTemp(root, []byte("<other/>"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Remove(temp)
	err = d.publish(root, temp, name)
	noLinks := *d
	noLinks.link = func(*os.Root, string, string) error { return syscall.EPERM }
	if renameErr := noLinks.publish(root, temp, name); !errors.Is(renameErr, ErrExist) {
		t.Errorf("rename to %s: %v, want ErrExist", name, renameErr)
	}
	return err
}

func TestDirWithoutHardLinks(t *testing.T) {
	for _, linkErr := range []error{syscall.EPERM, syscall.ENOSYS, &os.LinkError{Op: "linkat", Err: syscall.EINVAL}} {
		d := openDir(t)
		d.link = func(*os.Root, string, string) error { return linkErr }
		if err := d.Store(t.Context(), key1); err != nil {
			if runtime.GOOS == "linux" || runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
				t.Fatalf("Store where links are impossible (%v): %v", linkErr, err)
			}
			t.Skip("no rename here that does not replace")
		}
		if err := d.Store(t.Context(), key1); !errors.Is(err, ErrExist) {
			t.Errorf("second Store: %v, want ErrExist", err)
		}
		if got := files(t, d); !slices.Equal(got, []string{"key-1.xml"}) {
			t.Errorf("the directory holds %q, want the one file", got)
		}
		wantNames(t, d, "key-1")
	}
}

func TestDirWithoutAnySafePublishing(t *testing.T) {
	d := openDir(t)
	d.link = func(*os.Root, string, string) error { return syscall.EPERM }
	d.rename = func(*os.Root, string, string) error { return syscall.EINVAL }
	err := d.Store(t.Context(), key1)
	wantFault(t, err, filepath.Join(d.path, "key-1.xml"))
	if !errors.Is(err, syscall.EPERM) || !errors.Is(err, syscall.EINVAL) {
		t.Errorf("error %v, want one that is both causes", err)
	}
	if got := files(t, d); len(got) != 0 {
		t.Errorf("after the error the directory holds %q", got)
	}
}

// Whatever fails on the way, no temporary file is left.
func TestDirLeavesNothingAfterAnError(t *testing.T) {
	t.Run("cancelled at any moment", func(t *testing.T) {
		failed := 0
		for calls := range 10 {
			d := openDir(t)
			ctx, cancel := context.WithCancel(t.Context())
			err := d.Store(&doneAfter{Context: ctx, cancel: cancel, calls: calls}, key1)
			if err == nil {
				wantNames(t, d, "key-1")
				continue
			}
			failed++
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want context.Canceled", err)
			}
			if got := files(t, d); len(got) != 0 {
				t.Errorf("the directory holds %q", got)
			}
		}
		if failed < 2 || failed == 10 {
			t.Errorf("%d of 10 Stores failed; want some that fail late, and some that succeed", failed)
		}
	})
	t.Run("file too large", func(t *testing.T) {
		d := openDir(t)
		// Small enough to be read as it is, but not with its indentation.
		e := Element{Name: "large", XML: []byte("<x>" + strings.Repeat("<y />", 140<<10) + "</x>")}
		wantFault(t, d.Store(t.Context(), e), filepath.Join(d.path, "large.xml"))
		if got := files(t, d); len(got) != 0 {
			t.Errorf("the directory holds %q", got)
		}
	})
	t.Run("too many files", func(t *testing.T) {
		d := openDir(t)
		d.limits.files = 1
		if err := d.Store(t.Context(), key1); err != nil {
			t.Fatal(err)
		}
		err := d.Store(t.Context(), Element{Name: "key-2", XML: key1.XML})
		wantFault(t, err, filepath.Join(d.path, "key-2.xml"))
		wantNames(t, d, "key-1")
		if got := files(t, d); len(got) != 1 {
			t.Errorf("the directory holds %q", got)
		}
	})
}

// doneAfter is a context that is done after Err was called a number of times.
type doneAfter struct {
	context.Context
	cancel context.CancelFunc
	calls  int
}

func (c *doneAfter) Err() error {
	if c.calls--; c.calls < 0 {
		c.cancel()
	}
	return c.Context.Err()
}

func TestDirRemovesOldTemporaryFiles(t *testing.T) {
	d := openDir(t)
	hex := strings.Repeat("0a", 16)
	old, young := newTemp(), newTemp()
	foreign := []string{
		".xmlrepo-" + hex + ".tmp.xml~", "xmlrepo-" + hex + ".tmp", ".xmlrepo-" + hex[1:] + ".tmp", ".xmlrepo-" + hex + "0.tmp",
		".xmlrepo-" + strings.ToUpper(hex) + ".tmp", ".xmlrepo-" + hex, ".xmlrepo-.tmp", "8c0a4d9e-6a50-4b5c-9f83-3d4f5a0e7f11.tmp",
	}
	for _, name := range append(foreign, old, young) {
		write(t, d, name, "<k/>")
		age := 61 * time.Minute
		if name == young {
			age = 59 * time.Minute
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(d.path, name), then, then); err != nil {
			t.Fatal(err)
		}
	}
	dir := newTemp() // not one of ours
	if err := os.Mkdir(filepath.Join(d.path, dir), 0o700); err != nil {
		t.Fatal(err)
	}
	wantNames(t, d)
	if _, err := os.Stat(filepath.Join(d.path, old)); err != nil {
		t.Errorf("a read has removed a file: %v", err)
	}
	if err := d.Store(t.Context(), key1); err != nil {
		t.Fatal(err)
	}
	want := append(foreign, young, dir, "key-1.xml")
	slices.Sort(want)
	if got := files(t, d); !slices.Equal(got, want) {
		t.Errorf("after a Store the directory holds\n%q, want\n%q", got, want)
	}
}

func TestTemporaryNames(t *testing.T) {
	name := newTemp()
	if !isTemp(name) || isElement(name) || newTemp() == name {
		t.Errorf("the temporary name %q is not recognised, is taken for an element or comes twice", name)
	}
}

func TestDirRemoveStopsAtTheFirstError(t *testing.T) {
	d := openDir(t)
	for _, name := range []string{"a", "b", "c"} {
		write(t, d, name+".xml", "<k/>")
	}
	err := d.Remove(t.Context(), func(all []Element) []Element {
		// b becomes what cannot be removed as a file.
		path := filepath.Join(d.path, "b.xml")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		write(t, d, "b.xml/in-the-way", "")
		slices.Reverse(all)
		return all
	})
	wantFault(t, err, filepath.Join(d.path, "b.xml"))
	if got, want := files(t, d), []string{"a.xml", "b.xml"}; !slices.Equal(got, want) {
		t.Errorf("the directory holds %q, want %q: c gone before the error, a kept after it", got, want)
	}
}
