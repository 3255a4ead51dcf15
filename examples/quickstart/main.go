// Command quickstart shows in a second what this module does. It opens a key ring
// and a payload that ASP.NET Core 9 wrote, makes a ring of its own, protects
// something, and shows what becomes of a payload that somebody altered and of one
// whose key was revoked.
//
//	go run ./examples/quickstart
//
// Its ring is the folder examples/quickstart/ring, which git ignores. Every run
// begins a new one. With DATAPROTECTION_READ_ONLY set, no ring is made or touched.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// folder is where the quickstart is at home, from the root of the repository.
const folder = "examples/quickstart"

func main() {
	if err := start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// start shows everything from the root of the repository, so that the paths it
// prints are short and the last lines can be typed.
func start(ctx context.Context) error {
	from, err := os.Getwd()
	if err != nil {
		return err
	}
	root, err := findRoot(from)
	if err != nil {
		return err
	}
	if err := os.Chdir(root); err != nil {
		return err
	}
	ring := filepath.Join(filepath.FromSlash(folder), "ring")
	if readOnly() {
		if err := fromDotnet(ctx, os.Stdout); err != nil {
			return err
		}
		heading(os.Stdout, "DATAPROTECTION_READ_ONLY is set: no ring is made here, and the rest is left out")
		return nil
	}
	if err := show(ctx, os.Stdout, ring); err != nil {
		return err
	}
	heading(os.Stdout, "Type next")
	if root != from {
		fmt.Println("  cd", root)
	}
	keyctl := "go run ./cmd/keyctl --dir " + ring
	fmt.Println("  " + keyctl + " list")
	fmt.Println("  echo hello | " + keyctl + " protect --app shop --purpose cart")
	fmt.Println("and then what README.md does with keyctl.")
	return nil
}

// readOnly reports whether this machine must not write to any ring.
func readOnly() bool {
	switch strings.ToLower(os.Getenv("DATAPROTECTION_READ_ONLY")) {
	case "", "0", "false", "no", "off":
		return false
	}
	return true
}

// findRoot returns the folder at or above one that has the quickstart in it.
func findRoot(from string) (string, error) {
	for dir := from; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, folder, "main.go")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is not in a clone of the repository: cd into one", from)
		}
	}
}

// show runs the steps, from the root of the repository.
func show(ctx context.Context, out io.Writer, ring string) error {
	if err := emptyRing(ring); err != nil {
		return err
	}
	if err := fromDotnet(ctx, out); err != nil {
		return err
	}
	return fromGo(ctx, out, ring)
}

// emptyRing removes the ring of the last run, and nothing that is not one.
func emptyRing(ring string) error {
	files, err := os.ReadDir(ring)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, file := range files {
		key, _ := filepath.Match("key-*.xml", file.Name())
		revocation, _ := filepath.Match("revocation-*.xml", file.Name())
		if !key && !revocation {
			return fmt.Errorf("%s is of no run of the quickstart, which begins a new ring there: move it away",
				filepath.Join(ring, file.Name()))
		}
	}
	return os.RemoveAll(ring)
}

func heading(out io.Writer, text string) { fmt.Fprintf(out, "\n%s\n", text) }

func line(out io.Writer, name, text string) { fmt.Fprintf(out, "  %-12s %s\n", name, text) }
