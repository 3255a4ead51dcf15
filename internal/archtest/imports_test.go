package archtest

import (
	"path"
	"slices"
	"strings"
)

// rooms says which packages of this module each package may import, tests
// apart: xmlrepo ← keyring ← protector, and internal packages import no room.
// "x/..." stands for every package below x without a line of its own.
var rooms = map[string][]string{
	"xmlrepo":     {"internal/xmldoc", "internal/pollwatch"},
	"xmlrepo/...": {"xmlrepo", "internal/xmldoc", "internal/elementtext", "internal/pollwatch"},

	"keyring":        {"xmlrepo", "internal/authenc", "internal/dotnet", "internal/secret", "internal/xmldoc"},
	"keyring/...":    {"keyring"},
	"keyring/atrest": {"xmlrepo", "keyring", "internal/secret", "internal/xmldoc", "internal/xmlenc"},

	"protector":         {"xmlrepo", "keyring", "internal/dotnet"},
	"protector/...":     {"protector", "keyring", "internal/dotnet"},
	"protector/cookies": {"protector", "protector/authticket", "keyring"},

	"cmd/keyctl":   {"xmlrepo", "xmlrepo/...", "keyring", "keyring/...", "protector", "protector/...", "internal/dotnet", "internal/secret"},
	"internal/...": {"internal/...", "testdata", "testdata/dotnet"},

	"testdata":     {},
	"testdata/...": {},

	// Examples show what anybody can do: no internal packages.
	"examples/...": {"xmlrepo", "xmlrepo/...", "keyring", "keyring/...", "protector", "protector/...", "testdata"},
}

// gates says which files may import a third party: folders, or patterns of
// files. Tests may use any module that has a gate.
var gates = map[string][]string{
	"github.com/fsnotify/fsnotify":       {"xmlrepo/dirwatch.go"},
	"github.com/beevik/etree":            {"internal/xmldoc", "internal/xmlenc", "internal/elementtext", "keyring/*.go", "keyring/atrest"},
	"github.com/google/uuid":             {"keyring", "protector", "internal/dotnet", "cmd/keyctl", "examples", "testdata"},
	"github.com/spf13/cobra":             {"cmd/keyctl"},
	"github.com/spf13/pflag":             {"cmd/keyctl"},
	"golang.org/x/term":                  {"cmd/keyctl"},
	"golang.org/x/sys":                   {"xmlrepo/dir*.go"},
	"go.opentelemetry.io/otel":           {"keyring/metrics/otelmetrics"},
	"software.sslmate.com/src/go-pkcs12": {"keyring/atrest"},
	"github.com/ThalesGroup/crypto11":    {}, // of a test behind a build tag

	// A store's client is the affair of the package of that store.
	// keyctl brings one for every store.
	"github.com/redis/go-redis/v9":   {"xmlrepo/*/*.go", "cmd/keyctl/store*.go", "cmd/keyctl/main.go"},
	"github.com/jackc/pgx/v5":        {"xmlrepo/sqlrepo/pgxlisten", "cmd/keyctl/store*.go"},
	"github.com/go-sql-driver/mysql": {"cmd/keyctl/store*.go"},
	"modernc.org/sqlite":             {"cmd/keyctl/storesql.go"},

	"github.com/alexedwards/scs/v2":   {"examples"},
	"github.com/chromedp/cdproto":     {"internal/browsertest"},
	"github.com/chromedp/chromedp":    {"internal/browsertest"},
	"github.com/gorilla/securecookie": {},
	"github.com/gorilla/sessions":     {},
	"github.com/rogpeppe/go-internal": {},
	"pgregory.net/rapid":              {},
}

// testSupport are the packages that only tests import, by their names.
const testSupport = "internal/*test/*.go"

// standard is the same for packages of the standard library that have a place.
var standard = []struct {
	name    string
	imports []string
	files   []string
	instead string
}{
	{
		"files",
		[]string{"os", "os/exec", "io/ioutil", "syscall"},
		[]string{"xmlrepo/dir*.go", "keyring/atrest", "cmd", "examples", "testdata", testSupport},
		"files are the business of xmlrepo.Dir, the command and the examples; everybody else is given bytes",
	},
	{
		"logs",
		[]string{"log", "log/slog"},
		[]string{"xmlrepo", "keyring", "cmd", "examples", "internal/secret"},
		"only keyring and the stores log, to the logger in their options; others return errors",
	},
	{
		"ciphers",
		[]string{"crypto/aes", "crypto/cipher", "crypto/hmac"},
		[]string{"internal/authenc", "internal/xmlenc", "keyring/atrest"},
		"authenticated encryption is internal/authenc's; XML Encryption is internal/xmlenc's",
	},
	{
		"XML",
		[]string{"encoding/xml"},
		[]string{"internal/xmldoc"},
		"internal/xmldoc is the only parser and printer of XML",
	},
	{
		"unsafe",
		[]string{"unsafe", "C", "plugin", "math/rand"},
		nil,
		"there is no cgo, no unsafe and no math/rand (crypto/rand for secrets, math/rand/v2 for jitter)",
	},
}

