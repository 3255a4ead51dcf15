package xmlenc

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"errors"

	"dataprotection.example/internal/xmldoc"
)

// ErrDecrypt is the one error for whatever is wrong with the encrypted bytes: a
// session key that is not for this private key, a ciphertext cut short or
// changed, a bad padding, a content that is not XML. It also stands for every
// error of the private key's holder, because a token that says why it refused a
// session key says too much.
var ErrDecrypt = errors.New("xmlenc: the element cannot be decrypted: its bytes are damaged or were not encrypted to this key")

// MissingKeyError says that none of the certificates a document is encrypted to
// is at hand.
type MissingKeyError struct {
	Certificates [][]byte // DER, or whatever stood in its place
}

func (e *MissingKeyError) Error() string {
	return "xmlenc: the private key of none of the certificates named in the element is at hand"
}

// FindKey returns the private key that belongs to a certificate, nil if it is
// not at hand. It must be an RSA key, and its Decrypt must take
// *rsa.OAEPOptions and *rsa.PKCS1v15DecryptOptions, if possible with a
// SessionKeyLen.
type FindKey func(der []byte) crypto.Decrypter

// Decrypt returns the element that was encrypted into document, which is an
// EncryptedData: UTF-8, one well-formed element, spelled as its writer did. The
// keys of the certificates that find knows are tried in the document's order.
//
// The error is ErrDecrypt for the bytes, a *MissingKeyError for the lack of a
// key, ErrFIPS in strict FIPS mode, or tells what of the document's structure is
// wrong or not supported.
func Decrypt(document []byte, find FindKey) ([]byte, error) {
	if err := checkFIPS(); err != nil {
		return nil, err
	}
	root, err := xmldoc.Parse(document)
	if err != nil {
		return nil, err
	}
	m, err := read(root)
	if err != nil {
		return nil, err
	}
	err = &MissingKeyError{m.certificates}
	for _, der := range m.certificates {
		if key := find(der); key != nil {
			plain, ok := m.open(key)
			if ok {
				return plain, nil
			}
			err = ErrDecrypt
		}
	}
	return nil, err
}

// Certificates returns the certificates whose keys open document, an
// EncryptedData: DER, or whatever stands in its place.
func Certificates(document []byte) ([][]byte, error) {
	root, err := xmldoc.Parse(document)
	if err != nil {
		return nil, err
	}
	m, err := read(root)
	return m.certificates, err
}

// open decrypts m with the private key of one of its certificates.
func (m message) open(key crypto.Decrypter) ([]byte, bool) {
	sessionKey := m.sessionKey(key)
	defer clear(sessionKey)
	plain, ok := decryptCBC(sessionKey, m.content)
	if !ok {
		return nil, false
	}
	if _, err := xmldoc.Parse(plain); err != nil {
		clear(plain)
		return nil, false
	}
	return plain, true
}

// sessionKey returns the key that m's content is encrypted with, or, if there
// is none in it, random bytes, with which the content does not open.
func (m message) sessionKey(key crypto.Decrypter) []byte {
	random := make([]byte, m.keySize)
	rand.Read(random)
	sessionKey, err := m.unwrap(key)
	if err != nil || len(sessionKey) != m.keySize {
		clear(sessionKey)
		return random
	}
	return sessionKey
}

// unwrap asks the private key for the session key. What it wraps is as long as
// the modulus, leading zeros and all (RFC 8017, 7.1.2 and 7.2.2); .NET insists
// on that, and not every private key does.
func (m message) unwrap(key crypto.Decrypter) ([]byte, error) {
	if public, ok := key.Public().(*rsa.PublicKey); !ok || len(m.wrapped) != public.Size() {
		return nil, rsa.ErrDecryption
	}
	if m.transport == OAEP {
		return key.Decrypt(rand.Reader, m.wrapped, &rsa.OAEPOptions{Hash: crypto.SHA1})
	}
	// A private key that knows this option answers a bad padding with random
	// bytes of the length, in constant time (RFC 3218, 2.3.2).
	//lint:ignore SA1019 .NET writes nothing else
	sessionKey, err := key.Decrypt(rand.Reader, m.wrapped, &rsa.PKCS1v15DecryptOptions{SessionKeyLen: m.keySize})
	if _, local := key.(*rsa.PrivateKey); err == nil || local {
		return sessionKey, err
	}
	// Tokens may have no such thing. What one says of a padding then stays
	// here: the caller goes on with random bytes.
	//lint:ignore SA1019 as before
	return key.Decrypt(rand.Reader, m.wrapped, &rsa.PKCS1v15DecryptOptions{})
}

// decryptCBC returns the content without its IV and padding; false if that
// cannot be. Of the padding the last byte counts and nothing else: .NET fills
// the others with random bytes (ISO 10126), and reads what others fill with
// zeros (ANSI X9.23) or repetitions (PKCS #7).
func decryptCBC(key, content []byte) ([]byte, bool) {
	if len(content) < 2*aes.BlockSize || len(content)%aes.BlockSize != 0 {
		return nil, false
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, false
	}
	iv, ciphertext := content[:aes.BlockSize], content[aes.BlockSize:]
	plain := make([]byte, len(ciphertext))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, ciphertext)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > aes.BlockSize {
		clear(plain)
		return nil, false
	}
	return plain[:len(plain)-padding], true
}
