package xmlrepo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	ext = ".xml"

	// settling is how long after its last change a file keeps the
	// fingerprint empty. Within it, a second change could leave size and
	// modification time as they are: FAT counts in steps of two seconds.
	settling = 2 * time.Second
)

// entry is a name in the directory, and the kind of what bears it.
type entry struct {
	name string
	kind fs.FileMode // type bits; zero for a regular file
}

// listing is what a directory holds that concerns us.
type listing struct {
	files []entry  // elements, ordered by name
	temps []string // our own temporary files
}

// list lists the directory.
func (d *Dir) list(ctx context.Context, root *os.Root) (listing, error) {
	f, err := d.openList(root)
	if err != nil {
		return listing{}, d.fault("", err)
	}
	defer f.Close()
	var l listing
	for {
		if err := ctx.Err(); err != nil {
			return listing{}, fmt.Errorf("xmlrepo: read: %w", err)
		}
		batch, err := f.ReadDir(1024)
		for _, e := range batch {
			switch name := e.Name(); {
			case isElement(name):
				l.files = append(l.files, entry{name, e.Type()})
			case isTemp(name):
				l.temps = append(l.temps, name)
			}
		}
		if len(l.files) > d.limits.files {
			return listing{}, d.fault("", fmt.Errorf("more than %d elements", d.limits.files))
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return listing{}, d.fault("", err)
		}
	}
	slices.SortFunc(l.files, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return l, nil
}

// openList opens the directory that root is for listing. Through root itself
// the listing would look at every file, where the system tells the kinds along
// with the names; so that is only for a directory that was replaced just now.
func (d *Dir) openList(root *os.Root) (*os.File, error) {
	opened, err := root.Stat(".")
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(d.path, os.O_RDONLY|openNonblock, 0)
	if err != nil {
		return root.Open(".")
	}
	if info, err := f.Stat(); err != nil || !os.SameFile(info, opened) {
		f.Close()
		return root.Open(".")
	}
	return f, nil
}

// isElement says whether .NET's pattern "*.xml" matches, hence in any letter
// case where .NET takes the file system for one that ignores it.
func isElement(name string) bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		name = strings.ToLower(name)
	}
	return strings.HasSuffix(name, ext)
}

// Fingerprint implements Fingerprinter. It is made of the names, sizes,
// modes, modification times and identities of the files, of a link's target and not
// the link, and is empty while one of them was modified less than two seconds
// ago. A directory that does not exist has a fingerprint too.
func (d *Dir) Fingerprint(ctx context.Context) (string, error) {
	sum, settled, err := d.observe(ctx)
	if err != nil || !settled {
		return "", err
	}
	return sum, nil
}

// observe returns a digest of what a look at the directory shows without
// reading a file, and whether a change since would show in it.
func (d *Dir) observe(ctx context.Context) (sum string, settled bool, err error) {
	root, err := d.open()
	if err != nil {
		return "", false, err
	}
	if root == nil {
		return "absent", true, nil
	}
	defer root.Close()
	l, err := d.list(ctx, root)
	if err != nil {
		return "", false, err
	}
	h := sha256.New()
	settled = true
	latest := d.now().Add(-settling)
	for i, e := range l.files {
		if i%1024 == 0 && ctx.Err() != nil {
			return "", false, fmt.Errorf("xmlrepo: fingerprint: %w", ctx.Err())
		}
		info, err := d.stat(root, e)
		switch {
		case err == nil:
			fmt.Fprintf(h, "%q %v %d %d %d\n", e.name, info.Mode(), info.Size(), info.ModTime().UnixNano(), inode(info))
			settled = settled && !info.ModTime().After(latest)
		case errors.Is(err, fs.ErrNotExist) && e.kind&fs.ModeSymlink == 0:
			settled = false // deleted since it was listed
		default:
			// Elements will say what is wrong. Here it is a state of the
			// directory like any other, and when it changes that shows.
			fmt.Fprintf(h, "%q %v\n", e.name, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), settled, nil
}

// stat returns what the entry leads to.
func (d *Dir) stat(root *os.Root, e entry) (fs.FileInfo, error) {
	if e.kind&fs.ModeSymlink == 0 {
		return root.Lstat(e.name)
	}
	name, err := d.follow(root, e.name)
	if err != nil {
		return nil, err
	}
	return root.Stat(name)
}

// follow returns the name under which root finds the target of a link: the
// link's own, unless the link is absolute. Those os.Root refuses wherever they
// lead, so that one which leads inside is written anew from the directory. The
// outcome is no more than a name; that it does not leave the directory is
// checked by root when it is used.
func (d *Dir) follow(root *os.Root, name string) (string, error) {
	_, err := root.Stat(name)
	if err == nil {
		return name, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", errDangling
	}
	target, evalErr := filepath.EvalSymlinks(filepath.Join(d.path, name))
	switch {
	case errors.Is(evalErr, fs.ErrNotExist):
		return "", errDangling
	case evalErr != nil:
		return "", bare(err)
	}
	if dir, evalErr := filepath.EvalSymlinks(d.path); evalErr == nil {
		if rel, relErr := filepath.Rel(dir, target); relErr == nil && filepath.IsLocal(rel) {
			return rel, nil
		}
	}
	return "", errEscapes
}
