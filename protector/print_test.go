package protector_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

// spellings returns how fmt and the encoders could print b, or part of it.
func spellings(b []byte) []string {
	b = b[:16]
	decimal := strings.Trim(fmt.Sprint(b), "[]")
	return []string{
		string(b), fmt.Sprintf("%x", b), fmt.Sprintf("%X", b), decimal, strings.ReplaceAll(decimal, " ", ","),
		strings.ReplaceAll(decimal, " ", ", "), strings.Trim(fmt.Sprintf("%#v", b), "[]byte{}"),
		strings.Trim(fmt.Sprintf("%q", b), `"`), base64.StdEncoding.EncodeToString(b)[:20],
	}
}

// masterKey returns the only master key of a store.
func masterKey(t *testing.T, store xmlrepo.Repository) []byte {
	t.Helper()
	elements, err := store.Elements(t.Context())
	if err != nil || len(elements) != 1 {
		t.Fatal(len(elements), err)
	}
	value := regexp.MustCompile(`<value>(.*)</value>`).FindSubmatch(elements[0].XML)
	key, err := base64.StdEncoding.DecodeString(string(value[1]))
	if err != nil || len(key) != 64 {
		t.Fatal(len(key), err)
	}
	return key
}

const plaintext = "a plaintext that nobody ought to see"

func TestSecretsDoNotPrint(t *testing.T) {
	ctx := t.Context()
	store := xmlrepo.NewMemory()
	ring := openRing(t, store, keyring.Options{})
	provider := protector.New(ring, protector.Options{ApplicationName: "app"})
	p := provider.CreateProtector("p")
	limited := p.TimeLimited()
	payload, err := p.ProtectString(ctx, plaintext) // fills caches and pools
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UnprotectString(ctx, payload); err != nil {
		t.Fatal(err)
	}
	_, invalid := p.UnprotectString(ctx, payload[:len(payload)-8])
	foreign, err := newProvider(t, "").CreateProtector("p").ProtectString(ctx, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	_, unknown := p.UnprotectString(ctx, foreign)
	expired, err := limited.ProtectString(ctx, plaintext, recorded.AddDate(-20, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	_, _, old := limited.UnprotectString(ctx, expired)
	if invalid == nil || unknown == nil || !errors.Is(old, protector.ErrExpired) {
		t.Fatal(invalid, unknown, old)
	}

	values := []any{provider, p, limited, &protector.Ephemeral{Provider: provider}, invalid, unknown, old}
	values = append(values, map[string]any{"nested": values})
	var printed bytes.Buffer
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d"} {
			fmt.Fprintf(&printed, verb+"\n", v)
		}
		for _, handler := range []slog.Handler{slog.NewTextHandler(&printed, nil), slog.NewJSONHandler(&printed, nil)} {
			slog.New(handler).Info("message", "value", v)
		}
		out, err := json.Marshal(v)
		fmt.Fprintln(&printed, string(out), err)
	}
	for _, secret := range append(spellings(masterKey(t, store)), spellings([]byte(plaintext))...) {
		if strings.Contains(printed.String(), secret) {
			t.Errorf("%q is printed", secret)
		}
	}
	if !strings.Contains(printed.String(), "protector: key ") {
		t.Error("nothing was printed at all")
	}
}

// A program that dies of a panic prints the value, and the arguments of the
// functions it was in.
func TestSecretsDoNotPrintInPanics(t *testing.T) {
	const variable = "PROTECTOR_TEST_PANIC"
	if os.Getenv(variable) != "" {
		e := newEphemeral(t, protector.Options{})
		p := e.CreateProtector("p")
		go func() { panic(fmt.Sprintf("%+v %#v %v", p, e.Provider, protect(t, p, plaintext)[:4])) }()
		select {}
	}
	command := exec.Command(os.Args[0], "-test.run=^TestSecretsDoNotPrintInPanics$")
	command.Env = append(os.Environ(), variable+"=1")
	out, err := command.CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("panic: &{")) {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, secret := range spellings([]byte(plaintext)) {
		if bytes.Contains(out, []byte(secret)) {
			t.Errorf("%q is printed", secret)
		}
	}
}
