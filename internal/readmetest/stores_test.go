package readmetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestStoresCompile: the Go of docs/STORES.md is such. Each block is a piece of
// a function that has a context, the URL of its database and a password.
func TestStoresCompile(t *testing.T) {
	t.Parallel()
	packages := map[string]string{
		"context": "context", "os": "os", "sql": "database/sql", "slog": "log/slog", "tls": "crypto/tls",
		"pgx": "github.com/jackc/pgx/v5", "redis": "github.com/redis/go-redis/v9",
		"keyring": "dataprotection.example/keyring", "redisrepo": "dataprotection.example/xmlrepo/redisrepo", "sqlrepo": "dataprotection.example/xmlrepo/sqlrepo",
		"pgxlisten": "dataprotection.example/xmlrepo/sqlrepo/pgxlisten",
	}
	var functions strings.Builder
	imports := []string{`import "context"`}
	blocksOfGo := 0
	for _, b := range blocks(t, "docs/STORES.md") {
		if b.info != "go" {
			continue
		}
		blocksOfGo++
		for name, path := range packages {
			if strings.Contains(b.text, name+".") {
				imports = append(imports, fmt.Sprintf("import %q", path))
			}
		}
		_, driver, _ := strings.Cut(b.text, "// import ")
		if driver, _, _ = strings.Cut(driver, "\n"); driver != "" {
			imports = append(imports, "import "+driver)
		}
		fmt.Fprintf(&functions, "func store%d(ctx context.Context, url, password string) {\n%s\n_, _ = repo, err\n}\n\n", blocksOfGo, b.text)
	}
	if blocksOfGo != 4 {
		t.Errorf("%d blocks of Go", blocksOfGo)
	}
	slices.Sort(imports)
	text := "package main\n\n" + strings.Join(slices.Compact(imports), "\n") + "\n\nfunc main() {}\n\n" + strings.ReplaceAll(functions.String(), "ring, err :=", "_, err =")
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", "build", "-o", os.DevNull, file)
	command.Dir = root // whose go.mod knows the drivers
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s\n%s", err, out, text)
	}
}
