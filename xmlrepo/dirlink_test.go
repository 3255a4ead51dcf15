//go:build unix

package xmlrepo

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestDirReadsLinksInside(t *testing.T) {
	d := openDir(t)
	write(t, d, "..2026_1/key.xml", "<k/>")
	write(t, d, "plain", "<k/>")
	link(t, d, "..2026_1", "..data")
	link(t, d, "..data/key.xml", "a-kubernetes.xml")
	link(t, d, "plain", "b-plain.xml")
	link(t, d, "b-plain.xml", "c-chain.xml")
	link(t, d, "./..data/../..data/./key.xml", "d-detour.xml")
	link(t, d, filepath.Join(d.path, "..data", "key.xml"), "e-absolute.xml")
	link(t, d, filepath.Join("..", filepath.Base(d.path), "plain"), "f-out-and-back.xml")
	wantNames(t, d, "a-kubernetes", "b-plain", "c-chain", "d-detour", "e-absolute", "f-out-and-back")
	list, _ := d.Elements(t.Context())
	if want := filepath.Join(d.path, "a-kubernetes.xml"); list[0].Location != want {
		t.Errorf("location %s, want that of the link, %s", list[0].Location, want)
	}
}

func TestDirMayItselfBeALink(t *testing.T) {
	d := openDir(t)
	write(t, d, "keys/plain", "<k/>")
	link(t, d, "keys", "link")
	through, err := NewDir(filepath.Join(d.path, "link"), DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	link(t, d, filepath.Join(through.path, "plain"), "keys/absolute.xml")
	wantNames(t, through, "absolute")
	if err := through.Store(t.Context(), Element{Name: "new", XML: []byte("<k/>")}); err != nil {
		t.Fatal(err)
	}
	wantNames(t, through, "absolute", "new")
}

// Everything here is named in the error, and nothing blocks.
func TestDirRefusesWhatIsNoFile(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "outside.xml")
	if err := os.WriteFile(secret, []byte("<outside/>"), 0o600); err != nil {
		t.Fatal(err)
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, make := range map[string]func(t *testing.T, d *Dir, path string){
		"directory":  func(t *testing.T, d *Dir, path string) { must(t, os.Mkdir(path, 0o700)) },
		"named pipe": func(t *testing.T, d *Dir, path string) { must(t, syscall.Mkfifo(path, 0o600)) },
		"device": func(t *testing.T, d *Dir, path string) {
			if err := syscall.Mknod(path, syscall.S_IFCHR|0o600, 1<<8|3); err != nil { // /dev/null
				t.Skipf("no device can be made here: %v", err)
			}
		},
		"socket":                 func(t *testing.T, d *Dir, path string) { listen(t, path) },
		"link to nothing":        func(t *testing.T, d *Dir, path string) { link(t, d, "nothing", "m.xml") },
		"absolute to nothing":    func(t *testing.T, d *Dir, path string) { link(t, d, d.path+"/nothing", "m.xml") },
		"link out, relative":     func(t *testing.T, d *Dir, path string) { link(t, d, relative(t, d.path, secret), "m.xml") },
		"link out, absolute":     func(t *testing.T, d *Dir, path string) { link(t, d, secret, "m.xml") },
		"link out to nothing":    func(t *testing.T, d *Dir, path string) { link(t, d, "../nothing", "m.xml") },
		"link to itself":         func(t *testing.T, d *Dir, path string) { link(t, d, "m.xml", "m.xml") },
		"link to the directory":  func(t *testing.T, d *Dir, path string) { link(t, d, ".", "m.xml") },
		"link to a device":       func(t *testing.T, d *Dir, path string) { link(t, d, "/dev/zero", "m.xml") },
		"link to standard input": func(t *testing.T, d *Dir, path string) { link(t, d, "/proc/self/fd/0", "m.xml") },
		"link through a file":    func(t *testing.T, d *Dir, path string) { link(t, d, "a.xml/b", "m.xml") },
		"link to a named pipe": func(t *testing.T, d *Dir, path string) {
			must(t, syscall.Mkfifo(d.path+"/pipe", 0o600))
			link(t, d, "pipe", "m.xml")
		},
		"link to a directory": func(t *testing.T, d *Dir, path string) { write(t, d, "sub/x", ""); link(t, d, "sub", "m.xml") },
		"link through link out": func(t *testing.T, d *Dir, path string) {
			link(t, d, filepath.Dir(secret), "out")
			link(t, d, "out/outside.xml", "m.xml")
		},
		"absolute to a named pipe": func(t *testing.T, d *Dir, path string) {
			must(t, syscall.Mkfifo(d.path+"/pipe", 0o600))
			link(t, d, d.path+"/pipe", "m.xml")
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDir(t)
			write(t, d, "a.xml", "<k/>")
			write(t, d, "z.xml", "<k/>")
			path := filepath.Join(d.path, "m.xml")
			make(t, d, path)
			err := promptly(t, func() error {
				_, err := d.Elements(t.Context())
				return err
			})
			wantFault(t, err, path)
			if errors.Is(err, fs.ErrNotExist) {
				t.Errorf("error %v is fs.ErrNotExist, as if the directory were missing", err)
			}

			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			wantNames(t, d, "a", "z")
		})
	}
}

