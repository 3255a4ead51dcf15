// Package xmlrepo keeps XML elements: the keys and revocations of a key ring.
// It knows that they are XML and nothing else about them. What an element
// means, which of them count and which have expired is for package keyring.
//
// A [Repository] is a bag of named elements that any number of processes share.
// It has two verbs, read everything and add one, and two rules. Reading gives
// every element or an error, because the one that is missing may be the
// revocation of a stolen key. Adding never replaces, because a replaced element
// is a key lost, and with it every payload that it protected. From these two
// rules follows what a farm of servers needs without a lock: an element, once
// stored, stays what it is, and whoever reads later sees it.
//
// What only some stores can do is in interfaces of its own, found by a type
// assertion: [Remover] deletes, [Watcher] tells of changes, [Fingerprinter]
// says cheaply that nothing has changed, [Located] says where it is. [Replacer] breaks the second rule for
// the one purpose that needs it, encrypting stored keys to another certificate.
//
// [Dir] is the directory that ASP.NET Core calls FileSystemXmlRepository, file
// for file and byte for byte. [Memory] lives and dies with the process.
// Package repotest holds the conformance suite for these and any other store.
package xmlrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"

	"dataprotection.example/internal/xmldoc"
)

// Element is one stored XML element.
type Element struct {
	// Name identifies the element in its store: "key-{guid}",
	// "revocation-{guid}" or "revocation-{date}" as ASP.NET names them, or
	// whatever else a foreign writer chose. It says nothing about the
	// content. Store accepts only names that pass CheckName; Elements also
	// returns others when it finds them.
	//
	// A store may keep no names, as a Redis list does not. There the name
	// comes from the content: for keys and revocations it is the one above,
	// and it is that name that may be taken, whatever Store is given.
	Name string

	// XML is the element as UTF-8 text: one root with its content, no byte
	// order mark, no declaration, no formatting, an empty element written
	// "<x />". This is what .NET's XElement.ToString gives with
	// SaveOptions.DisableFormatting. It may hold a plaintext master key.
	XML []byte `json:"-"`

	// Location is where a person finds the element, for instance the path
	// of its file. Elements sets it where the store has such a thing; Store
	// ignores it.
	Location string
}

// Format prints an element by its name, whatever the verb: XML may hold a key.
func (e Element) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "element %q", e.Name) }

// LogValue is the name, for package slog.
func (e Element) LogValue() slog.Value { return slog.StringValue(e.Name) }

// Repository stores elements. It is the sibling of .NET's IXmlRepository.
//
// Its methods are safe for concurrent use by goroutines and, where the store
// outlives the process, by processes on any number of machines.
type Repository interface {
	// Elements returns every element of the store, or an error and no
	// elements. A store that was never written to has none, and that is no
	// error. The order carries no meaning. The elements are the caller's: no
	// later call changes them, and changing them changes nothing here.
	//
	// An element stored by anyone before the call began is among the result,
	// unless it has been removed. One that a single file or row holds, but
	// that is not one well-formed element, is an error that tells which.
	Elements(ctx context.Context) ([]Element, error)

	// Store adds one element, and when it returns nil the element survives
	// whatever the store survives: the process, for a directory also the
	// power. It never replaces: a name that is taken gives an error that is
	// ErrExist, whatever holds the name and even if its content is the same.
	// Of several Stores of one name at the same time exactly one succeeds.
	//
	// Nobody ever reads a part of the element. After an error other than
	// ErrExist the element is normally absent, but may be there when the
	// error came after the moment of publishing, such as a failed sync or a
	// lost connection; whoever needs to know reads again.
	//
	// The name must pass CheckName, and XML must be one well-formed element
	// without a document type, spelled in any way; it comes back in the form
	// that Element describes. Store keeps no reference to XML.
	Store(ctx context.Context, e Element) error
}

// Remover is a Repository that can delete elements. It is the sibling of .NET's
// IDeletableXmlRepository.
type Remover interface {
	// Remove calls choose once with every element, as Elements returns them,
	// and deletes the ones that choose returns, one after the other in that
	// order. Elements are told apart by their Name; one that was not among
	// those offered is an error, and then nothing is deleted.
	//
	// An element that is already gone, or is chosen twice, is no error. The
	// first deletion that fails ends the call: what comes before it in the
	// order is deleted, what comes after it is not. When choose returns
	// nothing, nothing happens. choose may use the repository.
	Remove(ctx context.Context, choose func([]Element) []Element) error
}

