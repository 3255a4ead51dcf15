package protector

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// The example of the specification.
func TestAAD(t *testing.T) {
	h := newHeader(uuid.MustParse("53404db5-0fc4-4712-94af-b80238fb7151"))
	got := purposes{}.with("app").with("pur", "é").appendAAD(nil, h)
	want, err := hex.DecodeString("09f0c9f0b54d4053c40f124794afb80238fb7151" + "00000003" + "03617070" + "03707572" + "02c3a9")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestViewIsBoundedByItsSnapshot(t *testing.T) {
	ctx := t.Context()
	ring, err := keyring.Open(ctx, xmlrepo.NewMemory(), keyring.Options{GenerationDelay: -1, UnknownKeyWait: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	p := New(ring, Options{}).CreateProtector("p")
	var payloads [][]byte
	for range 5 {
		payload, err := p.Protect(ctx, []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		payloads = append(payloads, payload)
		if _, err := ring.Manager().CreateKey(ctx, keyring.NewKeyOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	open := func(wantErrors int) *view {
		t.Helper()
		for range 3 {
			failed := 0
			for _, payload := range payloads {
				if _, err := p.Unprotect(ctx, payload); err != nil {
					failed++
				}
			}
			if failed != wantErrors {
				t.Errorf("%d payloads failed, want %d", failed, wantErrors)
			}
		}
		return p.view.Load()
	}

	v := open(0)
	if n := len(*v.others.Load()); n != 5 || v.snapshot != ring.Snapshot() {
		t.Errorf("%d keys bound beside the protecting one, want 5", n)
	}
	bound := v.find(payloadID(t, payloads[0]))
	if open(0) != v || v.find(payloadID(t, payloads[0])) != bound {
		t.Error("the view was made anew for the same snapshot")
	}

	// Ids that are not in the ring leave nothing behind.
	for range 20 {
		forged := bytes.Clone(payloads[0])
		copy(forged[4:], uuid.New().String())
		if _, err := p.Unprotect(ctx, forged); err == nil {
			t.Error("forged, and opened")
		}
	}
	if n := len(*p.view.Load().others.Load()); n > 5 {
		t.Errorf("%d keys bound after a flood", n)
	}

	// What a snapshot no longer has is not kept.
	gone := payloadID(t, payloads[0])
	if _, err := ring.Manager().DeleteKeys(ctx, func(k keyring.Key) bool { return k.ID == gone }, keyring.DeleteOptions{IncludeUnexpired: true}); err != nil {
		t.Fatal(err)
	}
	if next := open(1); next == v || next.find(gone) != nil || len(*next.others.Load()) != 4 {
		t.Errorf("the view of a new snapshot has %d keys beside the protecting one", len(*next.others.Load()))
	}
}

func payloadID(t *testing.T, payload []byte) uuid.UUID {
	t.Helper()
	id, _, err := ParsePayload(payload)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Plaintexts pass through scratch memory; none stays there.
func TestScratchIsCleared(t *testing.T) {
	var pool scratchPool
	s := pool.get(100)
	buf := append(s.buf, bytes.Repeat([]byte{1}, 100)...)
	pool.put(s)
	if !bytes.Equal(buf, make([]byte, 100)) {
		t.Errorf("% x", buf)
	}

	ctx := t.Context()
	e, err := NewEphemeral(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	p := e.CreateProtector("p")
	lend := e.scratch.get(1 << 16)
	memory := lend.buf[:1<<16]
	for _, text := range []string{"", "a plaintext", string(bytes.Repeat([]byte("long"), 3000))} {
		e.scratch.put(lend)
		payload, err := p.ProtectString(ctx, text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.UnprotectString(ctx, payload); err != nil {
			t.Fatal(err)
		}
		if _, err := p.UnprotectString(ctx, payload[:len(payload)-4]); err == nil {
			t.Error("cut short, and opened")
		}
		lend = e.scratch.get(1 << 16)
		if len(bytes.TrimRight(memory, "\x00")) != 0 {
			t.Errorf("%.100q is left", bytes.TrimRight(memory, "\x00"))
		}
	}
}