// A regular file may turn into something else after it was listed.
func TestDirOpensWithoutBlocking(t *testing.T) {
	d := openDir(t)
	if err := syscall.Mkfifo(filepath.Join(d.path, "m.xml"), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := d.open()
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	err = promptly(t, func() error {
		f, err := d.openFile(root, entry{name: "m.xml"})
		if err == nil {
			f.Close()
		}
		return err
	})
	if err == nil {
		t.Error("a named pipe was opened as a file")
	}
}

// The directory itself may be something else, too.
func TestDirRefusesWhatIsNoDirectory(t *testing.T) {
	d := openDir(t)
	write(t, d, "file", "<k/>")
	link(t, d, "nothing", "lost")
	link(t, d, "loop", "loop")
	if err := syscall.Mkfifo(filepath.Join(d.path, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, fault := range map[string]string{
		"file": "file", "file/keys": "file/keys", "pipe": "pipe", "pipe/keys": "pipe/keys", "loop": "loop",
		"lost": "lost", "lost/keys": "lost", "lost/deep/keys": "lost",
	} {
		bad, err := NewDir(filepath.Join(d.path, path), DirOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for op, call := range map[string]func() error{
			"Elements":    func() error { _, err := bad.Elements(t.Context()); return err },
			"Fingerprint": func() error { _, err := bad.Fingerprint(t.Context()); return err },
			"Store":       func() error { return bad.Store(t.Context(), Element{Name: "a", XML: []byte("<k/>")}) },
			"Remove": func() error {
				return bad.Remove(t.Context(), func(all []Element) []Element { return all })
			},
		} {
			err := promptly(t, call)
			if err == nil {
				t.Errorf("%s of %s succeeded", op, path)
				continue
			}
			wantFault(t, err, filepath.Join(d.path, fault))
		}
	}
}

// A Secret that Kubernetes mounts is read at any moment of its update, which
// goes through states with links to nothing.
func TestDirReadsASecretWhileItIsUpdated(t *testing.T) {
	d := openDir(t)
	d.waits = []time.Duration{0, 1e6, 1e6, 10e6, 100e6, 1e9}
	update := func(version string, keys ...string) {
		for _, key := range keys {
			write(t, d, ".."+version+"/"+key, "<k/>")
		}
		link(t, d, ".."+version, "..data_tmp")
		old, _ := os.Readlink(filepath.Join(d.path, "..data"))
		if err := os.Rename(filepath.Join(d.path, "..data_tmp"), filepath.Join(d.path, "..data")); err != nil {
			t.Error(err)
		}
		for _, key := range []string{"b.xml", "c.xml"} {
			_, err := os.Stat(filepath.Join(d.path, key))
			switch has := err == nil; {
			case key == keys[len(keys)-1] && !has:
				link(t, d, "..data/"+key, key)
			case key != keys[len(keys)-1]:
				os.Remove(filepath.Join(d.path, key))
			}
		}
		if old != "" {
			os.RemoveAll(filepath.Join(d.path, old))
		}
	}
	link(t, d, "..data/a.xml", "a.xml")
	update("0", "a.xml", "b.xml")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			// Kubernetes leaves a minute between two updates; without any
			// pause a reader that is kept waiting could miss every one.
			update("1", "a.xml", "c.xml")
			time.Sleep(time.Millisecond)
			update("2", "a.xml", "b.xml")
			time.Sleep(time.Millisecond)
		}
	}()
	for range 300 {
		if list := names(t, d); len(list) == 0 || list[0] != "a" {
			t.Fatalf("elements %q, want the one that every version has", list)
		}
	}
	cancel()
	<-done
	wantNames(t, d, "a", "b")
}

// promptly returns what call returns, and fails the test if it blocks.
func promptly(t *testing.T, call func() error) error {
	t.Helper()
	result := make(chan error, 1)
	go func() { result <- call() }()
	select {
	case err := <-result:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("blocked")
		return nil
	}
}

func relative(t *testing.T, from, to string) string {
	rel, err := filepath.Rel(from, to)
	if err != nil {
		t.Fatal(err)
	}
	return rel
}

// listen makes a socket at path, by way of a short name that fits an address.
func listen(t *testing.T, path string) {
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Skipf("no sockets here: %v", err)
	}
	t.Cleanup(func() { l.Close() })
	if err := os.Rename(filepath.Join(dir, "s"), path); err != nil {
		t.Skipf("a socket cannot be moved here: %v", err)
	}
}
