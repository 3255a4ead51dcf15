package testdata_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/testdata"
)

func vectors(t *testing.T) []testdata.Vector {
	t.Helper()
	all, err := testdata.Vectors()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestVectorsSayWhatBecomesOfThem(t *testing.T) {
	names := make(map[string]bool)
	for _, v := range vectors(t) {
		if v.Producer == "" {
			t.Errorf("%s: from nowhere", v.Name)
		}
		if v.Name == "" || names[v.Name] {
			t.Errorf("name %q is empty or taken", v.Name)
		}
		names[v.Name] = true
		why, refused := v.Refused()
		if refused && why == "" {
			t.Errorf("%s: refused, but why?", v.Name)
		}
		if !refused && !slices.Contains([]string{testdata.Opens, testdata.OpensOnlyIfRevokedAccepted, testdata.NoPayload}, v.Outcome) {
			t.Errorf("%s: outcome %q", v.Name, v.Outcome)
		}
		opens := !refused && v.Outcome != testdata.NoPayload
		if opens && (v.Ring == "" || len(v.Purposes) == 0 || v.Payload == "" || v.Plaintext == nil) {
			t.Errorf("%s: cannot be opened with what the index says", v.Name)
		}
		if v.Kind == testdata.KindGoWritten && v.DotnetReply == "" {
			t.Errorf("%s: no reply", v.Name)
		}
		if payload := v.PayloadBytes(); payload != nil {
			if id := dotnet.GUIDFromBytes([16]byte(payload[4:20])); id != v.KeyID {
				t.Errorf("%s: payload of key %v, index says %v", v.Name, id, v.KeyID)
			}
		}
	}
}

// TestIndexNamesEveryFile and nothing else.
func TestIndexNamesEveryFile(t *testing.T) {
	indexed := map[string]bool{
		"vectors/index.json":    true,
		"vectors/recorded.json": true,
		// Answers to questions, no rings: see the README.
		"vectors/recorded/policy.json": true,
		"vectors/recorded/syntax.json": true,
	}
	add := func(who string, files ...string) {
		if len(files) == 0 {
			t.Errorf("%s: names no file", who)
		}
		for _, file := range files {
			if info, err := fs.Stat(testdata.FS, file); err != nil || info.IsDir() {
				t.Errorf("%s: file %s: %v", who, file, err)
			}
			indexed[file] = true
		}
	}
	for _, v := range vectors(t) {
		if v.Ring != "" {
			files, err := fs.Glob(testdata.FS, v.Ring+"/*.xml")
			if err != nil {
				t.Fatal(err)
			}
			add(v.Name, files...)
		}
		if v.Certificate != "" {
			add(v.Name, pair(v.Certificate)...)
		}
		add(v.Name+" (kind "+v.Kind+")", append([]string{"vectors/index.json"}, v.Files...)...)
	}
	for name := range certificates(t) {
		add(name, pair("vectors/"+name)...)
	}
	err := fs.WalkDir(testdata.FS, ".", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !indexed[file] {
			t.Errorf("%s is in no index", file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func pair(certificate string) []string {
	return []string{certificate + ".crt.pem", certificate + ".key.pem", certificate + ".pfx"}
}

func certificates(t *testing.T) map[string]string {
	t.Helper()
	text, err := testdata.FS.ReadFile("vectors/index.json")
	if err != nil {
		t.Fatal(err)
	}
	var index struct{ Certificates map[string]string }
	if err := json.Unmarshal(text, &index); err != nil {
		t.Fatal(err)
	}
	return index.Certificates
}

// TestCheckoutLeftBytesAlone: what .NET writes begins with a byte order mark
// and, on Linux, has no carriage return.
func TestCheckoutLeftBytesAlone(t *testing.T) {
	checked := 0
	for _, v := range vectors(t) {
		if v.Ring == "" || strings.HasPrefix(v.Producer, "Go") {
			continue
		}
		ring, err := testdata.RingFS(v.Ring)
		if err != nil {
			t.Fatal(err)
		}
		files, _ := fs.Glob(ring, "*.xml")
		for _, file := range files {
			content, err := fs.ReadFile(ring, file)
			if err != nil {
				t.Fatal(err)
			}
			checked++
			if !bytes.HasPrefix(content, []byte("\ufeff<?xml ")) || bytes.ContainsRune(content, '\r') || bytes.HasSuffix(content, []byte("\n")) {
				t.Errorf("%s/%s is not as it was written", v.Ring, file)
			}
		}
	}
	if checked == 0 {
		t.Error("no file of .NET's")
	}
}

func TestCopyRing(t *testing.T) {
	const ring = "vectors/revoked/ring"
	dir := filepath.Join(t.TempDir(), "ring")
	if err := testdata.CopyRing(dir, ring); err != nil {
		t.Fatal(err)
	}
	source, err := testdata.RingFS(ring)
	if err != nil {
		t.Fatal(err)
	}
	want, err := fs.ReadDir(source, ".")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 6 || len(got) != len(want) {
		t.Errorf("copied %d files of %d", len(got), len(want))
	}
	for i := range got {
		a, _ := os.ReadFile(filepath.Join(dir, got[i].Name()))
		b, err := fs.ReadFile(source, want[i].Name())
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs: %v", got[i].Name(), err)
		}
	}
	if err := testdata.CopyRing(dir, ring); err == nil {
		t.Error("a second copy replaced the first")
	}
	if err := testdata.CopyRing(dir, "vectors/absent/ring"); err == nil {
		t.Error("a ring that does not exist was copied")
	}
}
