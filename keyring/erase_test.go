package keyring_test

import (
	"bytes"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// Keys come and go, snapshot after snapshot, and the garbage collector erases
// what nobody holds any more, while others seal and open with keys that have
// left the ring meanwhile. They never notice.
func TestErasureNeverTouchesWhatIsInUse(t *testing.T) {
	repo := xmlrepo.NewMemory()
	ring := open(t, repo, keyring.Options{GenerationDelay: -1})
	stop := make(chan struct{})
	time.AfterFunc(2*time.Second, func() { close(stop) })
	stopped := func() bool {
		select {
		case <-stop:
			return true
		default:
			return false
		}
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	var swaps, sealed atomic.Int64
	t.Cleanup(func() { t.Logf("%d snapshots, %d payloads", swaps.Load(), sealed.Load()) })
	wg.Go(func() {
		for !stopped() {
			k, err := ring.Manager().CreateKey(t.Context(), keyring.NewKeyOptions{})
			if err != nil {
				t.Error(err)
				return
			}
			_, err = ring.Manager().DeleteKeys(t.Context(), func(old keyring.Key) bool { return old.ID != k.ID }, keyring.DeleteOptions{IncludeUnexpired: true})
			if err != nil {
				t.Error(err)
				return
			}
			swaps.Add(1)
		}
	})
	wg.Go(func() {
		for !stopped() {
			runtime.GC()
		}
	})
	for range 3 {
		wg.Go(func() {
			text, aad := []byte("a plaintext"), []byte("additional data")
			for !stopped() {
				bound, fresh, id := takeKey(t, ring, aad)
				if bound == nil {
					return
				}
				for range 50 {
					body, err := bound.Encrypt(nil, text)
					if err != nil {
						t.Errorf("key %v: %v", id, err)
						return
					}
					for _, opener := range []func() ([]byte, error){
						func() ([]byte, error) { return bound.Decrypt(nil, body) },
						func() ([]byte, error) { return fresh.Decrypt(nil, body, aad) },
					} {
						if got, err := opener(); err != nil || !bytes.Equal(got, text) {
							t.Errorf("key %v: got %q, %v", id, got, err)
							return
						}
					}
					sealed.Add(1)
				}
			}
		})
	}
}

// takeKey returns what uses the ring's default key and holds on to nothing
// else: the snapshot and the key are free to go.
func takeKey(t *testing.T, ring *keyring.Ring, aad []byte) (*keyring.BoundEncryptor, *keyring.Encryptor, uuid.UUID) {
	k, err := ring.Snapshot().DefaultKey()
	if err != nil {
		t.Error(err)
		return nil, nil, uuid.UUID{}
	}
	e, err := k.Encryptor()
	if err != nil {
		t.Error(err)
		return nil, nil, uuid.UUID{}
	}
	return e.Bind(aad), e, k.ID
}
