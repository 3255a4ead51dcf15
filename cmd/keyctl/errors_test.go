package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// errTold is what a driver may say that repeats its URL.
var errTold = errors.New("dial redis://shop:" + secretOfServers + "@server:6379/0?password=" + secretOfServers + ": refused\nagain")

// failingStore is a server that is down.
type failingStore struct{ *xmlrepo.Memory }

func (failingStore) Elements(context.Context) ([]xmlrepo.Element, error) { return nil, errTold }

// TestErrorsInData: what goes to standard output of an error has no password in it.
func TestErrorsInData(t *testing.T) {
	snapshot := openMemory(t).Snapshot()
	for _, inJSON := range []bool{false, true} {
		var stdout, stderr bytes.Buffer
		p := newProgram()
		p.stdout, p.stderr, p.json = &stdout, &stderr, inJSON
		if err := p.printEvent(keyring.Event{Time: noon, Kind: keyring.EventRingFailed, Err: errTold}, snapshot); err != nil {
			t.Fatal(err)
		}
		s := &store{repo: failingStore{xmlrepo.NewMemory()}, place: "redis://server"}
		found, _, _ := p.examineRing(t.Context(), s)
		if err := p.printFindings(s, found); err == nil {
			t.Error("a server that is down is well")
		}
		text := stdout.String() + stderr.String()
		if strings.Contains(text, secretOfServers) || !strings.Contains(text, "dial redis://…@server") {
			t.Errorf("got %s", text)
		}
		if inJSON && !strings.Contains(text, `"error":"dial redis://…@server:6379/0?password=… refused; again"}`) {
			t.Errorf("got %s", text)
		}
	}
}

// openMemory opens a ring of its own.
func openMemory(t *testing.T) *keyring.Ring {
	t.Helper()
	ring, err := keyring.Open(t.Context(), xmlrepo.NewMemory(), keyring.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ring.Close() })
	return ring
}
