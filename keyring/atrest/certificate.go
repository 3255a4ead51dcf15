package atrest

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"dataprotection.example/internal/xmlenc"
	"dataprotection.example/keyring"
)

const (
	certificateDecryptorType = "Microsoft.AspNetCore.DataProtection.XmlEncryption.EncryptedXmlDecryptor"
	dotnetAssembly           = ", Microsoft.AspNetCore.DataProtection, Version=8.0.0.0, Culture=neutral, PublicKeyToken=adb9793829ddae60"
)

// CertificateEncryptorOptions configures a [CertificateEncryptor].
type CertificateEncryptorOptions struct {
	// PKCS1v15 encrypts the session key by PKCS #1 v1.5, as .NET does, instead
	// of OAEP, which .NET reads as well. It is for readers that know nothing
	// else.
	PKCS1v15 bool
}

// CertificateEncryptor encrypts keys to a certificate
// (CertificateXmlEncryptor). It is safe for concurrent use.
type CertificateEncryptor struct {
	certificate *x509.Certificate
	transport   xmlenc.Transport
}

// NewCertificateEncryptor returns the encryptor to a certificate, which must
// have an RSA key of 1024 bits or more. Its dates, usages and issuer do not
// matter. Nobody checks that somebody has the private key.
func NewCertificateEncryptor(certificate *x509.Certificate, opts CertificateEncryptorOptions) (*CertificateEncryptor, error) {
	if certificate == nil {
		return nil, errNoCertificate
	}
	if _, err := xmlenc.PublicKey(certificate); err != nil {
		return nil, fault(describe(certificate), err)
	}
	e := &CertificateEncryptor{certificate: certificate}
	if opts.PKCS1v15 {
		e.transport = xmlenc.PKCS1v15
	}
	return e, nil
}

// Certificate returns the certificate that e encrypts to.
func (e *CertificateEncryptor) Certificate() *x509.Certificate { return e.certificate }

// EncryptXML encrypts element under a fresh AES-256 key into an
// <EncryptedData>, which names the certificate.
func (e *CertificateEncryptor) EncryptXML(_ context.Context, element []byte) (keyring.EncryptedXML, error) {
	xml, err := xmlenc.Encrypt(element, e.certificate, e.transport)
	if err != nil {
		return keyring.EncryptedXML{}, fault("", err)
	}
	return keyring.EncryptedXML{DecryptorType: certificateDecryptorType + dotnetAssembly, XML: xml}, nil
}

// CertificateDecryptorOptions configures a [CertificateDecryptor].
type CertificateDecryptorOptions struct {
	// MatchPublicKey also takes a private key for a certificate that is not
	// the same but has the same public key: one that was renewed. .NET does
	// not.
	MatchPublicKey bool

	// Logger is warned of each certificate that is used after it has expired
	// or before it is valid, once. Nil is silent.
	Logger *slog.Logger

	// Now is the clock for that; nil means time.Now.
	Now func() time.Time
}

// CertificateDecryptor opens keys that are encrypted to any of its certificates
// (EncryptedXmlDecryptor with UnprotectKeysWithAnyCertificate). It is safe for
// concurrent use.
type CertificateDecryptor struct {
	pairs []KeyPair
	opts  CertificateDecryptorOptions

	mu     sync.Mutex
	warned map[string]bool // thumbprints
}

// NewCertificateDecryptor returns the decryptor with the given certificates, at
// least one, each with its private key.
func NewCertificateDecryptor(opts CertificateDecryptorOptions, pairs ...KeyPair) (*CertificateDecryptor, error) {
	if len(pairs) == 0 {
		return nil, errNoCertificate
	}
	for _, p := range pairs {
		if !p.HasPrivateKey() {
			return nil, fmt.Errorf("atrest: %s has no private key to decrypt with", p)
		}
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &CertificateDecryptor{pairs: append([]KeyPair(nil), pairs...), opts: opts, warned: map[string]bool{}}, nil
}

// Certificates returns the certificates that d has private keys for.
func (d *CertificateDecryptor) Certificates() []*x509.Certificate {
	var all []*x509.Certificate
	for _, p := range d.pairs {
		all = append(all, p.certificate)
	}
	return all
}

// DecryptorTypes returns the class of .NET that does the same.
func (d *CertificateDecryptor) DecryptorTypes() []string { return []string{certificateDecryptorType} }

// DecryptXML opens an <EncryptedData>. The error wraps
// [keyring.ErrDecryptionKeyMissing] and names the certificate when d does not
// have it. Whatever is wrong with the encrypted bytes gives one and the same
// error.
func (d *CertificateDecryptor) DecryptXML(ctx context.Context, element []byte) ([]byte, error) {
	var used KeyPair
	plain, err := xmlenc.Decrypt(element, func(der []byte) crypto.Decrypter {
		if p, ok := d.find(der); ok {
			used = p
			return p.key()
		}
		return nil
	})
	var missing *xmlenc.MissingKeyError
	switch {
	case errors.As(err, &missing):
		return nil, missingCertificate(missing.Certificates)
	case errors.Is(err, xmlenc.ErrDecrypt) && !used.local():
		return nil, fmt.Errorf("%w; the private key of %s is not in this process: see whether its token or agent answers", fault("", err), used)
	case err != nil:
		return nil, fault("", err)
	}
	d.warn(ctx, used.certificate)
	return plain, nil
}

// find returns the pair of a certificate.
func (d *CertificateDecryptor) find(der []byte) (KeyPair, bool) {
	for _, p := range d.pairs {
		if string(p.certificate.Raw) == string(der) {
			return p, true
		}
	}
	if !d.opts.MatchPublicKey {
		return KeyPair{}, false
	}
	named, err := x509.ParseCertificate(der)
	if err != nil {
		return KeyPair{}, false
	}
	for _, p := range d.pairs {
		if string(p.certificate.RawSubjectPublicKeyInfo) == string(named.RawSubjectPublicKeyInfo) {
			return p, true
		}
	}
	return KeyPair{}, false
}

// missingCertificate says which certificate is needed.
func missingCertificate(certificates [][]byte) error {
	var names []string
	for _, der := range certificates {
		names = append(names, describeDER(der))
	}
	return fmt.Errorf("%w: it is encrypted to the certificate %s", keyring.ErrDecryptionKeyMissing, strings.Join(names, " or "))
}

// warn logs that a certificate is used outside its dates, once.
func (d *CertificateDecryptor) warn(ctx context.Context, c *x509.Certificate) {
	now := d.opts.Now()
	event, message := "certificate.expired", "a certificate that has expired still decrypts keys of the ring"
	switch {
	case now.Before(c.NotBefore):
		event, message = "certificate.early", "a certificate that is not yet valid decrypts keys of the ring"
	case !now.After(c.NotAfter):
		return
	}
	name := Thumbprint(c)
	d.mu.Lock()
	known := d.warned[name]
	d.warned[name] = true
	d.mu.Unlock()
	if !known {
		d.opts.Logger.WarnContext(ctx, message, slog.String("event", event), slog.String("subject", c.Subject.String()),
			slog.String("thumbprint", name), slog.Time("notBefore", c.NotBefore), slog.Time("notAfter", c.NotAfter))
	}
}
