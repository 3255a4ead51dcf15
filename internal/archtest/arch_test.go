package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rule is one rule of the architecture.
type rule struct {
	name    string
	instead string // where to go instead
	check   func(tr *tree, report reporter)
	broken  []planted // each of them breaks the rule
}

type planted struct{ path, text string }

// reporter is told of a breach: where, and what.
type reporter func(where, what string)

func rules() []rule { return slices.Concat(importRules(), codeRules(), treeRules()) }

func TestTheRulesHold(t *testing.T) {
	t.Parallel()
	tr := repository(t)
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			r.check(tr, func(where, what string) { t.Errorf("%s: %s\n\t%s", where, what, r.instead) })
		})
	}
}

func TestARuleNoticesWhatBreaksIt(t *testing.T) {
	t.Parallel()
	for _, r := range rules() {
		if len(r.broken) == 0 {
			t.Errorf("%s: nothing shows that this rule can fail", r.name)
		}
		for _, p := range r.broken {
			t.Run(r.name+"/"+p.path, func(t *testing.T) {
				t.Parallel()
				tr := &tree{fset: token.NewFileSet()}
				if err := tr.add(p.path, []byte(p.text)); err != nil {
					t.Fatal(err)
				}
				noticed := false
				r.check(tr, func(string, string) { noticed = true })
				if !noticed {
					t.Errorf("%s: passes with\n%s", p.path, p.text)
				}
			})
		}
	}
}

// listed is what go list tells of a package.
type listed struct {
	ImportPath string
	Deps       []string
}

// reach names what a package must not reach, by whatever way; "*" stands for
// anything without a slash.
var reach = []struct {
	from    []string
	never   []string
	instead string
}{
	{
		[]string{"xmlrepo", "keyring", "protector"},
		[]string{"net/http", "expvar", "os/exec", "testing", "github.com/spf13/cobra", "go.opentelemetry.io/otel"},
		"who serves HTTP, exports metrics or parses flags imports the rooms, and not the other way round",
	},
	{
		[]string{"xmlrepo", "keyring", "protector", "cmd/keyctl"},
		[]string{"pgregory.net/rapid", "github.com/rogpeppe/go-internal/testscript", module + "/internal/*test"},
		"what only tests need stays in files that end in _test.go",
	},
}

func TestWhatAPackageReaches(t *testing.T) {
	t.Parallel()
	packages := list(t)
	for _, r := range reach {
		for _, from := range r.from {
			deps, ok := packages[module+"/"+from]
			if !ok {
				t.Errorf("there is no package %s", from)
			}
			for _, never := range r.never {
				for _, dep := range deps {
					if match, _ := path.Match(never, dep); match {
						t.Errorf("%s reaches %s\n\t%s", from, dep, r.instead)
					}
				}
			}
		}
	}
	// The same question must be able to fail.
	if !slices.Contains(packages[module+"/keyring"], module+"/xmlrepo") {
		t.Error("go list does not tell what keyring reaches")
	}
}

// list asks go list for every package and what it reaches.
func list(t *testing.T) map[string][]string {
	t.Helper()
	command := exec.Command("go", "list", "-deps", "-json=ImportPath,Deps", "./...")
	command.Dir = filepath.Join("..", "..")
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string][]string{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.ImportPath, module) {
			packages[p.ImportPath] = p.Deps
		}
	}
}
