package atrest

import (
	"bytes"
	"crypto"
	"crypto/fips140"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// maxFile bounds a file with a certificate. Real ones have a few kilobytes.
const maxFile = 1 << 20

// ErrPassword says that a file with a private key needs another password.
var ErrPassword = errors.New("atrest: the password is wrong, or one is needed")

// LoadKeyPair reads a certificate and, if there is one, its private key from a
// file: PEM or PFX (PKCS #12), told apart by the content. A PFX is opened with
// the first of the passwords that fits, and an empty one is always tried too.
// Errors name the file; one for a password that does not fit is ErrPassword.
func LoadKeyPair(path string, passwords ...string) (KeyPair, error) {
	data, err := readFile(path)
	if err != nil {
		return KeyPair{}, err
	}
	defer clear(data)
	var p KeyPair
	if isPEM(data) {
		p, err = ParsePEM(data)
	} else {
		p, err = ParsePFX(data, passwords...)
	}
	return p, inFile(path, err)
}

// LoadPEMKeyPair reads a certificate and its private key from two PEM files.
func LoadPEMKeyPair(certificatePath, keyPath string) (KeyPair, error) {
	certificate, err := readFile(certificatePath)
	if err != nil {
		return KeyPair{}, err
	}
	key, err := readFile(keyPath)
	if err != nil {
		return KeyPair{}, err
	}
	defer clear(key)
	if !isPEM(key) {
		return KeyPair{}, inFile(keyPath, errNotPEM)
	}
	p, err := ParsePEM(slices.Concat(certificate, []byte("\n"), key))
	return p, inFile(certificatePath+", "+keyPath, err)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("atrest: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("larger than %d bytes", maxFile)
	}
	return data, inFile(path, err)
}

// inFile adds the file's name to an error.
func inFile(path string, err error) error {
	if err == nil {
		return nil
	}
	return &fileError{path, err}
}

type fileError struct {
	path string
	err  error
}

func (e *fileError) Error() string {
	return "atrest: " + e.path + ": " + strings.TrimPrefix(e.err.Error(), "atrest: ")
}

func (e *fileError) Unwrap() error { return e.err }

var errNotPEM = errors.New("atrest: neither a certificate nor a private key in PEM is in it")

func isPEM(data []byte) bool { return bytes.Contains(data, []byte("-----BEGIN ")) }

// ParsePEM reads a certificate and, if there is one, its private key (PKCS #8
// or PKCS #1, not encrypted) from PEM blocks, in any order. With a private key,
// the certificate is the one that it belongs to; without, the first. Other
// blocks, such as those of a chain, are ignored.
func ParsePEM(data []byte) (KeyPair, error) {
	var certificates []*x509.Certificate
	var key crypto.PrivateKey
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		kind := block.Type
		_, legacy := block.Headers["DEK-Info"]
		switch {
		case kind == "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return KeyPair{}, errors.New("atrest: a certificate in it does not parse")
			}
			certificates = append(certificates, c)
		case kind == "ENCRYPTED PRIVATE KEY" || legacy:
			return KeyPair{}, errors.New("atrest: the private key is encrypted, which is supported in PFX files only: convert it with openssl pkcs12 -export")
		case strings.HasSuffix(kind, "PRIVATE KEY") && key != nil:
			return KeyPair{}, errors.New("atrest: there are two private keys in it")
		case strings.HasSuffix(kind, "PRIVATE KEY"):
			var err error
			if key, err = parsePrivateKey(kind, block.Bytes); err != nil {
				return KeyPair{}, err
			}
			clear(block.Bytes)
		}
	}
	if len(certificates) == 0 {
		if key != nil {
			return KeyPair{}, errors.New("atrest: there is a private key in it, but no certificate")
		}
		return KeyPair{}, errNotPEM
	}
	return pairOf(certificates, key)
}

// parsePrivateKey reads the bytes of a PEM block. Errors of the parser are not
// passed on: they might quote.
func parsePrivateKey(kind string, der []byte) (key crypto.PrivateKey, err error) {
	switch kind {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(der)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(der)
	default:
		return nil, fmt.Errorf("atrest: a private key of the kind %.40q cannot decrypt: only RSA can", kind)
	}
	if err != nil {
		return nil, errors.New("atrest: the private key in it does not parse")
	}
	return key, nil
}

// pairOf returns the certificate that key belongs to, or the first.
func pairOf(certificates []*x509.Certificate, key crypto.PrivateKey) (KeyPair, error) {
	if key == nil {
		return NewKeyPair(certificates[0], nil)
	}
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok {
		return KeyPair{}, fmt.Errorf("atrest: a private key of the type %T cannot decrypt: only RSA can", key)
	}
	for _, c := range certificates {
		if rsaKey.PublicKey.Equal(c.PublicKey) {
			return NewKeyPair(c, rsaKey)
		}
	}
	return KeyPair{}, errors.New("atrest: the private key in it belongs to none of the certificates in it")
}

// ParsePFX reads a certificate with its private key from a PFX (PKCS #12),
// with the first of the passwords that fits, or an empty one.
func ParsePFX(data []byte, passwords ...string) (KeyPair, error) {
	if fips140.Enforced() {
		return KeyPair{}, errors.New("atrest: PFX files derive keys in ways that FIPS 140-only mode (GODEBUG=fips140=only) does not allow")
	}
	var key any
	var leaf *x509.Certificate
	var rest []*x509.Certificate
	err := pkcs12.ErrIncorrectPassword
	for _, password := range append(slices.Clone(passwords), "") {
		key, leaf, rest, err = pkcs12.DecodeChain(data, password)
		if !errors.Is(err, pkcs12.ErrIncorrectPassword) {
			break
		}
	}
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return KeyPair{}, ErrPassword
	case err != nil:
		return KeyPair{}, fmt.Errorf("atrest: neither PEM nor a PFX that can be read: %w", err)
	}
	return pairOf(append([]*x509.Certificate{leaf}, rest...), key)
}
