package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

const module = "dataprotection.example"

// tree is the repository: every file that belongs to it, Go files parsed,
// whatever system or build tag they are for.
type tree struct {
	fset  *token.FileSet
	files []*file
}

type file struct {
	path string // from the repository's root, with slashes
	text []byte
	ast  *ast.File // nil unless it is Go
}

// at names a place in f for a person.
func (tr *tree) at(f *file, pos token.Pos) string {
	return f.path + ":" + strconv.Itoa(tr.fset.Position(pos).Line)
}

func (tr *tree) add(name string, text []byte) error {
	f := &file{path: name, text: text}
	if path.Ext(name) == ".go" {
		parsed, err := parser.ParseFile(tr.fset, name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		f.ast = parsed
	}
	tr.files = append(tr.files, f)
	return nil
}

// goFiles yields the Go files, with or without those of tests.
func (tr *tree) goFiles(tests bool) func(yield func(*file) bool) {
	return func(yield func(*file) bool) {
		for _, f := range tr.files {
			if f.ast != nil && (tests || !f.isTest()) && !yield(f) {
				return
			}
		}
	}
}

func (f *file) dir() string    { return path.Dir(f.path) }
func (f *file) isTest() bool   { return strings.HasSuffix(f.path, "_test.go") }
func (f *file) isBinary() bool { return !utf8.Valid(f.text) || slices.Contains(f.text, 0) }

// imports yields the import paths of f with their places.
func (f *file) imports(yield func(token.Pos, string) bool) {
	for _, spec := range f.ast.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err == nil && !yield(spec.Pos(), name) {
			return
		}
	}
}

// under reports whether a path is one of roots or lies below one.
func under(p string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return p == root || strings.HasPrefix(p, root+"/")
	})
}

// repository reads what belongs to the repository: what git tracks or would
// track, and without git whatever lies there.
func repository(t *testing.T) *tree {
	t.Helper()
	root := filepath.Join("..", "..")
	tr := &tree{fset: token.NewFileSet()}
	for _, name := range names(t, root) {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if os.IsNotExist(err) {
			continue // deleted, and not yet committed as such
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.add(name, text); err != nil {
			t.Fatal(err)
		}
	}
	return tr
}

func names(t *testing.T, root string) []string {
	t.Helper()
	git := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	git.Dir = root
	if out, err := git.Output(); err == nil {
		found := strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
		noteFolders(t, root, found)
		return found
	}
	var found []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err = filepath.Rel(root, name)
		found = append(found, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// noteFolders opens the folders that git has listed for us. go test reuses a
// result until something changes that the test itself has opened, and a new
// file must not go unseen.
func noteFolders(t *testing.T, root string, names []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, name := range names {
		folder := path.Dir(name)
		if seen[folder] {
			continue
		}
		seen[folder] = true
		if _, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(folder))); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}
