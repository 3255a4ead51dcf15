package secret

import "runtime"

// allocate returns n bytes that are overwritten when they have become
// unreachable. The finalizer belongs to the array and not to whatever points to
// it, so that it cannot run while any slice of the array is in somebody's hands.
// Finalizers take a pointer to a type of fixed size: hence the classes, which
// fit a master key in base64 (88 bytes) and a saved SHA-512 state (204 bytes).
func allocate(n int) []byte {
	switch {
	case n <= 32:
		p := new([32]byte)
		runtime.SetFinalizer(p, func(p *[32]byte) { clear(p[:]) })
		return p[:n:n]
	case n <= 96:
		p := new([96]byte)
		runtime.SetFinalizer(p, func(p *[96]byte) { clear(p[:]) })
		return p[:n:n]
	case n <= 208:
		p := new([208]byte)
		runtime.SetFinalizer(p, func(p *[208]byte) { clear(p[:]) })
		return p[:n:n]
	case n <= 2048:
		p := new([2048]byte)
		runtime.SetFinalizer(p, func(p *[2048]byte) { clear(p[:]) })
		return p[:n:n]
	}
	return make([]byte, n)
}
