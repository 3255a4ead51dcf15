package xmlrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// What a directory may hold before reading it fails. No ring comes near these
// numbers; they bound what a hostile or a mistaken directory can cost.
const (
	maxFileBytes  = 1 << 20
	maxFiles      = 100_000
	maxTotalBytes = 256 << 20
)

// DirOptions configures a Dir. The zero value does what ASP.NET Core does,
// with a stricter directory mode.
type DirOptions struct {
	// Mode is the permission of the files that Store writes, whatever the
	// umask. Zero means 0600: only the user who wrote a key reads it. Nodes
	// that run as different users need more, such as 0640 with a common
	// group. What root writes into another user's directory becomes that
	// user's. Windows ignores Mode; there the directory's ACL is inherited.
	Mode fs.FileMode

	// DirMode is the permission of the directories that Store creates,
	// whatever the umask. Zero means 0700. What exists is left as it is.
	DirMode fs.FileMode

	// PollInterval is how often Watch looks at the directory whether or not
	// the operating system reports a change. Zero means 30 s.
	PollInterval time.Duration

	// Logger hears when Watch has to do without events. Nil is silent.
	Logger *slog.Logger

	// Now tells Fingerprint the time. Nil means time.Now.
	Now func() time.Time
}

// Dir is a key directory as ASP.NET Core lays it out: each element is a file of
// its own, named after the element, with the extension ".xml". Processes on
// both runtimes can share one. It is also a Remover, a Replacer, a Watcher, a
// Fingerprinter and Located. It is the sibling of .NET's FileSystemXmlRepository.
//
// Writing: the file is complete, synced and has its mode before it gets its
// name, and it gets it in one step that fails if the name is taken: by a hard
// link, or where the file system has none by a rename that does not replace. A
// file system that can do neither is an error. Bytes are never copied into
// place. The directory is synced before Store returns. It is created by the
// first Store, with the parents it lacks, and never by a read.
//
// A process that is killed while it stores leaves at most one temporary file,
// named ".xmlrepo-" with 32 hexadecimal digits and ".tmp", or the finished
// element beside it. Such files mean nothing to any reader; a later Store
// removes those that are older than an hour.
//
// Reading: every "*.xml" in the directory itself counts, hidden ones too; in
// the letter case of the extension too on systems where .NET ignores it
// (Windows, macOS). The result is ordered by file name. A symbolic link to a
// regular file inside the directory is read, so that Kubernetes may mount a
// Secret there. A link that leads elsewhere or nowhere, a named pipe, a device,
// a socket, a directory called "*.xml", a file that is not one well-formed
// element or may not be read: each makes the read fail, with a *FileError that
// names it, and nothing ever blocks. What may be the work of a foreign writer
// in progress gets about a second to become whole. A file that was deleted
// meanwhile is left out. A directory that does not exist has no elements;
// anything else that keeps it from being listed is an error.
//
// Limits: 1 MiB a file, 100,000 files, 256 MiB together. Beyond them a read
// fails, and a Store that would exceed the first two does too.
type Dir struct {
	path    string
	mode    fs.FileMode
	dirMode fs.FileMode
	poll    time.Duration
	log     *slog.Logger
	now     func() time.Time

	limits limits
	waits  []time.Duration // before each new look at a file in trouble

	link   func(root *os.Root, from, to string) error
	rename func(root *os.Root, from, to string) error // fails if to exists
}

type limits struct {
	file, files, total int
}

