package repotest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/repotest"
)

const brokenVar = "REPOTEST_BROKEN"

// faults are ways in which a store can break the contract, and the test of the
// suite that has to notice.
var faults = map[string]string{
	"replaces":               "NeverReplaces",
	"error for a taken name": "NeverReplaces",
	"two winners":            "ConcurrentSameName",
	"hands out its own":      "Copies",
	"keeps the caller's":     "Copies",
	"shares":                 "Apart",
	"any name":               "Names",
	"any content":            "Malformed",
	"as it was spelled":      "NormalForm",
	"ignores the context":    "Cancelled",
	"forgets":                "ManyElements",
	"not empty":              "Empty",
	"cuts":                   "LargeElement",
	"removes all":            "Remover/Chosen",
	"removes strangers":      "Remover/NotOffered",
	"replaces what was":      "Replacer/Changed",
	"brings back":            "Replacer/Removed",
	"says that it replaced":  "Replacer/Replaces",
	"same fingerprint":       "Fingerprinter",
	"names by chance":        "Foreign",
	"keeps a cancelled name": "CancelledInTheMiddle",
}

// The suite is worth what it finds: every fault fails its test. Each one runs
// in a process of its own, where it may.
func TestRunFindsFaults(t *testing.T) {
	for fault, test := range faults {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBroken$", "-test.v")
			cmd.Env = append(os.Environ(), brokenVar+"="+fault)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestBroken/"+test+" ") {
				t.Errorf("%s did not fail: %v\n%s", test, err, out)
			}
		})
	}
}

// TestBroken is for TestRunFindsFaults. Without a fault the store is sound.
func TestBroken(t *testing.T) {
	common := xmlrepo.NewMemory()
	repotest.Run(t, func(*testing.T) xmlrepo.Repository {
		b := &broken{fault: os.Getenv(brokenVar), sound: xmlrepo.NewMemory(), extra: map[string][]byte{}}
		if b.fault == "shares" {
			b.sound = common
		}
		return b
	})
}

// broken is a store with a fault.
type broken struct {
	fault string
	sound *xmlrepo.Memory

	mu    sync.Mutex
	extra map[string][]byte // what a fault keeps besides sound
}

func (b *broken) Elements(ctx context.Context) ([]xmlrepo.Element, error) {
	if b.fault == "ignores the context" {
		ctx = context.Background()
	}
	list, err := b.sound.Elements(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, e := range list {
		if xml, ok := b.extra[e.Name]; ok {
			list[i].XML = xml
			continue
		}
		switch b.fault {
		case "hands out its own":
			b.extra[e.Name] = e.XML
		case "cuts":
			list[i].XML = e.XML[:min(len(e.XML), 64<<10)]
		}
	}
	switch {
	case b.fault == "not empty" && len(list) == 0:
		list = append(list, xmlrepo.Element{Name: "x", XML: []byte("<x />")})
	case b.fault == "forgets" && len(list) > 50:
		list = list[:50]
	}
	return list, err
}

func (b *broken) Store(ctx context.Context, e xmlrepo.Element) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	given := bytes.Clone(e.XML)
	if _, reserved := b.extra["reserved "+e.Name]; reserved && ctx.Err() == nil {
		return xmlrepo.ErrExist
	}
	switch b.fault {
	case "names by chance":
		if !strings.HasPrefix(e.Name, "key-") {
			e.Name = strings.ToLower(rand.Text())
		}
	case "keeps a cancelled name":
		if ctx.Err() != nil {
			b.extra["reserved "+e.Name] = nil
		}
	case "ignores the context":
		ctx = context.Background()
	case "any name":
		e.Name = strings.Map(func(r rune) rune { return 'a' + r%26 }, e.Name+".")
	case "any content":
		e.XML = []byte("<x />")
	}
	err := b.sound.Store(ctx, e)
	switch taken := err != nil && xmlrepo.CheckName(e.Name) == nil; {
	case taken && b.fault == "replaces":
		b.extra[e.Name] = given
		return nil
	case taken && b.fault == "two winners":
		return nil
	case taken && b.fault == "error for a taken name":
		return context.DeadlineExceeded
	case err == nil && b.fault == "as it was spelled":
		b.extra[e.Name] = given
	case err == nil && b.fault == "keeps the caller's":
		b.extra[e.Name] = e.XML
	}
	return err
}

func (b *broken) Remove(ctx context.Context, choose func([]xmlrepo.Element) []xmlrepo.Element) error {
	return b.sound.Remove(ctx, func(all []xmlrepo.Element) []xmlrepo.Element {
		chosen := choose(slices.Clone(all))
		switch b.fault {
		case "removes all":
			return all
		case "removes strangers":
			return slices.DeleteFunc(chosen, func(e xmlrepo.Element) bool { return e.XML == nil })
		}
		return chosen
	})
}

func (b *broken) Replace(ctx context.Context, old, with xmlrepo.Element) error {
	err := b.sound.Replace(ctx, old, with)
	switch changed := errors.Is(err, xmlrepo.ErrChanged); {
	case changed && b.fault == "brings back":
		return b.sound.Store(ctx, with)
	case changed && b.fault == "replaces what was":
		b.mu.Lock()
		defer b.mu.Unlock()
		b.extra[old.Name] = with.XML
		return nil
	case err == nil && b.fault == "says that it replaced":
		return b.sound.Replace(ctx, with, old)
	}
	return err
}

func (b *broken) Fingerprint(ctx context.Context) (string, error) {
	if b.fault == "same fingerprint" {
		return "same", nil
	}
	return b.sound.Fingerprint(ctx)
}
