package xmlenc_test

import (
	"crypto/fips140"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"dataprotection.example/internal/xmlenc"
)

// TestStrictFIPSMode runs a test in a process of its own, for the mode is set
// once and for all at its start.
func TestStrictFIPSMode(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^TestInStrictFIPSMode$")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "panic: fips140: FIPS 140-3 mode is ") { // not supported, incompatible
		t.Skipf("this build has no FIPS mode: %s", out)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: TestInStrictFIPSMode ") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestInStrictFIPSMode(t *testing.T) {
	if !fips140.Enforced() {
		t.Skip("TestStrictFIPSMode runs this one in a process with GODEBUG=fips140=only")
	}
	id := owner(t, "rsa2048")
	for name, document := range vectorDocuments(t) {
		if _, err := xmlenc.Decrypt(document, id.find); !errors.Is(err, xmlenc.ErrFIPS) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, transport := range []xmlenc.Transport{xmlenc.OAEP, xmlenc.PKCS1v15} {
		if _, err := xmlenc.Encrypt([]byte(sample), id.certificate, transport); !errors.Is(err, xmlenc.ErrFIPS) {
			t.Errorf("transport %d: %v", transport, err)
		}
	}
}
