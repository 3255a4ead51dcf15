// Package protector protects payloads as ASP.NET Core Data Protection does: what
// it returns can be read by nobody and altered by nobody who does not have the
// key ring, and an ASP.NET Core application over the same ring reads it, as this
// package reads what that application protected.
//
// # Provider, purposes, protector
//
// A [Provider] stands over an open key ring and for one application. From it come
// protectors, each for a chain of purposes:
//
//	provider := protector.New(ring, protector.Options{ApplicationName: "shop"})
//	invites := provider.CreateProtector("invitations", "v1")
//
// A payload opens only under the ring, the application name and the purposes it
// was protected under, so that a password reset token cannot be handed in as an
// invitation. Purposes are not secret. They are no access control either:
// whoever has the ring can make any protector. Make a protector once and keep
// it; it remembers what it has derived from each key.
//
// Payloads are bytes; [Protector.ProtectString] and [Protector.UnprotectString]
// are for text, in base64url, which fits into a URL or a cookie.
//
// # What a payload says, and for how long
//
// The name of the key, and how long the plaintext is (in steps of 16 bytes with
// CBC, exactly with GCM). There is no date in it and no number: the same payload
// may be handed in any number of times, for as long as its key is in the ring
// and not revoked. Keys expire for protecting only. [Protector.TimeLimited]
// gives a payload an end of its own.
//
// # What goes wrong
//
// Whoever sends a forged payload must not learn how close it came. Altered
// bytes, another purpose, another application name, text that is not base64url:
// all of these are [ErrInvalidPayload], and none of them can be told from the
// others, not even by us. When a good payload of another node is refused so, the
// application names differ; ASP.NET Core sets one by itself where the
// application does not (the path of its content root, with a slash at the end).
//
// Before that comes the question which key it is, and its answers are no secret:
// [keyring.ErrKeyNotFound], [keyring.ErrKeyRevoked], [keyring.ErrKeyUnreadable],
// in an [*Error] that names the key.
//
// # Blocking
//
// Nothing here waits, with one exception: a payload under a key that the ring
// does not have may have been protected by a node that made the key a moment ago.
// Unprotecting it waits for the ring to look; see [keyring.Ring.WaitForKey],
// which bounds that. The context is for this wait.
//
// # Compatibility
//
// Payloads are those of ASP.NET Core 9, in the only version of the format that
// there has been; docs/FORMAT.md has it byte by byte. All types of this package
// are safe for concurrent use.
package protector
