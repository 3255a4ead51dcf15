package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"dataprotection.example/internal/secret"
)

const text = "correct horse battery staple"

// holder has a secret where fmt can call its methods and where it cannot.
type holder struct {
	Open   secret.Bytes
	hidden secret.Bytes
	deep   map[string][]*secret.Bytes
}

func newHolder() holder {
	s := secret.New([]byte(text))
	return holder{Open: s, hidden: s, deep: map[string][]*secret.Bytes{"k": {&s}}}
}

// leaks returns the spelling under which out shows the secret, or "".
func leaks(out string) string {
	b := []byte(text)
	decimal := strings.Trim(fmt.Sprint(b), "[]")
	for _, form := range []string{
		text,
		hex.EncodeToString(b),
		strings.ToUpper(hex.EncodeToString(b)),
		base64.StdEncoding.EncodeToString(b),
		base64.RawURLEncoding.EncodeToString(b),
		decimal,
		strings.ReplaceAll(decimal, " ", ","),
		strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", b), "[]byte{"), "}"),
	} {
		if strings.Contains(out, form) {
			return form
		}
	}
	return ""
}

func TestLeaksFindsAPlainSlice(t *testing.T) {
	naked := struct{ b []byte }{[]byte(text)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q"} {
		if out := fmt.Sprintf(verb, naked); leaks(out) == "" {
			t.Errorf("the check is blind to %s: %s", verb, out)
		}
	}
}

func TestRevealReturnsTheBytes(t *testing.T) {
	in := []byte(text)
	s := secret.New(in)
	clear(in)
	if got := string(s.Reveal()); got != text {
		t.Errorf("Reveal = %q, want %q: New must copy", got, text)
	}
	if s.Len() != len(text) {
		t.Errorf("Len = %d, want %d", s.Len(), len(text))
	}
	if got := s.Reveal(); cap(got) != len(got) {
		t.Errorf("Reveal has %d spare bytes: an append would write beside the secret", cap(got)-len(got))
	}
}

func TestZeroValueIsEmpty(t *testing.T) {
	for _, s := range []secret.Bytes{{}, secret.New(nil), secret.New([]byte{})} {
		if s.Len() != 0 || s.Reveal() != nil {
			t.Errorf("empty secret: Len %d, Reveal %v", s.Len(), s.Reveal())
		}
		if got := fmt.Sprint(s); got != "[secret]" {
			t.Errorf("empty secret prints %q: emptiness shows", got)
		}
	}
}

func TestFmtRedacts(t *testing.T) {
	s := secret.New([]byte(text))
	h := newHolder()
	// %T and %p never reach Format: they print the type, and the address of the closure.
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "% x", "%q", "%d", "%T", "%40v", "%p"} {
		if got := fmt.Sprintf(verb, s); verb != "%T" && verb != "%p" && got != "[secret]" {
			t.Errorf("%s prints %q", verb, got)
		}
		for _, v := range []any{h, &h, []holder{h}, []secret.Bytes{s}, &s, h.hidden, h.deep} {
			if out := fmt.Sprintf(verb, v); leaks(out) != "" {
				t.Errorf("%s of %T shows %q in %q", verb, v, leaks(out), out)
			}
		}
	}
	if err := fmt.Errorf("key %v of %w: %s", s, os.ErrNotExist, s); leaks(err.Error()) != "" {
		t.Errorf("error text shows the secret: %v", err)
	}
}

func TestSlogRedacts(t *testing.T) {
	s, h := secret.New([]byte(text)), newHolder()
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		out.Reset()
		slog.New(handler).With("w", s).Info("m", "s", s, "p", &s, "h", h, "hp", &h, slog.Group("g", "s", s))
		if leaks(out.String()) != "" || !strings.Contains(out.String(), "[secret]") {
			t.Errorf("%T wrote %s", handler, out.String())
		}
	}
}

func TestEncodersRedact(t *testing.T) {
	s, h := secret.New([]byte(text)), newHolder()
	if out, err := json.Marshal(s); err != nil || string(out) != `"[secret]"` {
		t.Errorf("json: %s, %v", out, err)
	}
	if out, err := json.Marshal(h); err != nil || string(out) != `{"Open":"[secret]"}` {
		t.Errorf("json of a struct: %s, %v", out, err)
	}
	if out, err := json.Marshal(map[string]any{"a": []any{&s}}); err != nil || leaks(string(out)) != "" {
		t.Errorf("json of a map: %s, %v", out, err)
	}
	if out, err := xml.Marshal(h); err != nil || leaks(string(out)) != "" {
		t.Errorf("xml: %s, %v", out, err)
	}
}

func TestPanicRedacts(t *testing.T) {
	const child = "SECRET_TEST_PANIC"
	switch os.Getenv(child) {
	case "value":
		panic(secret.New([]byte(text)))
	case "holder":
		panic(newHolder())
	case "text":
		panic(fmt.Sprintf("%+v", newHolder()))
	}
	for _, how := range []string{"value", "holder", "text"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPanicRedacts$")
		cmd.Env = append(os.Environ(), child+"="+how)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "panic:") {
			t.Fatalf("%s: the child did not panic: %v\n%s", how, err, out)
		}
		if form := leaks(string(out)); form != "" {
			t.Errorf("%s: the panic shows %q", how, form)
		}
	}
}
