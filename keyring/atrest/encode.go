package atrest

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"

	"software.sslmate.com/src/go-pkcs12"
)

// EncodePEM returns a certificate and its private key as PEM blocks, which
// [ParsePEM] and .NET's X509Certificate2.CreateFromPem read: the certificate,
// then the key as PKCS #8, not encrypted. A nil key leaves its block out.
func EncodePEM(certificate *x509.Certificate, key *rsa.PrivateKey) ([]byte, error) {
	if err := checkPair(certificate, key); err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
	if key == nil {
		return text, nil
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, errors.New("atrest: the private key cannot be encoded")
	}
	defer clear(der)
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	defer clear(block)
	return slices.Concat(text, block), nil
}

// EncodePFX returns a certificate and its private key as a PFX, which [ParsePFX]
// and .NET's X509CertificateLoader.LoadPkcs12 read: PBES2 with AES-256 and a MAC
// with SHA-256. An empty password protects nothing.
func EncodePFX(certificate *x509.Certificate, key *rsa.PrivateKey, password string) ([]byte, error) {
	if key == nil {
		return nil, errors.New("atrest: a PFX needs a private key")
	}
	if err := checkPair(certificate, key); err != nil {
		return nil, err
	}
	data, err := pkcs12.Modern2023.Encode(key, certificate, nil, password)
	if err != nil {
		return nil, errors.New("atrest: the private key cannot be encoded with this password")
	}
	return data, nil
}

// checkPair refuses a key that is not the certificate's.
func checkPair(certificate *x509.Certificate, key *rsa.PrivateKey) error {
	if certificate == nil {
		return errNoCertificate
	}
	var err error
	if key == nil {
		_, err = NewKeyPair(certificate, nil)
	} else {
		_, err = NewKeyPair(certificate, key)
	}
	return err
}
