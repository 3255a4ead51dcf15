package keyring_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// needle is a secret that is not in memory: each byte is masked.
type needle []byte

const mask = 0x5a

func hide(secret []byte) needle {
	n := make(needle, len(secret))
	for i := range secret {
		n[i] = secret[i] ^ mask
	}
	return n
}

// in counts the places in b where the needle stands unmasked.
func (n needle) in(b []byte) (count int) {
	for {
		i := bytes.IndexByte(b, n[0]^mask)
		if i < 0 || i+len(n) > len(b) {
			return count
		}
		b = b[i:]
		j := 1
		for j < len(n) && b[j]^mask == n[j] {
			j++
		}
		if j == len(n) {
			count++
		}
		b = b[1:]
	}
}

// search counts where a needle stands in this process's memory.
func search(t *testing.T, n needle) (count int) {
	t.Helper()
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		t.Skip(err)
	}
	defer maps.Close()
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Skip(err)
	}
	defer memory.Close()
	// What is read must not be found again, so it goes where nobody looks.
	buf, err := syscall.Mmap(-1, 0, 1<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip(err)
	}
	defer syscall.Munmap(buf)
	own := fmt.Sprintf("%p", buf)
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to uint64
		var access string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &access); err != nil || !strings.HasPrefix(access, "rw") {
			continue
		}
		if "0x"+strings.TrimLeft(strings.Split(lines.Text(), "-")[0], "0") == own {
			continue
		}
		for at := from; at < to; at += uint64(len(buf) - len(n)) {
			k, _ := memory.ReadAt(buf[:min(uint64(len(buf)), to-at)], int64(at))
			count += n.in(buf[:k])
			clear(buf[:k])
		}
	}
	return count
}

// hider keeps the master key of a new key, masked, and leaves no copy of its own.
type hider struct{ text, raw needle }

func (h *hider) StoreKey(_ context.Context, _ uuid.UUID, element []byte) error {
	_, rest, _ := bytes.Cut(element, []byte("<value>"))
	text, _, _ := bytes.Cut(rest, []byte("</value>"))
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	defer clear(raw)
	n, err := base64.StdEncoding.Decode(raw, text)
	h.text, h.raw = hide(text), hide(raw[:n])
	return err
}

// use makes a ring, uses it, and forgets it.
//
//go:noinline
func use(t *testing.T, h *hider) (textInUse int) {
	opts := encrypting()
	opts.GenerationDelay, opts.EscrowSinks = -1, []keyring.EscrowSink{h}
	ring, err := keyring.Open(t.Context(), xmlrepo.NewMemory(), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	k, err := ring.Snapshot().DefaultKey()
	if err != nil {
		t.Fatal(err)
	}
	e, err := k.Encryptor()
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := e.Encrypt(nil, []byte("text"), nil); err != nil {
			t.Fatal(err)
		}
	}
	return search(t, h.text)
}

// After a ring is gone, its keys are not in memory: not the master key's bytes,
// and in a build with GOEXPERIMENT=runtimesecret not its base64 either.
func TestKeysLeaveMemory(t *testing.T) {
	h := new(hider)
	if use(t, h) == 0 {
		t.Error("the search does not find a key that is in use")
	}
	everything := false
	if info, ok := debug.ReadBuildInfo(); ok && (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64") {
		everything = slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool {
			return s.Key == "GOEXPERIMENT" && strings.Contains(s.Value, "runtimesecret")
		})
	}
	var text, raw int
	for range 20 {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
		text, raw = search(t, h.text), search(t, h.raw)
		if raw == 0 && (text == 0 || !everything) {
			break
		}
	}
	t.Logf("left in memory: the master key's bytes %d times, its base64 %d times", raw, text)
	if raw > 0 || text > 0 && everything {
		t.Error("the key is still in memory")
	}
}
