package sqltest

import (
	"context"
	"errors"
	"testing"
	"time"

	"dataprotection.example/internal/servertest"
	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/sqlrepo"
)

// A server that is stuck, and closes no connection, is noticed all the same: by
// calls whose context has no end, and by a watch.
func testSilence(t *testing.T, d database) {
	if d.server == nil {
		return // a file does not fall silent
	}
	direct := d.newTable(t, d.connect(t))
	proxy := servertest.NewProxy(t, d.server.Addr)
	far := d.through(proxy)
	table := far.table(t, far.connect(t), sqlrepo.Options{Table: direct.Name(), Timeout: 300 * time.Millisecond})
	if list := elements(t, table); len(list) != 0 {
		t.Fatalf("%d elements", len(list))
	}
	changes, err := table.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	await := func(what string) {
		t.Helper()
		select {
		case <-changes:
		case <-time.After(30 * time.Second):
			t.Fatalf("the watch does not tell %s", what)
		}
	}
	for range 2 {
		proxy.Freeze()
		await("of the silence")
		for name, call := range map[string]func() error{
			"Elements":    func() error { _, err := table.Elements(t.Context()); return err },
			"Fingerprint": func() error { _, err := table.Fingerprint(t.Context()); return err },
			"Exists":      func() error { _, err := table.Exists(t.Context()); return err },
			"Remove": func() error {
				return table.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element { return all })
			},
		} {
			begun := time.Now()
			if err := call(); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s of a silent server: %v", name, err)
			}
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("%s took %v", name, took)
			}
		}
		proxy.Thaw()
		await("that it is over")
		if err := direct.Store(t.Context(), xmlrepo.Element{Name: newName(), XML: []byte("<x />")}); err != nil {
			t.Fatal(err)
		}
		await("what came afterwards")
	}
	if list := elements(t, table); len(list) != 2 {
		t.Errorf("%d elements after the silence", len(list))
	}
}