// Watcher is a Repository that tells of changes.
type Watcher interface {
	// Watch returns a channel that receives a value after the store has
	// changed, whoever changed it, this process included. Changes that
	// follow each other quickly may give one value, and a value may come
	// without a change; but once a change has been made, a value arrives
	// that was sent after it. A receiver that is slow delays nobody.
	//
	// The channel is closed when ctx is done, and not before.
	Watch(ctx context.Context) (<-chan struct{}, error)
}

// Fingerprinter is a Repository that can tell, at a fraction of the cost of
// Elements, that nothing has changed.
type Fingerprinter interface {
	// Fingerprint returns a short text for the present state of the store.
	// Two equal texts of one store that are not empty mean that Elements
	// would have returned the same at both times. The empty text means that
	// the store cannot tell at the moment, for instance because a change is
	// more recent than its clock resolves; it equals nothing, not even
	// another empty text.
	//
	// To know what a fingerprint vouches for, take it before the call of
	// Elements and not after.
	Fingerprint(ctx context.Context) (string, error)
}

// Located is a Repository that tells where it is.
type Located interface {
	// Location returns where a person finds the store: the path of a directory,
	// or what the Location of its elements begins with, such as
	// "sql table DataProtectionKeys".
	Location() string
}

// ErrExist says that the name of an element to be stored is taken. It wraps
// fs.ErrExist.
var ErrExist error = existError{}

type existError struct{}

func (existError) Error() string { return "xmlrepo: an element of this name already exists" }
func (existError) Unwrap() error { return fs.ErrExist }

// ErrMalformed says that something is not one well-formed element: what is to be
// stored or, inside a FileError, what a file, a row or a value holds.
var ErrMalformed = errors.New("xmlrepo: malformed XML")

// FileError is an error with the file or the directory at fault, or the place
// in a store that has no files. errors.Is and errors.As see through it, to
// fs.ErrPermission, syscall.ENOSPC, ErrExist, ErrMalformed and the like.
type FileError struct {
	Path string // absolute, or the Location of an element
	Err  error
}

// Error returns the path and the cause.
func (e *FileError) Error() string {
	return "xmlrepo: " + e.Path + ": " + strings.TrimPrefix(e.Err.Error(), "xmlrepo: ")
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Malformed returns the error of an XML parser as one that is ErrMalformed.
func Malformed(err error) error { return &malformedError{err} }

type malformedError struct{ err error }

func (e *malformedError) Error() string {
	return "malformed XML: " + strings.TrimPrefix(e.err.Error(), "xmldoc: ")
}

func (e *malformedError) Unwrap() error { return e.err }

func (e *malformedError) Is(target error) bool { return target == ErrMalformed }

// Normalize returns e with its XML in the form that Element describes, in memory
// of its own. The errors are those that Store has to return for a name that does
// not pass CheckName and for XML that is not one well-formed element. It is what
// a Store does first.
func Normalize(e Element) (Element, error) {
	if err := CheckName(e.Name); err != nil {
		return Element{}, err
	}
	xml, err := xmldoc.CompactDocument(e.XML)
	if err != nil {
		return Element{}, fmt.Errorf("xmlrepo: element %q: %w", e.Name, Malformed(err))
	}
	e.XML = xml
	return e, nil
}

// ChosenNames calls choose and returns the names of what it chose, in its
// order, after checking that each was offered. It is what a Remove does with the
// elements it has read, before anything is deleted; it also keeps a name such as
// "../x" away from the file system.
func ChosenNames(offered []Element, choose func([]Element) []Element) ([]string, error) {
	known := make(map[string]bool, len(offered))
	for _, e := range offered {
		known[e.Name] = true
	}
	chosen := choose(offered)
	names := make([]string, 0, len(chosen))
	for _, e := range chosen {
		if !known[e.Name] {
			return nil, fmt.Errorf("xmlrepo: the element %q was chosen for removal, but was not offered", e.Name)
		}
		names = append(names, e.Name)
	}
	return names, nil
}

// CheckName returns an error unless name can name an element to be stored: at
// least one character, and only A-Z, a-z, 0-9, '-' and '_'. The rule is .NET's.
// There a name that breaks it is silently replaced by a random one; here it is
// refused.
func CheckName(name string) error {
	if name == "" {
		return errors.New("xmlrepo: the name of an element is empty")
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return fmt.Errorf("xmlrepo: the name %q of an element has a character other than A-Z, a-z, 0-9, '-' and '_'", name)
		}
	}
	return nil
}
