package archtest

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

func codeRules() []rule {
	return []rule{
		{
			name:    "clocks",
			instead: "time comes from Options.Now, so that tests can set it; time.Now may only be what a nil Now means (now = time.Now)",
			check:   checkClocks,
			broken: []planted{
				{"keyring/policy.go", `package keyring; import "time"; func f() time.Time { return time.Now() }`},
				{"internal/dotnet/x.go", `package dotnet; import "time"; func f() { now := time.Now; _ = now }`},
				{"protector/x.go", `package protector; import "time"; func f(t time.Time) { _ = time.Since(t) }`},
			},
		},
		{
			name:    "no init",
			instead: "nothing happens before main: build what you need where it is used, or make it a constant table",
			check: func(tr *tree, report reporter) {
				for f := range tr.goFiles(true) {
					for _, d := range f.ast.Decls {
						if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
							report(tr.at(f, fn.Pos()), "declares init")
						}
					}
				}
			},
			broken: []planted{{"keyring/x_test.go", `package keyring; func init() {}`}},
		},
		{
			name:    "no globals",
			instead: "put it into a struct that somebody constructs; only errors, embedded files, expressions and constant tables are package variables",
			check:   checkGlobals,
			broken: []planted{
				{"keyring/x.go", `package keyring; var cache = map[string]int{}`},
				{"keyring/y.go", `package keyring; import "sync"; var mu sync.Mutex`},
				{"keyring/z.go", `package keyring; var Default = New()`},
				{"keyring/w.go", `package keyring; var count int`},
				{"cmd/keyctl/root.go", `package main; var root = &cobra.Command{}`},
			},
		},
		{
			name:    "nothing prints",
			instead: "only the command and the examples print; others return errors or log through their options",
			check:   checkPrints,
			broken: []planted{
				{"keyring/x.go", `package keyring; import "fmt"; func f() { fmt.Println() }`},
				{"protector/x.go", `package protector; func f() { println() }`},
			},
		},
	}
}

// checkClocks lets only commands and examples call time.Now, and lets the
// packages with options mention it as the value of a function.
func checkClocks(tr *tree, report reporter) {
	for f := range tr.goFiles(false) {
		if allowed(f.path, []string{"cmd", "examples", testSupport}) {
			continue
		}
		called := map[ast.Expr]bool{}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				called[n.Fun] = true
			case *ast.SelectorExpr:
				switch name := qualified(n); {
				case name == "time.Since" || name == "time.Until",
					name == "time.Now" && (called[n] || under(f.path, "internal")):
					report(tr.at(f, n.Pos()), "uses "+name)
				}
			}
			return true
		})
	}
}

// checkGlobals knows a constant from a variable by how it is made.
func checkGlobals(tr *tree, report reporter) {
	for f := range tr.goFiles(false) {
		if allowed(f.path, []string{testSupport}) {
			continue // one build or one server may serve all tests
		}
		for _, d := range f.ast.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.VAR {
				continue
			}
			for _, s := range decl.Specs {
				spec := s.(*ast.ValueSpec)
				if !isConstant(decl, spec) {
					report(tr.at(f, spec.Pos()), "declares the variable "+spec.Names[0].Name)
				}
			}
		}
	}
}

func isConstant(decl *ast.GenDecl, spec *ast.ValueSpec) bool {
	if spec.Names[0].Name == "_" {
		return true // an assertion about a type
	}
	for _, doc := range []*ast.CommentGroup{decl.Doc, spec.Doc} {
		if doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") }) {
			return true
		}
	}
	return len(spec.Values) > 0 && !slices.ContainsFunc(spec.Values, func(v ast.Expr) bool {
		switch v := v.(type) {
		case *ast.CallExpr:
			name := qualified(v.Fun)
			return !slices.Contains([]string{"errors.New", "fmt.Errorf", "regexp.MustCompile", "strings.NewReplacer"}, name) &&
				!strings.HasPrefix(name, "base64.")
		case *ast.CompositeLit:
			return len(v.Elts) == 0 && !isError(spec) // filled later
		}
		return true
	})
}

func isError(spec *ast.ValueSpec) bool {
	name, ok := spec.Type.(*ast.Ident)
	return ok && name.Name == "error"
}

func checkPrints(tr *tree, report reporter) {
	for f := range tr.goFiles(false) {
		if under(f.path, "cmd", "examples") {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch name := qualified(call.Fun); name {
			case "fmt.Print", "fmt.Printf", "fmt.Println", "print", "println":
				report(tr.at(f, n.Pos()), "calls "+name)
			}
			return true
		})
	}
}

// qualified returns the name that e is written with, dots included.
func qualified(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return qualified(e.X) + "." + e.Sel.Name
	case *ast.CallExpr:
		return qualified(e.Fun)
	}
	return ""
}