func importRules() []rule {
	all := []rule{
		{
			name:    "rooms",
			instead: "xmlrepo ← keyring ← protector, codecs below, commands above: move the code down, or pass what it needs as an argument",
			check:   checkRooms,
			broken: []planted{
				{"xmlrepo/x.go", `package xmlrepo; import _ "dataprotection.example/keyring"`},
				{"internal/dotnet/x.go", `package dotnet; import _ "dataprotection.example/keyring"`},
				{"keyring/x.go", `package keyring; import _ "dataprotection.example/protector"`},
				{"examples/quickstart/x.go", `package main; import _ "dataprotection.example/internal/dotnet"`},
				{"newroom/x.go", `package newroom`},
			},
		},
		{
			name:    "third parties",
			instead: "one gate for each third party: call the package that has it; a new one needs a line in the gates",
			check:   checkGates,
			broken: []planted{
				{"protector/x.go", `package protector; import _ "github.com/beevik/etree"`},
				{"xmlrepo/dir.go", `package xmlrepo; import _ "github.com/fsnotify/fsnotify"`},
				{"keyring/x.go", `package keyring; import _ "pgregory.net/rapid"`},
				{"keyring/x_test.go", `package keyring; import _ "example.org/somebody/new"`},
			},
		},
	}
	for _, s := range standard {
		all = append(all, rule{
			name:    s.name,
			instead: s.instead,
			check: func(tr *tree, report reporter) {
				for f := range tr.goFiles(false) {
					for pos, name := range f.imports {
						if slices.Contains(s.imports, name) && !allowed(f.path, s.files) {
							report(tr.at(f, pos), "imports "+name)
						}
					}
				}
			},
			broken: []planted{{"protector/x.go", `package protector; import _ "` + s.imports[0] + `"`}},
		})
	}
	return all
}

func checkRooms(tr *tree, report reporter) {
	for f := range tr.goFiles(false) {
		may, known := roomOf(f.dir())
		if !known {
			report(f.path, "is in a package that the table of rooms does not know")
			continue
		}
		for pos, name := range f.imports {
			to, ours := strings.CutPrefix(name, module+"/")
			if ours && !slices.ContainsFunc(may, func(pattern string) bool { return matches(pattern, to) }) {
				report(tr.at(f, pos), "imports "+to)
			}
		}
	}
}

// roomOf returns what the table says of a package: its own line, else that of
// the closest folder above.
func roomOf(pkg string) (may []string, known bool) {
	if may, known = rooms[pkg]; known {
		return may, true
	}
	for above := path.Dir(pkg); above != "."; above = path.Dir(above) {
		if may, known = rooms[above+"/..."]; known {
			return may, true
		}
	}
	return nil, false
}

// matches reports whether a pattern of the table stands for a package.
func matches(pattern, pkg string) bool {
	above, many := strings.CutSuffix(pattern, "/...")
	return pattern == pkg || many && strings.HasPrefix(pkg, above+"/")
}

func checkGates(tr *tree, report reporter) {
	for f := range tr.goFiles(true) {
		for pos, name := range f.imports {
			host, _, _ := strings.Cut(name, "/")
			if !strings.Contains(host, ".") || under(name, module) {
				continue
			}
			gate, known := gateOf(name)
			if !known || !f.isTest() && !allowed(f.path, gate) {
				report(tr.at(f, pos), "imports "+name)
			}
		}
	}
}

func gateOf(name string) ([]string, bool) {
	for lib, files := range gates {
		if under(name, lib) {
			return files, true
		}
	}
	return nil, false
}

// allowed reports whether a file is among places: folders with what is below
// them, or patterns of files.
func allowed(name string, places []string) bool {
	return under(name, places...) || slices.ContainsFunc(places, func(pattern string) bool {
		ok, _ := path.Match(pattern, name)
		return ok
	})
}
