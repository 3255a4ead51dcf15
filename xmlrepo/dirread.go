package xmlrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dataprotection.example/internal/xmldoc"
)

// Elements implements Repository. See Dir for what is read and what fails.
func (d *Dir) Elements(ctx context.Context) ([]Element, error) {
	var s scan
	for round := 0; ; round++ {
		trouble, err := d.scan(ctx, &s)
		if err != nil {
			return nil, err
		}
		if trouble == nil {
			return s.elements, nil
		}
		if round == len(d.waits) {
			return nil, trouble
		}
		if err := sleep(ctx, d.waits[round]); err != nil {
			return nil, fmt.Errorf("xmlrepo: read: %w (waiting for %w)", err, trouble)
		}
	}
}

// scan is one reading of the directory, which may take several rounds.
type scan struct {
	dir      fs.FileInfo        // the directory that was read
	done     map[string]outcome // what is read, by file name; nil while all is well
	elements []Element          // the result, ordered by file name
}

// outcome is what came of reading one file.
type outcome struct {
	element Element
	bytes   int // of the file
	err     error
	passing bool // err may go away by itself
}

// scan lists the directory and reads the files that s does not know yet. So a
// file that has vanished since is forgotten, and one that was renamed is found
// under its new name. It returns an error, or trouble that may pass, or
// neither: then s.elements is what the directory holds.
func (d *Dir) scan(ctx context.Context, s *scan) (trouble *FileError, err error) {
	root, err := d.open()
	if err != nil {
		return nil, err
	}
	if root == nil {
		*s = scan{}
		return nil, nil
	}
	defer root.Close()
	dir, err := root.Stat(".")
	if err != nil {
		return nil, d.fault("", err)
	}
	if s.dir != nil && !os.SameFile(s.dir, dir) {
		*s = scan{}
	}
	s.dir = dir
	l, err := d.list(ctx, root)
	if err != nil {
		return nil, err
	}
	outcomes, err := d.readAll(ctx, root, l.files, s.done)
	if err != nil {
		return nil, err
	}
	s.elements = make([]Element, 0, len(outcomes))
	s.done = nil
	for i, o := range outcomes {
		switch {
		case o.err == nil:
			s.elements = append(s.elements, o.element)
		case !o.passing:
			return nil, d.fault(l.files[i].name, o.err)
		case trouble == nil:
			trouble = d.fault(l.files[i].name, o.err)
		}
	}
	if trouble != nil {
		s.done = make(map[string]outcome, len(outcomes))
		for i, o := range outcomes {
			if o.err == nil {
				s.done[l.files[i].name] = o
			}
		}
	}
	return trouble, nil
}

// readAll reads the files that are not done, several at a time. It stops at the
// first one in the order of files whose error will not pass.
func (d *Dir) readAll(ctx context.Context, root *os.Root, files []entry, done map[string]outcome) ([]outcome, error) {
	outcomes := make([]outcome, len(files))
	var next, total atomic.Int64
	var stop atomic.Int64 // no file from here on matters
	stop.Store(math.MaxInt64)
	worker := func() {
		var buf bytes.Buffer
		for {
			i := next.Add(1) - 1
			if i >= int64(len(files)) || i > stop.Load() || ctx.Err() != nil || total.Load() > int64(d.limits.total) {
				return
			}
			o, known := done[files[i].name]
			if !known {
				o = d.read(root, files[i], &buf)
			}
			outcomes[i] = o
			total.Add(int64(o.bytes))
			for o.err != nil && !o.passing {
				old := stop.Load()
				if old <= i || stop.CompareAndSwap(old, i) {
					break
				}
			}
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		wg.Go(worker)
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("xmlrepo: read: %w", err)
	}
	if total.Load() > int64(d.limits.total) {
		return nil, d.fault("", fmt.Errorf("more than %d bytes of elements", d.limits.total))
	}
	if n := stop.Load(); n < int64(len(files)) {
		outcomes = slices.Clip(outcomes[:n+1])
	}
	return outcomes, nil
}

// read reads and parses one file. buf is scratch.
func (d *Dir) read(root *os.Root, e entry, buf *bytes.Buffer) outcome {
	f, err := d.openFile(root, e)
	if err != nil {
		gone := errors.Is(err, fs.ErrNotExist) || errors.Is(err, errDangling)
		return outcome{err: err, passing: gone || mayPass(err)}
	}
	defer f.Close()
	buf.Reset()
	n, err := buf.ReadFrom(io.LimitReader(f, int64(d.limits.file)+1))
	if err != nil {
		return outcome{err: err, passing: mayPass(err)}
	}
	if n > int64(d.limits.file) {
		return outcome{err: fmt.Errorf("larger than %d bytes", d.limits.file)}
	}
	xml, err := xmldoc.CompactDocument(buf.Bytes())
	if err != nil {
		// Perhaps a foreign writer has not finished it.
		return outcome{err: &malformedError{err}, passing: true}
	}
	return outcome{
		element: Element{
			Name:     e.name[:len(e.name)-len(ext)],
			XML:      xml,
			Location: filepath.Join(d.path, e.name),
		},
		bytes: int(n),
	}
}

// openFile opens what must be a regular file in the directory, or a link to
// one. Neither it nor reading the file can block: what the listing shows to be
// something else is not opened, and whatever has taken its place since is
// opened without waiting and then looked at.
func (d *Dir) openFile(root *os.Root, e entry) (*os.File, error) {
	name := e.name
	kind := e.kind
	if kind&fs.ModeSymlink != 0 {
		var err error
		if name, err = d.follow(root, name); err != nil {
			return nil, err
		}
		info, err := root.Stat(name)
		if err != nil {
			return nil, err
		}
		kind = info.Mode().Type()
	}
	if kind != 0 {
		return nil, wrongKind(kind)
	}
	f, err := root.OpenFile(name, os.O_RDONLY|openNonblock, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = wrongKind(info.Mode().Type())
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// wrongKind says what a thing named as an element is instead of a file.
func wrongKind(kind fs.FileMode) error {
	what := "no regular file"
	switch {
	case kind&fs.ModeDir != 0:
		what = "a directory"
	case kind&fs.ModeNamedPipe != 0:
		what = "a named pipe"
	case kind&fs.ModeSocket != 0:
		what = "a socket"
	case kind&fs.ModeDevice != 0:
		what = "a device"
	}
	return fault("not a file but " + what)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
