package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// note prints one line to a person.
func (p *program) note(format string, args ...any) {
	fmt.Fprintf(p.stderr, "keyctl: %s\n", printable(withoutPasswords(fmt.Sprintf(format, args...))))
}

// warn prints something that the person should act on.
func (p *program) warn(format string, args ...any) { p.note("warning: "+format, args...) }

// printData writes data to standard output as a whole.
func (p *program) printData(data []byte) error {
	if _, err := p.stdout.Write(data); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// printLines writes lines of text.
func (p *program) printLines(lines ...string) error {
	var b bytes.Buffer
	for _, line := range lines {
		b.WriteString(printable(line) + "\n")
	}
	return p.printData(b.Bytes())
}

// printJSON writes v, indented.
func (p *program) printJSON(v any) error { return p.encodeJSON(v, "  ") }

// printJSONLine writes v on one line.
func (p *program) printJSONLine(v any) error { return p.encodeJSON(v, "") }

// encodeJSON writes v. Whatever a terminal might act on is escaped, beyond what
// JSON itself demands.
func (p *program) encodeJSON(v any, indent string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return err
	}
	var out []byte
	for _, r := range b.String() {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			out = utf8.AppendRune(out, r)
		case r > 0xFFFF:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return p.printData(out)
}

// printable escapes all that is not a visible character or a blank: ids and
// reasons are written by whoever can write the ring.
func printable(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x80:
			quoted := fmt.Sprintf("%q", r)
			b.WriteString(quoted[1 : len(quoted)-1])
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// moment shows a time to a person, to the minute, under a column heading that
// says that it is UTC. Show and JSON have the rest.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// style is how a cell stands out on a terminal: an SGR parameter of ECMA-48.
type style string

const (
	noStyle style = ""
	bold    style = "1"
	faint   style = "2"
	red     style = "31"
	green   style = "32"
	yellow  style = "33"
)

// cell is one field of a table.
type cell struct {
	text  string
	style style
}

// printTable writes rows in aligned columns, two blanks apart, to w.
func (p *program) printTable(w io.Writer, rows [][]cell) error {
	colour := p.colour(w)
	var width []int
	for _, row := range rows {
		for i := range row {
			row[i].text = printable(row[i].text)
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], utf8.RuneCountInString(row[i].text))
		}
	}
	var b bytes.Buffer
	for _, row := range rows {
		var line strings.Builder
		gap := 0
		for i, c := range row {
			if c.text == "" {
				gap += width[i] + 2
				continue
			}
			line.WriteString(strings.Repeat(" ", gap))
			gap = width[i] - utf8.RuneCountInString(c.text) + 2
			if colour && c.style != noStyle {
				fmt.Fprintf(&line, "\x1b[%sm%s\x1b[0m", c.style, c.text)
			} else {
				line.WriteString(c.text)
			}
		}
		b.WriteString(line.String() + "\n")
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("printing a table: %w", err)
	}
	return nil
}

// colour reports whether w shows colours and wants them (no-color.org). The
// classic console of Windows would print the escape sequences.
func (p *program) colour(w io.Writer) bool {
	return p.getenv("NO_COLOR") == "" && p.getenv("TERM") != "dumb" &&
		runtime.GOOS != "windows" && p.isTerminal(w)
}
