package atrest

import (
	"crypto"
	"crypto/fips140"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"dataprotection.example/internal/xmlenc"
)

// KeyPair is a certificate and, unless it is only to encrypt, its private key
// (X509Certificate2). Printing one shows nothing of the key. It is safe for
// concurrent use if its private key is; those of crypto/rsa are.
type KeyPair struct {
	certificate *x509.Certificate
	// key is a function so that no printer finds a private key by reflection.
	key func() crypto.Decrypter
}

// NewKeyPair returns the pair of a certificate and the private key that belongs
// to it: an *[rsa.PrivateKey], or one that lives in a token, an agent or a
// service, whose Decrypt then takes *[rsa.OAEPOptions] with SHA-1 and
// *[rsa.PKCS1v15DecryptOptions], if possible with a SessionKeyLen. A nil key
// makes a pair that can encrypt only. It is an error if the key is not RSA, as in .NET, or
// is not the certificate's.
func NewKeyPair(certificate *x509.Certificate, key crypto.Decrypter) (KeyPair, error) {
	public, err := xmlenc.PublicKey(certificate)
	if err != nil {
		return KeyPair{}, fault(describe(certificate), err)
	}
	if key == nil {
		return KeyPair{certificate: certificate}, nil
	}
	if !public.Equal(key.Public()) {
		return KeyPair{}, fmt.Errorf("atrest: the private key is not that of the certificate %s", describe(certificate))
	}
	return KeyPair{certificate, func() crypto.Decrypter { return key }}, nil
}

// Certificate returns the certificate, nil for the zero KeyPair.
func (p KeyPair) Certificate() *x509.Certificate { return p.certificate }

// HasPrivateKey reports whether p can decrypt.
func (p KeyPair) HasPrivateKey() bool { return p.key != nil }

// local reports whether p's private key is in this process.
func (p KeyPair) local() bool {
	_, ok := p.key().(*rsa.PrivateKey)
	return ok
}

// String returns the certificate's subject and thumbprint.
func (p KeyPair) String() string {
	if p.certificate == nil {
		return "no certificate"
	}
	return describe(p.certificate)
}

// Thumbprint returns what .NET and Windows call a certificate by: the SHA-1 of
// its DER in capital hexadecimal digits. It is a name and protects nothing, so
// it is there in strict FIPS mode too.
func Thumbprint(certificate *x509.Certificate) string { return thumbprint(certificate.Raw) }

func thumbprint(der []byte) (text string) {
	fips140.WithoutEnforcement(func() { text = fmt.Sprintf("%X", sha1.Sum(der)) })
	return text
}

// describe names a certificate for a person.
func describe(c *x509.Certificate) string {
	return fmt.Sprintf("%q (thumbprint %s, valid until %s)", c.Subject, Thumbprint(c), c.NotAfter.UTC().Format(time.DateOnly))
}

// describeDER is describe for what an element names.
func describeDER(der []byte) string {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Sprintf("that does not parse (thumbprint %s)", thumbprint(der))
	}
	return describe(c)
}

// faultError is an error of package xmlenc, with what it is about.
type faultError struct {
	what string // may be empty
	err  error
}

func fault(what string, err error) error { return &faultError{what, err} }

func (e *faultError) Error() string {
	text := strings.TrimPrefix(e.err.Error(), "xmlenc: ")
	if e.what != "" {
		text = e.what + ": " + text
	}
	return "atrest: " + text
}

func (e *faultError) Unwrap() error { return e.err }

var errNoCertificate = errors.New("atrest: there is no certificate")
