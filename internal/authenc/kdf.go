package authenc

import (
	"crypto/sha512"
	"encoding"
	"encoding/binary"
	"hash"

	"dataprotection.example/internal/secret"
)

// maxSubkeysSize is how many bytes two rounds of the key derivation give. The
// longest sub-keys, of AES-256 with HMAC-SHA512, are 96 bytes.
const maxSubkeysSize = 2 * sha512.Size

// A resumableHash is a SHA-512 whose state can be saved and restored: the one
// of the standard library.
type resumableHash interface {
	hash.Hash
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

func newResumableSHA512() resumableHash { return sha512.New().(resumableHash) }

// save returns the state of h. That it and restore work is what the standard
// library promises for its own hashes, so a failure is no case to handle.
func save(h resumableHash) secret.Bytes {
	state, err := h.MarshalBinary()
	if err != nil {
		panic("authenc: SHA-512 cannot save its state: " + err.Error())
	}
	defer clear(state)
	return secret.New(state)
}

// restore puts h into a state that save returned.
func restore(h resumableHash, state secret.Bytes) {
	if err := h.UnmarshalBinary(state.Reveal()); err != nil {
		panic("authenc: SHA-512 cannot restore its state: " + err.Error())
	}
}

// A kdf is the key derivation of NIST SP 800-108 in counter mode for one master
// key, with HMAC-SHA512 as the PRF and a 32-bit counter before the fixed input.
// It keeps no key, only the two SHA-512 states into which the key leads. They
// are as secret as the key.
type kdf struct {
	inner secret.Bytes // after the inner pad
	outer secret.Bytes // after the outer pad
}

func newKDF(masterKey []byte) kdf {
	if len(masterKey) > sha512.BlockSize { // as RFC 2104 wants it
		sum := sha512.Sum512(masterKey)
		defer clear(sum[:])
		masterKey = sum[:]
	}
	h := newResumableSHA512()
	m := mac{hash: h}
	defer m.clear()
	var k kdf
	m.writeInnerPad(masterKey)
	k.inner = save(h)
	m.writeOuterPad()
	k.outer = save(h)
	return k
}

// absorb returns the state of the PRF's inner hash after the part of round i's
// input that is the same for every message: counter, label, zero, and the context
// header, with which ASP.NET Core lets every context begin.
func (k kdf) absorb(i uint32, label, contextHeader []byte) secret.Bytes {
	h := newResumableSHA512()
	defer h.Reset()
	restore(h, k.inner)
	h.Write(binary.BigEndian.AppendUint32(nil, i))
	h.Write(label)
	h.Write([]byte{0})
	h.Write(contextHeader)
	return save(h)
}

// A deriver is the working memory of one derivation. Not safe for concurrent use.
type deriver struct {
	hash    resumableHash
	bits    [4]byte           // how many are wanted, the input's end
	sum     [sha512.Size]byte // the inner digest
	subkeys [maxSubkeysSize]byte
}

// derive returns the first size bytes derived for the context. prefixes holds
// what absorb returned for each round that size needs. The result lies in d and
// lives until the next derive or clear.
func (d *deriver) derive(k kdf, prefixes []secret.Bytes, context []byte, size int) []byte {
	binary.BigEndian.PutUint32(d.bits[:], uint32(8*size))
	out := d.subkeys[:0]
	for _, prefix := range prefixes {
		restore(d.hash, prefix)
		d.hash.Write(context)
		d.hash.Write(d.bits[:])
		inner := d.hash.Sum(d.sum[:0])
		restore(d.hash, k.outer)
		d.hash.Write(inner)
		out = d.hash.Sum(out)
	}
	return out[:size]
}

// clear forgets the sub-keys and all that leads to them.
func (d *deriver) clear() {
	clear(d.subkeys[:])
	clear(d.sum[:])
	d.hash.Reset()
}
