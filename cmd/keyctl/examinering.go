package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// examineRing returns what is the matter with the elements of a ring, and the
// ring and what encrypts it; nil if it cannot be read. A reader stops at the first thing that must not
// be skipped. Who has to mend the ring wants to know all of them, and what else is
// wrong, so that each is taken away in thought until the rest can be read.
func (p *program) examineRing(ctx context.Context, s *store) ([]keyring.Finding, *keyring.Listing, []*encryption) {
	options := p.options()
	// So that a successor which is missing is told, whoever should make it.
	options.DisableAutomaticKeyGeneration = true
	look := func(repo xmlrepo.Repository) ([]keyring.Finding, *keyring.Listing, error) {
		m, err := keyring.NewManager(repo, options)
		if err != nil {
			return nil, nil, err
		}
		l, err := m.Read(ctx)
		return m.Examine(ctx), l, err
	}
	all, err := s.repo.Elements(ctx) // once: it waits for what may be half-written
	found, l, err := look(taken{all, err})
	if err == nil {
		by := encryptions(l.Keys, all)
		return append(p.encryptionFindings(found, by), certificateFindings(all, p.now())...), l, by
	}
	file, element := (*xmlrepo.FileError)(nil), (*keyring.ElementError)(nil)
	badFile, badElement := errors.As(err, &file), errors.As(err, &element)
	if badFile && (s.dir == "" || filepath.Dir(file.Path) != s.dir) || !badFile && !badElement {
		return found, nil, nil // the store itself, or one that is read as a whole
	}
	rest, faults := all, []keyring.Finding(nil)
	if s.dir != "" {
		rest, faults = readEach(s.dir)
	}
	for _, fault := range faults {
		if file == nil || fault.File != file.Path {
			found = append(found, fault)
		}
	}
	for len(rest) > 0 && ctx.Err() == nil {
		more, _, err := look(taken{rest, nil})
		if err == nil {
			return append(found, more...), nil, nil
		}
		if !errors.As(err, &element) {
			break
		}
		if !slices.Contains(found, more[0]) {
			found = append(found, more...)
		}
		rest = slices.DeleteFunc(rest, func(e xmlrepo.Element) bool { return e.Location == element.Location })
	}
	return found, nil, nil
}

// taken is what has been read of a ring. Nothing is stored in it.
type taken struct {
	all []xmlrepo.Element
	err error
}

// Elements returns what was read, or why it could not be.
func (t taken) Elements(context.Context) ([]xmlrepo.Element, error) {
	return slices.Clone(t.all), t.err
}

// Store fails.
func (taken) Store(context.Context, xmlrepo.Element) error { return fs.ErrInvalid }

// readEach reads the files of a key directory one by one, and says what is wrong
// with those that cannot be read.
func readEach(dir string) ([]xmlrepo.Element, []keyring.Finding) {
	var good []xmlrepo.Element
	var faults []keyring.Finding
	for _, name := range elementFiles(dir) {
		path := filepath.Join(dir, name)
		e, err := readElement(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, fs.ErrPermission):
			faults = append(faults, keyring.NewFinding(keyring.CodeUnreadableStore, path, "permission denied"))
		case err != nil:
			faults = append(faults, keyring.ElementFinding(path, plain(err)))
		default:
			good = append(good, e)
		}
	}
	return good, faults
}

// elementFiles returns the names in a key directory that stand for elements.
func elementFiles(dir string) []string {
	entries, _ := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".xml" {
			names = append(names, e.Name())
		}
	}
	return names
}

// maxElement is how many bytes a file may have, for Dir too.
const maxElement = 1 << 20

// readElement reads one file as xmlrepo.Dir does, except that nobody may still be
// writing it.
func readElement(path string) (xmlrepo.Element, error) {
	if err := checkLink(path); err != nil {
		return xmlrepo.Element{}, err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return xmlrepo.Element{}, bare(err)
	case !info.Mode().IsRegular():
		return xmlrepo.Element{}, errors.New("not a file")
	case info.Size() > maxElement:
		return xmlrepo.Element{}, fmt.Errorf("larger than %d bytes", maxElement)
	}
	f, err := os.Open(path)
	if err != nil {
		return xmlrepo.Element{}, bare(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxElement+1))
	if err != nil {
		return xmlrepo.Element{}, bare(err)
	}
	// A store takes what is well-formed, and gives it back as a reader wants it.
	scratch, ctx := xmlrepo.NewMemory(), context.Background()
	if err := scratch.Store(ctx, xmlrepo.Element{Name: "it", XML: text}); err != nil {
		return xmlrepo.Element{}, err
	}
	all, err := scratch.Elements(ctx)
	if err != nil {
		return xmlrepo.Element{}, err
	}
	all[0].Name, all[0].Location = filepath.Base(path[:len(path)-len(".xml")]), path
	return all[0], nil
}

// checkLink refuses a link that leads nowhere, or out of its directory.
func checkLink(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return bare(err)
	}
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("a symbolic link to nothing")
	}
	dir, dirErr := filepath.EvalSymlinks(filepath.Dir(path))
	if err := errors.Join(err, dirErr); err != nil {
		return bare(err)
	}
	if rel, err := filepath.Rel(dir, target); err != nil || !filepath.IsLocal(rel) {
		return errors.New("a symbolic link that leads out of the directory")
	}
	return nil
}

// bare is an error without the path, which is told beside it.
func bare(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}
