// Package authenc is the authenticated encryption of ASP.NET Core Data
// Protection: it turns a master key, additional data and a plaintext into the
// body of a payload, and back. It knows nothing of XML, of key rings or of a
// payload's first twenty bytes.
//
// # How a message is sealed
//
// No message is encrypted with the master key. Each draws a random 16-byte key
// modifier, from which the key derivation of NIST SP 800-108 in counter mode,
// with HMAC-SHA512 as its PRF and the master key as its key, makes sub-keys that
// serve this one message:
//
//	K(i) = HMAC-SHA512(master key, be32(i) ‖ AAD ‖ 00 ‖ context header ‖ key modifier ‖ be32(bits wanted))
//
// The additional data (AAD) enters here and nowhere else: a message opened with
// other additional data meets other sub-keys, and its tag does not fit. The
// context header names the algorithms, so that two suites never share a sub-key.
//
// With AES-CBC and an HMAC (ManagedAuthenticatedEncryptor in ASP.NET Core) the
// sub-keys are an AES key and an HMAC key as long as the digest, and the body is
//
//	key modifier (16) ‖ IV (16) ‖ AES-CBC of the PKCS #7 padded plaintext ‖ HMAC(IV ‖ ciphertext)
//
// With AES-GCM (AesGcmAuthenticatedEncryptor) the one sub-key is the AES key,
// GCM's own additional data is empty, and the body is
//
//	key modifier (16) ‖ nonce (12) ‖ ciphertext ‖ tag (16)
//
// # Why it composes primitives itself
//
// The ciphers and hashes are the standard library's. The chaining of CBC and
// the two pads of HMAC (RFC 2104) are done here, because that is where the time
// of a small message goes: crypto/hmac and crypto/cipher allocate an object per
// key, and every message has a new key. A [Box] keeps the SHA-512 state in which
// everything constant of the derivation has been absorbed; deriving sub-keys
// then costs two compressions instead of five. What remains is one allocation a
// message, the AES key schedule, which the standard library cannot place in
// memory of ours (GCM needs a second one).
//
// # FIPS 140-3
//
// Everything works with GODEBUG=fips140=on and, HMAC-SHA1 apart, with
// fips140=only. GCM nonces are then drawn inside the module. The pads and the
// chaining of this package are not themselves part of any validated module.
package authenc
