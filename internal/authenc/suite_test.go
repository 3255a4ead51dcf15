package authenc

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"
)

func be32(numbers ...int) []byte {
	var out []byte
	for _, n := range numbers {
		out = binary.BigEndian.AppendUint32(out, uint32(n))
	}
	return out
}

// computedHeader computes a context header from its definition.
func computedHeader(s Suite) []byte {
	if s.GCM {
		key := refDerive(nil, nil, nil, nil, s.KeySize)
		tag := refGCM(key).Seal(nil, make([]byte, 12), nil, nil)
		return slices.Concat([]byte{0, 1}, be32(s.KeySize, 12, 16, 16), tag)
	}
	newHash := refHash(s.Hash)
	size := newHash().Size()
	keys := refDerive(nil, nil, nil, nil, s.KeySize+size)
	block := refEncryptCBC(keys[:s.KeySize], make([]byte, 16), nil)
	return slices.Concat([]byte{0, 0}, be32(s.KeySize, 16, size, size), block, refHMAC(newHash, keys[s.KeySize:]))
}

func TestContextHeadersAreWhatTheirDefinitionComputes(t *testing.T) {
	suites := allSuites()
	if len(suites) != len(contextHeaders) {
		t.Errorf("%d suites, but %d headers", len(suites), len(contextHeaders))
	}
	for _, s := range suites {
		if got, want := s.ContextHeader(), computedHeader(s); !bytes.Equal(got, want) {
			t.Errorf("%s: header %x, computed %x", suiteName(s), got, want)
		}
	}
}

// The recorded headers were read out of ASP.NET Core's encryptors by reflection.
func TestContextHeadersAreASPNETs(t *testing.T) {
	recorded, err := os.ReadFile("testdata/context_headers.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(recorded)) {
		if name, header, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(name, "#") {
			want[name] = header
		}
	}
	for _, s := range allSuites() {
		if got := hex.EncodeToString(s.ContextHeader()); got != want[suiteName(s)] {
			t.Errorf("%s: header %s, ASP.NET Core has %s", suiteName(s), got, want[suiteName(s)])
		}
	}
}

func TestInvalidSuitesAreRefused(t *testing.T) {
	for _, tc := range []struct {
		suite Suite
		want  string
	}{
		{Suite{}, "authenc: an AES key has 16, 24 or 32 bytes, not 0"},
		{Suite{KeySize: 8, Hash: SHA256}, "authenc: an AES key has 16, 24 or 32 bytes, not 8"},
		{Suite{KeySize: 256, GCM: true}, "authenc: an AES key has 16, 24 or 32 bytes, not 256"},
		{Suite{KeySize: -16, GCM: true}, "authenc: an AES key has 16, 24 or 32 bytes, not -16"},
		{Suite{KeySize: 32}, "authenc: CBC needs a hash, and there is no hash 0"},
		{Suite{KeySize: 32, Hash: SHA512 + 1}, "authenc: CBC needs a hash, and there is no hash 5"},
		{Suite{KeySize: 32, GCM: true, Hash: SHA256}, "authenc: GCM takes no hash, but hash 2 is given"},
	} {
		if err := tc.suite.Validate(); err == nil || err.Error() != tc.want {
			t.Errorf("%+v: Validate says %v, want %s", tc.suite, err, tc.want)
		}
		if k, err := NewKey(tc.suite, make([]byte, 64)); err == nil || k != nil {
			t.Errorf("%+v: NewKey accepts it", tc.suite)
		}
		if h := tc.suite.ContextHeader(); h != nil {
			t.Errorf("%+v: has a context header %x", tc.suite, h)
		}
	}
	for _, s := range allSuites() {
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", suiteName(s), err)
		}
	}
}

func TestSealedLenIsExact(t *testing.T) {
	for _, s := range allSuites() {
		for n := range 70 {
			got := len(refSeal(s, []byte("k"), nil, make([]byte, n), make([]byte, 16), make([]byte, s.ivSize())))
			if s.SealedLen(n) != got {
				t.Errorf("%s: SealedLen(%d) = %d, a naive seal has %d", suiteName(s), n, s.SealedLen(n), got)
			}
		}
	}
	if got := (Suite{KeySize: 32, Hash: SHA256}).SealedLen(0); got != 80 {
		t.Errorf("an empty plaintext is sealed into %d bytes, want 80", got)
	}
}