// NewDir returns the key directory at path, which need not exist yet. It does
// not look at it. A relative path is taken from the present working directory,
// once and for all.
func NewDir(path string, opts DirOptions) (*Dir, error) {
	if path == "" {
		return nil, errors.New("xmlrepo: the path of the key directory is empty")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("xmlrepo: key directory %s: %w", path, err)
	}
	d := &Dir{
		path:    abs,
		mode:    opts.Mode,
		dirMode: opts.DirMode,
		poll:    opts.PollInterval,
		log:     opts.Logger,
		now:     opts.Now,
		limits:  limits{file: maxFileBytes, files: maxFiles, total: maxTotalBytes},
		// At once for a file that was deleted, then up to a second in all
		// for one that is being written.
		waits: []time.Duration{0, 10e6, 20e6, 40e6, 80e6, 150e6, 300e6, 400e6},
		link: func(root *os.Root, from, to string) error {
			return root.Link(from, to)
		},
		rename: renameNoReplace,
	}
	if d.mode == 0 {
		d.mode = 0o600
	}
	if d.dirMode == 0 {
		d.dirMode = 0o700
	}
	if d.poll == 0 {
		d.poll = defaultPollInterval
	}
	if d.poll < 0 {
		return nil, errors.New("xmlrepo: DirOptions.PollInterval is negative")
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.mode&^fs.ModePerm != 0 || d.mode&0o400 == 0 {
		return nil, fmt.Errorf("xmlrepo: file mode %v: want permission bits only, and the owner able to read", d.mode)
	}
	if d.dirMode&^fs.ModePerm != 0 || d.dirMode&0o700 != 0o700 {
		return nil, fmt.Errorf("xmlrepo: directory mode %v: want permission bits only, and the owner able to read, write and search", d.dirMode)
	}
	return d, nil
}

// Path returns the absolute path of the directory.
func (d *Dir) Path() string { return d.path }

// Location implements Located: it is the path.
func (d *Dir) Location() string { return d.path }

// Remove implements Remover. Deletions are synced before it returns.
func (d *Dir) Remove(ctx context.Context, choose func([]Element) []Element) error {
	offered, err := d.Elements(ctx)
	if err != nil {
		return err
	}
	files := make(map[string]string, len(offered))
	for _, e := range offered {
		files[e.Name] = filepath.Base(e.Location)
	}
	names, err := ChosenNames(offered, choose)
	if err != nil || len(names) == 0 {
		return err
	}
	root, err := d.open()
	if err != nil || root == nil {
		return err
	}
	defer root.Close()
	for _, name := range names {
		if err = ctx.Err(); err != nil {
			err = fmt.Errorf("xmlrepo: remove: %w", err)
			break
		}
		if err = root.Remove(files[name]); errors.Is(err, fs.ErrNotExist) {
			err = nil
		} else if err != nil {
			err = d.fault(files[name], err)
			break
		}
	}
	// What was deleted before an error stays deleted, so sync in any case.
	if syncErr := syncDir(root); err == nil && syncErr != nil {
		err = d.fault("", syncErr)
	}
	return err
}

// open opens the directory anew, because another may have taken its place since
// the last time. It returns nil and no error when there is none.
func (d *Dir) open() (*os.Root, error) {
	var root *os.Root
	info, err := os.Stat(d.path)
	if err == nil && !info.IsDir() { // asked first: opening a named pipe blocks
		err = errNotDir
	}
	if err == nil {
		root, err = os.OpenRoot(d.path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		_, err := missing(d.path)
		return nil, err
	}
	if err != nil {
		return nil, d.fault("", err)
	}
	return root, nil
}

// missing returns the directories that have to be made before path exists, the
// topmost first. A link to nothing on the way is an error: it is a mount that
// was lost, not a directory that nobody made.
func missing(path string) ([]string, error) {
	var list []string
	for {
		_, err := os.Lstat(path)
		if err == nil {
			info, err := os.Stat(path)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				err = errDangling
			case err == nil && !info.IsDir():
				err = errNotDir
			}
			if err != nil {
				return nil, &FileError{Path: path, Err: bare(err)}
			}
			slices.Reverse(list)
			return list, nil
		}
		parent := filepath.Dir(path)
		if !errors.Is(err, fs.ErrNotExist) || parent == path {
			return nil, &FileError{Path: path, Err: bare(err)}
		}
		list = append(list, path)
		path = parent
	}
}

// fault returns err as the fault of the named file of the directory, or of the
// directory itself when name is empty.
func (d *Dir) fault(name string, err error) *FileError {
	return &FileError{Path: filepath.Join(d.path, name), Err: bare(err)}
}

// bare takes off what package os wraps around an error, a path that FileError
// says better.
func bare(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	var call *os.SyscallError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	case errors.As(err, &call):
		return call.Err
	}
	return err
}

// fault is what is wrong with a file when no system call says so.
type fault string

func (f fault) Error() string { return string(f) }

const (
	errNotDir   = fault("not a directory")
	errDangling = fault("a symbolic link to nothing")
	errEscapes  = fault("a symbolic link that leads out of the directory")
)
