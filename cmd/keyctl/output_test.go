package main

import (
	"bytes"
	"encoding/json"
	"runtime/debug"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestPrintable: whatever a ring says, a terminal is told only to print.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"plain é 世界 \U0001F511": "plain é 世界 \U0001F511",
		"a\nb\tc\r":             `a\nb\tc\r`,
		"\x1b[31m\x00\x7f":      `\x1b[31m\x00\x7f`,
		"\u009b\u202e\ufeff":    `\u009b\u202e\ufeff`,
		"a\xffb\xc3":            `a\xffb\xc3`,
		"\ufffd":                "\ufffd",
		"\U000e0001":            `\U000e0001`,
		`C:\keys`:               `C:\keys`,
	} {
		if got := printable(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "text")
		var out bytes.Buffer
		p := &program{stdout: &out}
		if err := p.printJSON(map[string]string{"text": text}); err != nil {
			t.Fatal(err)
		}
		for _, shown := range []string{printable(text), strings.ReplaceAll(out.String(), "\n", "")} {
			for _, r := range shown {
				if !unicode.IsPrint(r) {
					t.Fatalf("%q is shown as %q", text, shown)
				}
			}
		}
		var back map[string]string
		if err := json.Unmarshal(out.Bytes(), &back); err != nil || utf8.ValidString(text) && back["text"] != text {
			t.Fatalf("%q comes back as %q, %v", text, back["text"], err)
		}
	})
}

func TestColour(t *testing.T) {
	c := newConsole(t, noon)
	c.must(exitDone, "", "create")
	coloured := func() bool {
		t.Helper()
		return strings.Contains(c.must(exitDone, "", "list").stdout, "\x1b[")
	}
	if coloured() {
		t.Error("colours without a terminal")
	}
	c.terminal = true
	if !coloured() {
		t.Error("no colours on a terminal")
	}
	if strings.Contains(c.must(exitDone, "", "list", "-o", "json").stdout, "\x1b[") {
		t.Error("colours in JSON")
	}
	c.env["NO_COLOR"] = "1"
	if coloured() {
		t.Error("colours despite NO_COLOR")
	}
	c.env = map[string]string{"TERM": "dumb"}
	if coloured() {
		t.Error("colours on a dumb terminal")
	}
}

// TestTableAligns: colours and wide texts do not move a column.
func TestTableAligns(t *testing.T) {
	rows := func() [][]cell {
		return [][]cell{{{"ID", bold}, {"STATE", bold}, {"END", noStyle}}, {{"é", noStyle}, {"active", green}, {"x", noStyle}}, {{"long id", red}, {"", noStyle}, {"y", faint}}}
	}
	var plainOut, colourOut bytes.Buffer
	p := &program{getenv: func(string) string { return "" }, isTerminal: func(w any) bool { return w == any(&colourOut) }}
	if err := p.printTable(&plainOut, rows()); err != nil {
		t.Fatal(err)
	}
	want := "ID       STATE   END\né        active  x\nlong id          y\n"
	if plainOut.String() != want {
		t.Errorf("got\n%swant\n%s", plainOut.String(), want)
	}
	if err := p.printTable(&colourOut, rows()); err != nil {
		t.Fatal(err)
	}
	bare := colourOut.String()
	for _, code := range []string{"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m"} {
		bare = strings.ReplaceAll(bare, code, "")
	}
	if bare != want || colourOut.String() == want {
		t.Errorf("got\n%q", colourOut.String())
	}
}

func TestVersion(t *testing.T) {
	info := func(version, revision, modified string) *debug.BuildInfo {
		i := &debug.BuildInfo{GoVersion: "go1.26.0"}
		i.Main.Version = version
		i.Settings = []debug.BuildSetting{{Key: "GOOS", Value: "linux"}, {Key: "GOARCH", Value: "arm64"}}
		if revision != "" {
			i.Settings = append(i.Settings, debug.BuildSetting{Key: "vcs.revision", Value: revision}, debug.BuildSetting{Key: "vcs.modified", Value: modified})
		}
		return i
	}
	const revision = "0123456789abcdef0123456789abcdef01234567"
	for want, i := range map[string]*debug.BuildInfo{
		"v1.2.3 go1.26.0 linux/arm64":                                   info("v1.2.3", "", ""),
		"(devel) go1.26.0 linux/arm64":                                  info("", "", ""),
		"(devel) 0123456789ab go1.26.0 linux/arm64":                     info("(devel)", revision, "false"),
		"(devel) 0123456789ab+dirty go1.26.0 linux/arm64":               info("(devel)", revision, "true"),
		"v0.0.0-20270131120000-0123456789ab+dirty go1.26.0 linux/arm64": info("v0.0.0-20270131120000-0123456789ab+dirty", revision, "true"),
		"v1.2.3 0123456789ab go1.26.0 linux/arm64":                      info("v1.2.3", revision, "false"),
	} {
		if got := versionOf(i); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestErrorsAreOneLine: an error text is for a person, and never more than a line.
func TestErrorsAreOneLine(t *testing.T) {
	c := newConsole(t, noon)
	c.addKey("00000000-0000-0000-0000-000000000001", "2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "2099-01-01T00:00:00Z")
	for _, args := range [][]string{
		{"show", "x\ny"}, {"x\ny"}, {"list", "x\ny"}, {"--x\ny"}, {"create", "--activate", "x\ny"}, {"--dir", "x\ny", "list"},
	} {
		for line := range strings.Lines(c.run("", args...).stderr) {
			if !strings.HasPrefix(line, "keyctl: ") {
				t.Errorf("%q: %q", args, line)
			}
		}
	}
}
