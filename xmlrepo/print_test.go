package xmlrepo_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"dataprotection.example/xmlrepo"
)

// Neither an element nor the store in memory prints what may be a key.
func TestPrintingTellsNoContent(t *testing.T) {
	const secret = "c2VjcmV0"
	m := xmlrepo.NewMemory()
	e := xmlrepo.Element{Name: "key-x", XML: []byte("<key>" + secret + "</key>")}
	if err := m.Store(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	log := slog.New(slog.NewTextHandler(&out, nil))
	log.Info("x", "element", e, "elements", []xmlrepo.Element{e}, "store", m)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb+verb, e, &e, []xmlrepo.Element{e}, m)
	}
	for _, hidden := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprint([]byte(secret))[1:20]} {
		if strings.Contains(out.String(), hidden) {
			t.Errorf("it prints %q: %s", hidden, &out)
		}
	}
}
