package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// store is where the ring is kept.
type store struct {
	repo   xmlrepo.Repository
	place  string // for messages
	absent bool   // nobody has ever written to it
}

// openStore finds the ring, which need not exist, and warns of its modes.
func (p *program) openStore() (*store, error) {
	s, err := p.findStore(xmlrepo.DirOptions{})
	if err == nil {
		p.warnOfLooseModes(s.place)
	}
	return s, err
}

// findStore finds the ring, which need not exist.
func (p *program) findStore(o xmlrepo.DirOptions) (*store, error) {
	path, err := p.ringDir()
	if err != nil {
		return nil, err
	}
	o.Now, o.Mode = p.now, modeOfRing(path)
	dir, err := xmlrepo.NewDir(path, o)
	if err != nil {
		return nil, err
	}
	s := &store{repo: dir, place: dir.Path()}
	_, err = os.Stat(s.place)
	s.absent = errors.Is(err, fs.ErrNotExist)
	return s, nil
}

// openForWriting is openStore for commands that may add to the ring.
func (p *program) openForWriting() (*store, error) {
	if err := p.mayWrite(); err != nil {
		return nil, err
	}
	s, err := p.openStore()
	if err == nil {
		p.warnOfOtherOwner(s.place)
	}
	return s, err
}

// openExisting is openStore for commands that do not begin a ring.
func (p *program) openExisting() (*store, error) {
	s, err := p.openStore()
	if err == nil && s.absent {
		return nil, s.missing(exitFailed)
	}
	return s, err
}

// missing says that there is no ring.
func (s *store) missing(status int) error {
	return &failure{status, fmt.Errorf("the key directory %s does not exist", s.place),
		"is --dir or $KEYCTL_DIR right? keyctl create makes the directory with its first key"}
}

// ringDir returns the directory that was asked for, else ASP.NET's own.
func (p *program) ringDir() (string, error) {
	if p.dir != "" {
		return p.dir, nil
	}
	if dir := p.getenv("KEYCTL_DIR"); dir != "" {
		return dir, nil
	}
	home, below := "HOME", []string{".aspnet", "DataProtection-Keys"}
	if runtime.GOOS == "windows" {
		home, below = "LOCALAPPDATA", []string{"ASP.NET", "DataProtection-Keys"}
	}
	root := p.getenv(home)
	if root == "" {
		return "", usagef("no key directory: neither --dir nor $KEYCTL_DIR nor $%s is set", home)
	}
	return filepath.Join(append([]string{root}, below...)...), nil
}

// options are those of every ring and manager of this run.
func (p *program) options() keyring.Options {
	o := keyring.Options{Now: p.now, AllowUnencryptedKeys: p.unencrypted}
	p.certificates.addTo(p, &o)
	return o
}

// read returns what an existing ring holds.
func (p *program) read(ctx context.Context) (*keyring.Listing, error) {
	l, _, err := p.readElements(ctx)
	return l, err
}

// readElements is read with the elements as they are stored.
func (p *program) readElements(ctx context.Context) (*keyring.Listing, []xmlrepo.Element, error) {
	s, err := p.openExisting()
	if err != nil {
		return nil, nil, err
	}
	w := &witness{Repository: s.repo}
	s.repo = w
	_, l, err := p.readRing(ctx, s)
	return l, w.elements, err
}

// readRing reads a ring that a manager is to change.
func (p *program) readRing(ctx context.Context, s *store) (*keyring.Manager, *keyring.Listing, error) {
	m, err := keyring.NewManager(s.repo, p.options())
	if err != nil {
		return nil, nil, err
	}
	l, err := m.Read(ctx)
	return m, l, unreadable(err)
}

// unreadable adds to the error of a read what to do about it.
func unreadable(err error) error {
	element, file := (*keyring.ElementError)(nil), (*xmlrepo.FileError)(nil)
	switch {
	case err == nil || errors.Is(err, fs.ErrPermission):
		return err
	case errors.Is(err, keyring.ErrEncryptorRequired):
		return failed(err, "give the servers' certificate with --certificate")
	case errors.As(err, &element), errors.As(err, &file) && filepath.Ext(file.Path) == ".xml":
		return failed(err, keyring.FindingOf(err).Fix)
	}
	return err
}
