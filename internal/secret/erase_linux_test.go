package secret_test

import (
	"bytes"
	"os"
	"reflect"
	"runtime"
	"testing"
	"time"

	"dataprotection.example/internal/secret"
)

// peek reads this process's memory from outside, which keeps nothing alive.
func peek(t *testing.T, address uintptr, n int) []byte {
	t.Helper()
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Skipf("no way to look at memory: %v", err)
	}
	defer memory.Close()
	b := make([]byte, n)
	if _, err := memory.ReadAt(b, int64(address)); err != nil {
		t.Skipf("no way to look at memory: %v", err)
	}
	return b
}

// address returns where a slice lies, as a number: it keeps nothing alive.
func address(b []byte) uintptr { return reflect.ValueOf(b).Pointer() }

// forget makes a secret of n bytes and returns where it lay.
//
//go:noinline
func forget(n int, pattern byte) uintptr {
	s := secret.New(bytes.Repeat([]byte{pattern}, n))
	return address(s.Reveal())
}

// Nobody holds the secret any more: it is overwritten.
func TestErased(t *testing.T) {
	for _, n := range []int{1, 16, 32, 33, 88, 96, 204, 208, 209, 2048} {
		at := forget(n, 0xa5)
		if got := peek(t, at, n); bytes.Contains(got, bytes.Repeat([]byte{0xa5}, n)) == false && n > 16 {
			t.Logf("%d bytes are gone already", n)
		}
		erased := false
		for range 100 {
			runtime.GC()
			if !bytes.Contains(peek(t, at, n), []byte{0xa5}) {
				erased = true
				break
			}
			time.Sleep(time.Millisecond)
		}
		if !erased {
			t.Errorf("%d bytes are still there", n)
		}
	}
}

// What is not a secret's stays in memory when it is forgotten: the test before
// this one sees something.
func TestOrdinaryBytesAreNotErased(t *testing.T) {
	left := 0
	for range 20 {
		at := func() uintptr {
			b := bytes.Repeat([]byte{0x5a}, 96)
			return address(b)
		}()
		runtime.GC()
		if bytes.Contains(peek(t, at, 96), bytes.Repeat([]byte{0x5a}, 32)) {
			left++
		}
	}
	if left == 0 {
		t.Skip("this runtime erases everything")
	}
}

// Whoever holds as much as a byte of a secret holds all of it, for as long as
// they like.
func TestHeldBytesAreNotErased(t *testing.T) {
	want := bytes.Repeat([]byte{0xa5}, 204)
	part := func() []byte { return secret.New(want).Reveal()[100:101] }()
	for range 20 {
		runtime.GC()
		time.Sleep(time.Millisecond)
		if part[0] != 0xa5 {
			t.Fatal("erased under a reader's hands")
		}
	}
	if got := peek(t, address(part)-100, 204); !bytes.Equal(got, want) {
		t.Errorf("the rest is %x", got)
	}
	runtime.KeepAlive(part)
}
