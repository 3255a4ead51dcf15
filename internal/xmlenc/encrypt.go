package xmlenc

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/beevik/etree"

	"dataprotection.example/internal/xmldoc"
)

// minModulus is the length in bits below which crypto/rsa refuses a key.
const minModulus = 1024

// PublicKey returns the RSA key of a certificate, or why nothing can be
// encrypted to it. .NET knows RSA only, too.
func PublicKey(certificate *x509.Certificate) (*rsa.PublicKey, error) {
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("xmlenc: the certificate has a key of the algorithm %v, and only RSA can encrypt", certificate.PublicKeyAlgorithm)
	}
	if n := key.N.BitLen(); n < minModulus {
		return nil, fmt.Errorf("xmlenc: the certificate's RSA key has %d bits, fewer than %d", n, minModulus)
	}
	return key, nil
}

// Encrypt encrypts element, UTF-8 and good on its own, to a certificate: with a
// fresh AES-256 key, in the shape that .NET's CertificateXmlEncryptor writes.
// The private key is not needed, and the certificate's dates are not looked at.
func Encrypt(element []byte, to *x509.Certificate, transport Transport) ([]byte, error) {
	if err := checkFIPS(); err != nil {
		return nil, err
	}
	public, err := PublicKey(to)
	if err != nil {
		return nil, err
	}
	sessionKey := make([]byte, 32)
	defer clear(sessionKey)
	rand.Read(sessionKey)
	content, err := encryptCBC(sessionKey, element)
	if err != nil {
		return nil, err
	}
	var wrapped []byte
	algorithm := transportOAEP
	switch transport {
	case OAEP:
		wrapped, err = rsa.EncryptOAEP(sha1.New(), rand.Reader, public, sessionKey, nil)
	case PKCS1v15:
		algorithm = transportPKCS1
		//lint:ignore SA1019 for readers that know nothing else
		wrapped, err = rsa.EncryptPKCS1v15(rand.Reader, public, sessionKey)
	default:
		err = errors.New("unknown key transport")
	}
	if err != nil {
		return nil, fmt.Errorf("xmlenc: encrypting the session key: %w", err)
	}
	return xmldoc.Compact(encryptedData(content, wrapped, algorithm, to.Raw)), nil
}

// encryptCBC returns IV ‖ ciphertext, padded as .NET does: the last byte is the
// padding's length, 1 to 16, and the others are random (ISO 10126).
func encryptCBC(key, plain []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	padding := aes.BlockSize - len(plain)%aes.BlockSize
	out := make([]byte, aes.BlockSize+len(plain)+padding)
	iv, body := out[:aes.BlockSize], out[aes.BlockSize:]
	rand.Read(iv)
	rand.Read(body[copy(body, plain):])
	body[len(body)-1] = byte(padding)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(body, body)
	return out, nil
}

// encryptedData builds the element, attribute for attribute as .NET does.
func encryptedData(content, wrapped []byte, transport string, certificate []byte) *etree.Element {
	key := etree.NewElement("EncryptedKey")
	key.CreateAttr("xmlns", encNamespace)
	key.CreateElement("EncryptionMethod").CreateAttr("Algorithm", transport)
	info := key.CreateElement("KeyInfo")
	info.CreateAttr("xmlns", sigNamespace)
	info.CreateElement("X509Data").CreateElement("X509Certificate").SetText(base64.StdEncoding.EncodeToString(certificate))
	addCipherValue(key, wrapped)

	data := etree.NewElement("EncryptedData")
	data.CreateAttr("Type", typeElement)
	data.CreateAttr("xmlns", encNamespace)
	data.CreateElement("EncryptionMethod").CreateAttr("Algorithm", contentAES256CBC)
	info = data.CreateElement("KeyInfo")
	info.CreateAttr("xmlns", sigNamespace)
	info.AddChild(key)
	addCipherValue(data, content)
	return data
}

func addCipherValue(el *etree.Element, value []byte) {
	el.CreateElement("CipherData").CreateElement("CipherValue").SetText(base64.StdEncoding.EncodeToString(value))
}
