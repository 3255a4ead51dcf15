package xmlrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"dataprotection.example/internal/xmldoc"
)

// Replace implements Replacer. As with Store the file is complete and synced
// before it gets its name; it gets it by a rename, which replaces the old file
// in one step, and the directory is synced before Replace returns.
//
// The new file has the mode of the old one, whatever DirOptions says, and its
// owner and group: nodes that could read the old one must be able to read the
// new. Where that is not permitted it is an error. Access control lists and
// security labels are those of any new file in the directory. A symbolic link
// is not followed but an error, for the old key would stay where it leads.
//
// Something else that changes the directory between the last look and the
// rename, an instant later, is not noticed: an element removed then is back.
func (d *Dir) Replace(ctx context.Context, old, with Element) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("xmlrepo: replace: %w", err)
	}
	if err := checkReplacement(old, with); err != nil {
		return err
	}
	el, err := xmldoc.Parse(with.XML)
	if err != nil {
		return fmt.Errorf("xmlrepo: element %q: %w", with.Name, &malformedError{err})
	}
	data := xmldoc.File(el)
	root, err := d.open()
	if err != nil {
		return err
	}
	if root == nil {
		return d.fault("", ErrChanged)
	}
	defer root.Close()
	l, err := d.list(ctx, root)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(l.files, func(e entry) bool { return e.name[:len(e.name)-len(ext)] == old.Name })
	if i < 0 {
		return fmt.Errorf("%w: %q is not in %s", ErrChanged, old.Name, d.path)
	}
	file := l.files[i]
	if len(data) > d.limits.file {
		return d.fault(file.name, fmt.Errorf("would be larger than %d bytes", d.limits.file))
	}
	if err := d.replace(ctx, root, file, old.XML, data, l.temps); err != nil {
		return d.fault(file.name, err)
	}
	return nil
}

// replace puts data in the place of a file that holds the element old.
func (d *Dir) replace(ctx context.Context, root *os.Root, file entry, old, data []byte, temps []string) error {
	info, err := d.holds(root, file, old)
	if err != nil {
		return err
	}
	temp, err := d.writeTemp(root, data, temps)
	if err != nil {
		return err
	}
	defer root.Remove(temp) // gone after the rename, in the way after an error
	if err := keepAccess(root, temp, info); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := d.holds(root, file, old); err != nil {
		return err
	}
	if err := root.Rename(temp, file.name); err != nil {
		return err
	}
	return syncDir(root)
}

// holds returns what the file is, or why it is not to be replaced: it is no
// regular file, or does not hold the element old.
func (d *Dir) holds(root *os.Root, file entry, old []byte) (fs.FileInfo, error) {
	if file.kind&fs.ModeSymlink != 0 {
		return nil, errors.New("a symbolic link, which is not replaced: change the file that it leads to")
	}
	info, err := root.Lstat(file.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrChanged
	}
	if err != nil {
		return nil, err
	}
	o := d.read(root, file, new(bytes.Buffer))
	switch {
	case errors.Is(o.err, fs.ErrNotExist):
		return nil, ErrChanged
	case o.err != nil:
		return nil, o.err
	case !bytes.Equal(o.element.XML, old):
		return nil, ErrChanged
	}
	return info, nil
}

// keepAccess gives a temporary file the mode, and where the system has such
// things the owner and group, of the file whose place it is to take.
func keepAccess(root *os.Root, temp string, like fs.FileInfo) error {
	f, err := root.Open(temp)
	if err != nil {
		return err
	}
	defer f.Close()
	return copyAccess(f, like)
}
