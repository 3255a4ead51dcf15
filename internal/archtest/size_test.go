package archtest

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const maxLines = 400

// entries is all that may lie at the top.
var entries = []string{
	".ci", ".gitattributes", ".gitignore",
	"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md",
	"cmd", "docs", "examples", "go.mod", "go.sum", "internal", "keyring", "protector",
	"testdata", "xmlrepo",
}

// machinePath finds places that exist on somebody's machine only.
var machinePath = regexp.MustCompile(`(?i)(^|[^a-z0-9_.$}-])((/(root|work|home/\w+|users/\w+)/)|([a-z]:\\users\\\w))`)

func treeRules() []rule {
	return []rule{
		{
			name:    "short files",
			instead: fmt.Sprintf("a file has at most %d lines: find the two things that it does, and give each its file", maxLines),
			check: func(tr *tree, report reporter) {
				for f := range tr.goFiles(true) {
					if n := bytes.Count(f.text, []byte("\n")); n > maxLines {
						report(f.path, fmt.Sprintf("has %d lines", n))
					}
				}
			},
			broken: []planted{{"keyring/x.go", "package keyring\n" + strings.Repeat("\n", maxLines)}},
		},
		{
			name:    "the top",
			instead: "programs go to cmd or examples, documents to docs, codecs to internal; there is no root package, no pkg and no Makefile",
			check: func(tr *tree, report reporter) {
				for _, f := range tr.files {
					if top, _, _ := strings.Cut(f.path, "/"); !slices.Contains(entries, top) {
						report(f.path, "does not belong at the top")
					}
				}
			},
			broken: []planted{
				{"dataprotection.go", "package dataprotection"},
				{"pkg/x/x.go", "package x"},
				{"Makefile", "all:"},
			},
		},
		{
			name:    "names that say something",
			instead: "name a package after what it knows",
			check: func(tr *tree, report reporter) {
				for _, f := range tr.files {
					for folder := range strings.SplitSeq(f.dir(), "/") {
						if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "lib"}, folder) {
							report(f.path, "is in a package called "+folder)
						}
					}
				}
			},
			broken: []planted{{"internal/util/x.go", "package util"}},
		},
		{
			name:    "no machine's paths",
			instead: "use t.TempDir, a path from the repository's root, or an invented one such as /srv/app",
			check: func(tr *tree, report reporter) {
				for _, f := range tr.files {
					if f.isBinary() || f.path == "internal/archtest/size_test.go" { // this file shows some
						continue
					}
					for i, line := range bytes.Split(f.text, []byte("\n")) {
						if found := machinePath.Find(line); found != nil {
							report(fmt.Sprintf("%s:%d", f.path, i+1), fmt.Sprintf("holds %q", found))
						}
					}
				}
			},
			broken: []planted{
				{"README.md", "cd /home/anna/ring"},
				{"docs/X.md", "it lies in /root/keys"},
				{"testdata/x.txt", `C:\Users\anna\keys`},
			},
		},
	}
}
