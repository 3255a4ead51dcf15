// Package xmlenc is the subset of W3C XML Encryption that the EncryptedXml
// class of .NET reads and writes: one element, encrypted with AES in CBC mode
// under a key of its own, which is encrypted to an RSA key, which a certificate
// names.
//
//	<EncryptedData>            content: aes128-cbc, aes192-cbc, aes256-cbc
//	  <KeyInfo><EncryptedKey>  transport: rsa-oaep-mgf1p with SHA-1, rsa-1_5
//	    <KeyInfo><X509Data><X509Certificate>
//	    <CipherData><CipherValue>
//	  <CipherData><CipherValue>  IV (16 bytes) ‖ ciphertext
//
// It knows neither whose certificates there are nor where private keys live:
// [Decrypt] asks its caller for a [crypto.Decrypter] by the DER bytes of a
// certificate. It says nothing of a certificate's dates or chain.
//
// # What it protects
//
// Secrecy, against those who read the store. Nothing in the format tells
// whether the bytes were changed: who can write may flip bits of the content,
// or encrypt something else to the certificate, which stands in every document.
// A reader that answers why a changed document does not open gives the content
// away (Jager and Somorovsky, "How to Break XML Encryption", 2011), and one that
// tells a bad PKCS #1 v1.5 padding gives the session key away (Bleichenbacher,
// 1998). Hence one error for all of it, [ErrDecrypt], and a session key drawn at
// random where there is none.
//
// # FIPS 140-3
//
// Both key transports, SHA-1 in OAEP and PKCS #1 v1.5, are none that strict mode
// (GODEBUG=fips140=only) allows. Everything then fails with an error that says
// so. With fips140=on all works.
package xmlenc
