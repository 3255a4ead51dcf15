package xmldoc_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/testdata"
)

var record = flag.Bool("record", false, "ask .NET anew and rewrite the tables in testdata")

const (
	nastyTable   = "testdata/xelement.txt" // what XElement makes of the documents of nasty_test.go
	vectorsTable = "testdata/vectors.txt"  // and of the files of the module's vectors, as hashes
)

// answer is what XElement makes of a document.
type answer struct {
	document      []byte
	refused       bool
	compact, file []byte
}

// stricter are documents that .NET reads and Parse refuses, by intent.
var stricter = map[string]string{
	"<!DOCTYPE a><a/>": "document type",
	"<?xml version=\"1.0\" encoding=\"us-ascii\"?><a>\xe9</a>": "US-ASCII", // .NET reads a question mark
	"\xff\xfe<\x00a\x00>\x00\xe9\x00<\x00/\x00a\x00>\x00x":     "half a UTF-16 code unit",
	// UTF-16 without a byte order mark.
	"<\x00a\x00>\x00\xe9\x00<\x00/\x00a\x00>\x00": "control character",
	"<\x00?\x00x\x00m\x00l\x00 \x00v\x00e\x00r\x00s\x00i\x00o\x00n\x00=\x00\"\x001\x00.\x000\x00\"\x00?\x00>\x00<\x00a\x00>\x00\xe9\x00<\x00/\x00a\x00>\x00": "control character",
}

func compare(t *testing.T, want answer) {
	t.Helper()
	root, err := xmldoc.Parse(want.document)
	if what := stricter[string(want.document)]; what != "" {
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%q: error %v, want %s", want.document, err, what)
		}
		return
	}
	if want.refused || err != nil {
		if !want.refused || err == nil {
			t.Errorf("%q: error %v; .NET refuses: %v", want.document, err, want.refused)
		}
		return
	}
	if got := xmldoc.Compact(root); !bytes.Equal(got, want.compact) {
		t.Errorf("%q: Compact\n got %q\nwant %q", want.document, got, want.compact)
	}
	if got := xmldoc.File(root); !bytes.Equal(got, want.file) {
		t.Errorf("%q: File\n got %q\nwant %q", want.document, got, want.file)
	}
}

// TestNastyAsRecorded compares with the recorded answers of .NET 9.0.7.
func TestNastyAsRecorded(t *testing.T) {
	table := rows(t, nastyTable)
	if len(table) != len(nasty) {
		t.Errorf("%d answers to %d documents", len(table), len(nasty))
	}
	for _, row := range table {
		a := answer{document: row[0]}
		if len(row) == 3 {
			a.compact, a.file = row[1], row[2]
		} else {
			a.refused = true
		}
		compare(t, a)
	}
}

// TestVectorsAsRecorded compares hashes of what .NET 9.0.7 printed; the files
// that .NET wrote must come out as they are.
func TestVectorsAsRecorded(t *testing.T) {
	table := rows(t, vectorsTable)
	documents := vectorFiles(t)
	if len(table) != len(documents) {
		t.Errorf("%d answers to %d files", len(table), len(documents))
	}
	for _, row := range table {
		name := string(row[0])
		document, ok := documents[name]
		if !ok {
			t.Errorf("%s is not among the vectors", name)
			continue
		}
		root, err := xmldoc.Parse(document)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		compact, file := xmldoc.Compact(root), xmldoc.File(root)
		if hash(compact) != string(row[1]) || hash(file) != string(row[2]) {
			t.Errorf("%s: printed\n%s\nand\n%s", name, compact, file)
		}
		if !strings.Contains(name, "/go-") && !strings.Contains(name, "akv-") && !bytes.Equal(file, document) {
			t.Errorf("%s: File\n got %q\nwant %q", name, file, document)
		}
	}
}

// TestDotnetLive asks about documents nobody has seen before, and every file of
// the vectors.
func TestDotnetLive(t *testing.T) {
	peer := dotnettest.Start(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for _, a := range ask(t, peer, documents(seed, 4000)) {
		compare(t, a)
	}
	var files [][]byte
	for _, document := range vectorFiles(t) {
		files = append(files, document)
	}
	for _, a := range ask(t, peer, files) {
		compare(t, a)
	}
}

func TestRecord(t *testing.T) {
	if !*record {
		t.Skip("recording needs .NET: go test -run Record -record")
	}
	peer := dotnettest.Start(t)
	var table bytes.Buffer
	for _, a := range ask(t, peer, nasty) {
		if a.refused {
			fmt.Fprintf(&table, "%+q\n", a.document)
		} else {
			fmt.Fprintf(&table, "%+q\t%+q\t%+q\n", a.document, a.compact, a.file)
		}
	}
	write(t, nastyTable, table.Bytes())

	table.Reset()
	documents := vectorFiles(t)
	err := fs.WalkDir(testdata.FS, ".", func(name string, _ fs.DirEntry, err error) error {
		if document, ok := documents[name]; ok {
			a := ask(t, peer, [][]byte{document})[0]
			fmt.Fprintf(&table, "%+q\t%+q\t%+q\n", name, hash(a.compact), hash(a.file))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, vectorsTable, table.Bytes())
}

func ask(t *testing.T, peer *dotnettest.Peer, documents [][]byte) []answer {
	t.Helper()
	printed, err := peer.PrintXML(documents...)
	if err != nil {
		t.Fatal(err)
	}
	answers := make([]answer, len(printed))
	for i, p := range printed {
		answers[i] = answer{documents[i], p.Err != nil, []byte(p.Value.Compact), p.Value.File}
	}
	return answers
}

// vectorFiles are the key files of the vectors, by name.
func vectorFiles(t testing.TB) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	err := fs.WalkDir(testdata.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".xml") || strings.Contains(name, "cng-descriptors") { // those begin with a line of text
			return err
		}
		files[name], err = fs.ReadFile(testdata.FS, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// rows reads a table of quoted strings.
func rows(t *testing.T, name string) [][][]byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var table [][][]byte
	for line := range strings.Lines(string(text)) {
		var row [][]byte
		for field := range strings.SplitSeq(strings.TrimRight(line, "\r\n"), "\t") {
			s, err := strconv.Unquote(field)
			if err != nil {
				t.Fatalf("%s: %v: %.60s", name, err, field)
			}
			row = append(row, []byte(s))
		}
		table = append(table, row)
	}
	return table
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
