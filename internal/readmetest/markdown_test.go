package readmetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// root is the repository's, from here.
var root = filepath.Join("..", "..")

// block is a fenced block of a document.
type block struct {
	info string // what stands behind the opening fence
	text string
}

// blocks returns the fenced blocks of a document, in order.
func blocks(t *testing.T, document string) []block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, document))
	if err != nil {
		t.Fatal(err)
	}
	var found []block
	inside := false
	for line := range strings.Lines(string(text)) {
		info, fence := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "```")
		switch {
		case fence && !inside:
			found = append(found, block{info: info})
		case !fence && inside:
			found[len(found)-1].text += line
		}
		inside = inside != fence
	}
	if inside || len(found) == 0 {
		t.Fatalf("%s: %d fenced blocks, the last one open: %v", document, len(found), inside)
	}
	return found
}

// only returns the text of the one block that has all of these words.
func only(t *testing.T, all []block, info string, words ...string) string {
	t.Helper()
	var found []string
	for _, b := range all {
		fits := b.info == info
		for _, word := range words {
			fits = fits && strings.Contains(b.text, word)
		}
		if fits {
			found = append(found, b.text)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d blocks %q with %q, want one", len(found), info, words)
	}
	return found[0]
}
