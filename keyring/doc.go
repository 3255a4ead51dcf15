// Package keyring reads, makes, revokes, deletes and chooses the keys of an
// ASP.NET Core Data Protection key ring.
//
// # Key and ring
//
// A key is a random 64-byte secret with an id, a pair of algorithms and three
// dates: when it was made, from when it may protect (activation) and until when
// (expiration). It is one XML element, <key>, in a store that all nodes of a
// farm share. A ring is all that such a store holds: keys, and the revocations
// that say which of them open nothing any more.
//
// Nothing stored is ever changed. A key is taken back by adding a <revocation>
// beside it, for one key or, with the id "*", for all keys created strictly
// before a date.
//
// # Which key protects
//
// The default key: the one with the latest activation date that is due,
// provided that it is neither expired nor revoked ([Policy]). Every node finds
// the same one, because it follows from the ring and the clock alone; clocks
// may differ by [Options.ClockSkew]. Every unrevoked key, expired or not, opens
// what it protected.
//
// A [Ring] makes the successor by itself, days before the default key expires,
// with an activation at that expiration: by then every node has read it
// ([Options.PropagationWindow]).
//
// # Two ways in
//
// A program that serves opens a [Ring]: it keeps a [Snapshot] fresh in the
// background and is what package protector needs. A program that manages takes
// a [Manager]: it reads the store anew at each call, and writes.
//
// # A farm has no lock
//
// .NET nodes take none, so none would help. Instead everything converges: the
// policy is the same everywhere, a payload under an unknown key makes a node
// look again ([Ring.WaitForKey]), a node that is about to make a key waits a
// random moment and looks again whether another was faster, and after making
// one it reads the ring before it protects.
//
// # When something fails
//
// A key element that cannot be read is left out and reported. A revocation that
// cannot be read fails the load, for it may be the one that matters; so do two
// keys of one id and a file that is not XML. An open ring then keeps what it
// had, and time goes on in it: a successor that it knows takes over. It never
// makes a key because something failed, it takes a store from which every key has
// vanished for a failure, and it never forgets a revocation that it has seen.
//
// # Memory
//
// The master keys that a ring holds, and what is derived from them to be kept,
// are overwritten once no snapshot, key or encryptor in anybody's hands can
// reach them any more and the garbage collector has seen that. What a reader
// still uses is never touched. This is best effort, against memory dumps and
// swap files: a program in Go has no say over what the standard library derives
// from a key (AES key schedules, the state of hash objects), over stacks and
// registers, or over the XML text in which a key stands in base64, when it is
// read or made. In a build with GOEXPERIMENT=runtimesecret, on linux/amd64 and
// linux/arm64, those are erased as well, as soon as the collector finds them,
// but for the XML that a store hands out: encrypt keys at rest, and there is
// nothing in it. It makes small payloads slower by a tenth.
//
// # Compatibility
//
// The elements are those of ASP.NET Core 9, which every release since 2.0
// reads. Keys of all four descriptor classes are read (the managed and the CNG
// ones too, as far as they name AES and SHA); new keys get the plain one.
// Secrets may be encrypted at rest through [XMLEncryptor] and [XMLDecryptor].
package keyring
