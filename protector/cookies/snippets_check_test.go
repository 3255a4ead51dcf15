package cookies_test

import (
	"os"
	"strings"
	"testing"
)

// Every Go block of the documents stands in a file that compiles.
func TestSnippetsCompile(t *testing.T) {
	compiled := ""
	for _, file := range []string{"snippets_test.go", "example_test.go"} {
		compiled += flat(readFile(t, file))
	}
	blocks := 0
	for _, document := range []string{"../../docs/FROM-ASPNET.md", "../../docs/FROM-SECURECOOKIE.md"} {
		for i, part := range strings.Split(readFile(t, document), "```") {
			if code, isGo := strings.CutPrefix(part, "go\n"); isGo && i%2 == 1 {
				blocks++
				if !strings.Contains(compiled, flat(code)) {
					t.Errorf("%s: this is not compiled anywhere:\n%s", document, code)
				}
			}
		}
	}
	if blocks < 6 {
		t.Errorf("only %d blocks", blocks)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// flat takes out indentation.
func flat(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}
