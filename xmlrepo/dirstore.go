package xmlrepo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dataprotection.example/internal/xmldoc"
)

const (
	tempPrefix = ".xmlrepo-"
	tempExt    = ".tmp" // nobody takes it for an element

	// tempMaxAge is the age at which a temporary file is nobody's any more.
	tempMaxAge = time.Hour
)

// Store implements Repository. See Dir for how the file comes about. Errors
// that concern the file are a *FileError with its path, ErrExist included; the
// name counts as taken by anything, also by a directory or a link to nothing.
func (d *Dir) Store(ctx context.Context, e Element) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("xmlrepo: store: %w", err)
	}
	if err := CheckName(e.Name); err != nil {
		return err
	}
	el, err := xmldoc.Parse(e.XML)
	if err != nil {
		return fmt.Errorf("xmlrepo: element %q: %w", e.Name, &malformedError{err})
	}
	name := e.Name + ext
	data := xmldoc.File(el)
	if len(data) > d.limits.file {
		return d.fault(name, fmt.Errorf("would be larger than %d bytes", d.limits.file))
	}
	if !filepath.IsLocal(name) {
		return d.fault(name, errors.New("a name that the system keeps for a device"))
	}
	root, err := d.create()
	if err != nil {
		return err
	}
	defer root.Close()
	if _, err := root.Lstat(name); err == nil {
		return d.fault(name, ErrExist)
	}
	l, err := d.list(ctx, root)
	if err != nil {
		return err
	}
	if len(l.files) >= d.limits.files {
		return d.fault(name, fmt.Errorf("the directory holds %d elements, and no more are read", len(l.files)))
	}
	temp, err := d.writeTemp(root, data, l.temps)
	if err != nil {
		return d.fault(name, err)
	}
	err = ctx.Err()
	if err == nil {
		err = d.publish(root, temp, name)
	}
	// After a link the temporary file is a second name of the element, after
	// a rename it is gone, and after an error it is in the way.
	_ = root.Remove(temp)
	if err == nil {
		err = syncDir(root)
	}
	if err != nil {
		return d.fault(name, err)
	}
	return nil
}

// writeTemp writes data to a new temporary file, all the way to the disk, and
// returns its name. Old temporary files are removed between making the file,
// whose age tells the time by the file system's clock, and filling it, which
// may need their space.
func (d *Dir) writeTemp(root *os.Root, data []byte, old []string) (string, error) {
	name := newTemp()
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	err = d.fill(root, f, data, old)
	// The error of Close counts: NFS reports a full disk there.
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = root.Remove(name)
		return "", err
	}
	return name, nil
}

// fill does the part of writeTemp that happens to the open file.
func (d *Dir) fill(root *os.Root, f *os.File, data []byte, old []string) error {
	if err := setOwner(root, f); err != nil {
		return err
	}
	if err := setMode(f, d.mode); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	removeTemps(root, old, info.ModTime().Add(-tempMaxAge))
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

// newTemp returns a name for a temporary file that no other has.
func newTemp() string {
	var id [16]byte
	rand.Read(id[:])
	return tempPrefix + hex.EncodeToString(id[:]) + tempExt
}

// isTemp says whether name is one that newTemp makes. It decides what gets
// deleted, so that it is exact.
func isTemp(name string) bool {
	id, ok := strings.CutPrefix(name, tempPrefix)
	if !ok {
		return false
	}
	if id, ok = strings.CutSuffix(id, tempExt); !ok || len(id) != 32 {
		return false
	}
	return strings.Trim(id, "0123456789abcdef") == ""
}

// removeTemps removes what killed processes have left behind. That it fails is
// no reason not to store.
func removeTemps(root *os.Root, temps []string, before time.Time) {
	for _, name := range temps {
		info, err := root.Lstat(name)
		if err == nil && info.Mode().IsRegular() && info.ModTime().Before(before) {
			_ = root.Remove(name)
		}
	}
}

// publish gives the temporary file the name of the element, or fails if that is
// taken.
func (d *Dir) publish(root *os.Root, temp, name string) error {
	linkErr := d.link(root, temp, name)
	if linkErr == nil {
		return nil
	}
	// An NFS server may have made the link although the client, having
	// asked twice, hears that it cannot. Nobody else links this file.
	if info, err := root.Lstat(temp); err == nil && links(info) == 2 {
		return nil
	}
	if errors.Is(linkErr, fs.ErrExist) {
		return ErrExist
	}
	renameErr := d.rename(root, temp, name)
	switch {
	case renameErr == nil:
		return nil
	case errors.Is(renameErr, fs.ErrExist):
		return ErrExist
	}
	return fmt.Errorf("cannot publish the file without the risk of replacing another: hard link: %w, rename: %w",
		bare(linkErr), bare(renameErr))
}

// create opens the directory, after making it and the parents it lacks if there
// is none.
func (d *Dir) create() (*os.Root, error) {
	root, err := d.open()
	if root != nil || err != nil {
		return root, err
	}
	dirs, err := missing(d.path)
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		if err := d.makeDir(dir); err != nil {
			return nil, &FileError{Path: dir, Err: bare(err)}
		}
	}
	if root, err = d.open(); root == nil && err == nil {
		err = d.fault("", fs.ErrNotExist) // removed again
	}
	return root, err
}

// makeDir makes one directory and syncs its parent. That another process was
// faster is no error; the sync is needed even then, since that process may not
// have come to it yet.
func (d *Dir) makeDir(path string) error {
	err := os.Mkdir(path, d.dirMode)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err == nil {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		// Only where the umask took something away, and keeping a set-group-ID
		// bit that came from the parent.
		if info.Mode().Perm() != d.dirMode {
			if err := os.Chmod(path, info.Mode()&(fs.ModeSetgid|fs.ModeSticky)|d.dirMode); err != nil {
				return err
			}
		}
	}
	parent, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer parent.Close()
	return syncDir(parent)
}
