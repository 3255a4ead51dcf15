package xmlenc

import (
	"crypto/fips140"
	"errors"
)

// Namespaces and algorithms (XML Encryption Syntax and Processing, 2002;
// XML Signature Syntax and Processing, 2002).
const (
	encNamespace = "http://www.w3.org/2001/04/xmlenc#"
	sigNamespace = "http://www.w3.org/2000/09/xmldsig#"

	typeElement = encNamespace + "Element"

	transportOAEP    = encNamespace + "rsa-oaep-mgf1p"
	transportPKCS1   = encNamespace + "rsa-1_5"
	digestSHA1       = sigNamespace + "sha1"
	contentAES128CBC = encNamespace + "aes128-cbc"
	contentAES192CBC = encNamespace + "aes192-cbc"
	contentAES256CBC = encNamespace + "aes256-cbc"
)

// sessionKeySize returns the key length in bytes of a content algorithm, 0 for
// one that is not supported.
func sessionKeySize(algorithm string) int {
	switch algorithm {
	case contentAES128CBC:
		return 16
	case contentAES192CBC:
		return 24
	case contentAES256CBC:
		return 32
	}
	return 0
}

// Transport says how the session key is encrypted to a certificate.
type Transport uint8

// The transports. The zero value is the better one; .NET reads both, writes
// PKCS1v15, and always takes SHA-1 in OAEP.
const (
	OAEP     Transport = iota // rsa-oaep-mgf1p
	PKCS1v15                  // rsa-1_5
)

// ErrFIPS says that strict FIPS mode is on.
var ErrFIPS = errors.New("xmlenc: XML Encryption to a certificate needs SHA-1 or PKCS #1 v1.5, which FIPS 140-only mode (GODEBUG=fips140=only) does not allow")

func checkFIPS() error {
	if fips140.Enforced() {
		return ErrFIPS
	}
	return nil
}
