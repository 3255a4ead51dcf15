package authenc

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestStrictFIPSMode runs the tests that need no reference in a process of their
// own, for the mode is set once and for all at its start.
func TestStrictFIPSMode(t *testing.T) {
	const tests = "^(TestInStrictFIPSMode|TestRoundTrip|TestEveryChangedByteIsRefused|TestOneBoxServesManyGoroutines|TestRoomInDstIsUsed)$"
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run="+tests)
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "panic: fips140: FIPS 140-3 mode is ") { // not supported, incompatible
		t.Skipf("this build has no FIPS mode: %s", out)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for _, ran := range []string{"--- PASS: TestInStrictFIPSMode ", "--- PASS: TestRoundTrip/AES_256_GCM "} {
		if !strings.Contains(string(out), ran) {
			t.Errorf("the child's output has no %q:\n%s", ran, out)
		}
	}
}

func TestInStrictFIPSMode(t *testing.T) {
	if !fips140.Enforced() {
		t.Skip("TestStrictFIPSMode runs this one in a process with GODEBUG=fips140=only")
	}
	for _, s := range allSuites() {
		k, err := NewKey(s, sequence(64))
		if s.Hash == SHA1 {
			if k != nil || err == nil || !strings.Contains(err.Error(), "FIPS 140-only") {
				t.Errorf("%s: NewKey returns %v, %v", suiteName(s), k, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", suiteName(s), err)
		}
	}
	// What was sealed outside the mode opens in it.
	for _, a := range readKnownAnswers(t).Seal {
		s := suiteOf(a.KeySize, a.Hash)
		if s.Hash == SHA1 {
			continue
		}
		opened, err := newBox(t, s, a.MasterKey, a.AAD).Open(nil, a.Body)
		if err != nil || string(opened) != string(a.Plaintext) {
			t.Errorf("%s: opened %x, %v; want %x", suiteName(s), opened, err, a.Plaintext)
		}
	}
}
