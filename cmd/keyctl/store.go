package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// store is where the ring is kept.
type store struct {
	repo   xmlrepo.Repository
	place  string // for messages: a path, or a URL without password
	what   string // it is, such as "key directory"
	dir    string // the directory; empty for every other kind of store
	file   string // a file that is missing, of a store that has one
	origin string // what named it; empty: --dir or --store, or their variables
	absent bool   // nobody has ever written to it
	poll   time.Duration

	begin   func(ctx context.Context) error                      // makes what Store does not; nil: nothing
	examine func(ctx context.Context) ([]keyring.Finding, error) // what the server has to say; nil: nothing
}

// findStore finds the ring, which need not exist.
func (p *program) findStore(ctx context.Context, o storeOptions) (*store, error) {
	l, err := p.ringLocation()
	if err != nil {
		return nil, err
	}
	return p.open(ctx, l, o)
}

// openStore is findStore with a warning of the directory's modes.
func (p *program) openStore(ctx context.Context) (*store, error) {
	s, err := p.findStore(ctx, storeOptions{})
	if err == nil {
		p.warnOfLooseModes(s)
	}
	return s, err
}

// openForWriting is openStore for commands that may add to the ring.
func (p *program) openForWriting(ctx context.Context) (*store, error) {
	if err := p.mayWrite(); err != nil {
		return nil, err
	}
	s, err := p.openStore(ctx)
	if err != nil {
		return nil, err
	}
	return s, p.prepare(ctx, s)
}

// prepare makes sure that something can be stored, and warns of what is to be
// known before.
func (p *program) prepare(ctx context.Context, s *store) error {
	p.warnOfStore(ctx, s)
	return p.begin(ctx, s)
}

// begin makes a table that is not there, if that was asked for.
func (p *program) begin(ctx context.Context, s *store) error {
	if !s.absent || s.begin == nil {
		return nil
	}
	if !p.createTable {
		missing := fmt.Errorf("there is no %s in %s", s.what, s.place)
		if s.file != "" {
			missing = fmt.Errorf("there is no file %s", s.file)
		}
		return failed(missing, "if this is the right database, --create-table makes it as Entity Framework would")
	}
	if err := s.begin(ctx); err != nil {
		return fmt.Errorf("%s: %w", s.place, err)
	}
	p.note("made the %s in %s", s.what, s.place)
	s.absent = false
	return nil
}

// warnOfStore tells what doctor would warn of.
func (p *program) warnOfStore(ctx context.Context, s *store) {
	p.warnOfOtherOwner(s)
	if s.examine == nil {
		return
	}
	found, _ := s.examine(ctx) // who cannot be asked has failed to answer before, or will
	for _, f := range found {
		if f.Level == keyring.LevelWarning {
			p.warn("%s", f.Message)
		}
	}
}

// begun says that a ring was begun where there was none.
func (p *program) begun(s *store) {
	switch {
	case s.absent && s.dir != "":
		p.note("made the key directory %s", s.place)
	case s.absent:
		p.note("began the ring in %s", s.place)
	}
}

// openExisting is openStore for commands that do not begin a ring.
func (p *program) openExisting(ctx context.Context) (*store, error) {
	s, err := p.openStore(ctx)
	if err == nil && s.absent {
		return nil, s.missing(exitFailed)
	}
	return s, err
}

// missing says that there is no ring.
func (s *store) missing(status int) error {
	if s.dir != "" {
		return &failure{status, fmt.Errorf("the key directory %s does not exist", s.place),
			s.isItRight() + " keyctl create makes the directory with its first key"}
	}
	if s.file != "" {
		return &failure{status, fmt.Errorf("there is no file %s", s.file), s.isItRight() + " keyctl create --create-table makes it with its first key"}
	}
	hint := s.isItRight() + " keyctl create begins a ring"
	if s.begin != nil {
		hint += ", with --create-table"
	}
	return &failure{status, fmt.Errorf("there is no %s in %s", s.what, s.place), hint}
}

// missingFinding is missing for doctor.
func (s *store) missingFinding() keyring.Finding {
	if s.dir != "" {
		return keyring.NewFinding(keyring.CodeMissingDirectory, s.place, "the key directory does not exist")
	}
	return keyring.NewFinding(keyring.CodeMissingStore, s.place, "there is no "+s.what)
}

// isItRight asks what is often the cause.
func (s *store) isItRight() string {
	if s.origin != "" {
		return "is " + s.origin + " right?"
	}
	if s.dir != "" {
		return "is --dir or $KEYCTL_DIR right?"
	}
	return "is --store or $KEYCTL_STORE right?"
}

// unreachable says that the server could not be asked.
func (s *store) unreachable(err error) error {
	hint, err := whyUnreachable(err)
	if hint == "" {
		hint = s.isItRight()
	}
	return failed(fmt.Errorf("%s: %w", s.place, err), hint)
}

// atEnd does something when the command is over.
func (p *program) atEnd(do func()) { p.closing = append(p.closing, do) }

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
	s, err := p.openExisting(ctx)
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
