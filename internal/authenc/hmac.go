package authenc

import (
	"crypto/sha512"
	"encoding/binary"
	"hash"
)

// The bytes HMAC's two pads are made of (RFC 2104), eight at a time.
const (
	innerPad = 0x3636363636363636
	outerPad = 0x5c5c5c5c5c5c5c5c
)

// mac computes HMACs, one after the other and each under another key, without
// the allocations of crypto/hmac. It is not safe for concurrent use. Its arrays
// lie beside the hash because what a hash.Hash is handed must be on the heap.
type mac struct {
	hash hash.Hash
	pad  [sha512.BlockSize]byte // the key's block, masked; the hash's block size of it is used
	sum  [sha512.Size]byte      // the inner digest
}

// appendTag appends HMAC(key, message) to dst. The key is at most one block long.
func (m *mac) appendTag(dst, key, message []byte) []byte {
	m.writeInnerPad(key)
	m.hash.Write(message)
	return m.finish(dst)
}

// writeInnerPad starts an HMAC: what is written to the hash next is its message.
func (m *mac) writeInnerPad(key []byte) {
	clear(m.pad[copy(m.pad[:], key):])
	mask(m.pad[:], innerPad)
	m.hash.Reset()
	m.hash.Write(m.pad[:m.hash.BlockSize()])
}

// finish appends the HMAC of what was written since writeInnerPad.
func (m *mac) finish(dst []byte) []byte {
	inner := m.hash.Sum(m.sum[:0])
	m.writeOuterPad()
	m.hash.Write(inner)
	return m.hash.Sum(dst)
}

// writeOuterPad turns the inner pad into the outer one and starts a hash with it.
func (m *mac) writeOuterPad() {
	mask(m.pad[:], innerPad^outerPad)
	m.hash.Reset()
	m.hash.Write(m.pad[:m.hash.BlockSize()])
}

// clear forgets the key.
func (m *mac) clear() {
	if m.hash == nil {
		return
	}
	clear(m.pad[:])
	clear(m.sum[:])
	m.hash.Reset()
}

// mask XORs every eight bytes of block with the eight of pad.
func mask(block []byte, pad uint64) {
	for ; len(block) >= 8; block = block[8:] {
		binary.NativeEndian.PutUint64(block, binary.NativeEndian.Uint64(block)^pad)
	}
}
