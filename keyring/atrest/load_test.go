package atrest_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"dataprotection.example/keyring/atrest"
	"dataprotection.example/testdata"
)

func pfxOf(t testing.TB, name, password string, rest ...*x509.Certificate) []byte {
	t.Helper()
	data, err := pkcs12.Modern2023.WithRand(rand.Reader).Encode(recordedKey(t, name), recorded(t, name).Certificate(), rest, password)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func asset(t testing.TB, name string) []byte {
	t.Helper()
	data, err := testdata.FS.ReadFile("vectors/certs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".pem") {
		data = append(data, '\n') // so that files can be strung together
	}
	return data
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// A pair comes out of every usual spelling of a file.
func TestLoadKeyPair(t *testing.T) {
	key, c := recordedKey(t, "rsa2048"), recorded(t, "rsa2048").Certificate()
	other := recorded(t, "other3072").Certificate()
	certificate, pkcs8 := asset(t, "rsa2048.crt.pem"), asset(t, "rsa2048.key.pem")
	tests := []struct {
		name      string
		data      []byte
		passwords []string
		private   bool
	}{
		{"PEM", append(bytes.Clone(certificate), pkcs8...), nil, true},
		{"PEM, key first", append(bytes.Clone(pkcs8), certificate...), nil, true},
		{"PEM, chain first", append(append(block("CERTIFICATE", other.Raw), pkcs8...), certificate...), nil, true},
		{"PEM, PKCS #1", append(bytes.Clone(certificate), block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))...), nil, true},
		{"PEM with text around", append([]byte("subject=x\r\n\r\n"), append(certificate, block("X509 CRL", []byte{1})...)...), nil, false},
		{"PEM, certificate alone", certificate, []string{"ignored"}, false},
		{"PFX of .NET, empty password", asset(t, "rsa2048.pfx"), nil, true},
		{"PFX, empty password after another", asset(t, "rsa2048.pfx"), []string{"wrong"}, true},
		{"PFX", pfxOf(t, "rsa2048", "pässword"), []string{"pässword"}, true},
		{"PFX, second password", pfxOf(t, "rsa2048", "two"), []string{"one", "two"}, true},
		{"PFX with a chain", pfxOf(t, "rsa2048", "", other), nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := atrest.LoadKeyPair(write(t, "file", tt.data), tt.passwords...)
			if err != nil {
				t.Fatal(err)
			}
			if !p.Certificate().Equal(c) || p.HasPrivateKey() != tt.private {
				t.Errorf("got %v, private key: %v", p, p.HasPrivateKey())
			}
			if tt.private {
				decryptor(t, atrest.CertificateDecryptorOptions{}, p)
			}
		})
	}
	p, err := atrest.LoadPEMKeyPair(write(t, "a.crt", certificate), write(t, "a.key", pkcs8))
	if err != nil || !p.Certificate().Equal(c) || !p.HasPrivateKey() {
		t.Errorf("two files: %v, %v", p, err)
	}
}

// What cannot be read is said with the file's name, and nothing of its content.
func TestLoadErrors(t *testing.T) {
	certificate, pkcs8 := asset(t, "rsa2048.crt.pem"), asset(t, "rsa2048.key.pem")
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "neither PEM nor a PFX"},
		{"text", []byte("hello"), "neither PEM nor a PFX"},
		{"a DER certificate", recorded(t, "rsa2048").Certificate().Raw, "neither PEM nor a PFX"},
		{"PEM of something else", block("X509 CRL", []byte("x")), "neither a certificate nor a private key"},
		{"PEM that is broken", []byte("-----BEGIN CERTIFICATE-----\nAAAA"), "neither a certificate nor a private key"},
		{"a broken certificate", block("CERTIFICATE", []byte("x")), "does not parse"},
		{"a broken key", append(bytes.Clone(certificate), block("PRIVATE KEY", []byte("hush"))...), "does not parse"},
		{"a key alone", pkcs8, "no certificate"},
		{"a key of another", append(bytes.Clone(certificate), asset(t, "other3072.key.pem")...), "none of the certificates"},
		{"two keys", append(append(bytes.Clone(certificate), pkcs8...), pkcs8...), "two private keys"},
		{"an encrypted key", append(bytes.Clone(certificate), block("ENCRYPTED PRIVATE KEY", []byte("x"))...), "encrypted"},
		{"an encrypted key of old", append(bytes.Clone(certificate), []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n")...), "encrypted"},
		{"a curve", append(asset(t, "ec256.crt.pem"), asset(t, "ec256.key.pem")...), "only RSA"},
		{"a curve's certificate", asset(t, "ec256.crt.pem"), "only RSA"},
		{"a curve's old key", append(bytes.Clone(certificate), block("EC PRIVATE KEY", []byte("x"))...), "only RSA"},
		{"a curve's PFX", asset(t, "ec256.pfx"), "only RSA"},
		{"a password", pfxOf(t, "rsa2048", "secret"), "password"},
		{"half a PFX", asset(t, "rsa2048.pfx")[:500], "neither PEM nor a PFX"},
		{"a huge file", make([]byte, 2<<20), "larger than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, "file", tt.data)
			p, err := atrest.LoadKeyPair(path, "wrong")
			fails(t, err, tt.want, path)
			if p.Certificate() != nil || p.HasPrivateKey() {
				t.Errorf("with %v", p)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("the error repeats what it found: %v", err)
			}
			if tt.name == "a password" && !errors.Is(err, atrest.ErrPassword) {
				t.Errorf("%v is not ErrPassword", err)
			}
		})
	}
	missing := filepath.Join(t.TempDir(), "missing.pem")
	_, err := atrest.LoadKeyPair(missing)
	fails(t, err, missing)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v is not ErrNotExist", err)
	}
	_, err = atrest.LoadKeyPair(t.TempDir())
	fails(t, err, "directory")
	_, err = atrest.LoadPEMKeyPair(write(t, "a.pem", certificate), write(t, "b.pfx", asset(t, "rsa2048.pfx")))
	fails(t, err, "b.pfx")
	_, err = atrest.LoadPEMKeyPair(write(t, "a.pem", certificate), missing)
	fails(t, err, missing)
}

// FuzzLoad looks for a file that panics, or a pair that does not fit.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"rsa2048.crt.pem", "rsa2048.key.pem", "ec256.key.pem"} {
		f.Add(asset(f, name))
	}
	f.Add(recordedPEM(f, "rsa2048"))
	f.Add(asset(f, "rsa2048.pfx"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []func([]byte) (atrest.KeyPair, error){
			atrest.ParsePEM, func(data []byte) (atrest.KeyPair, error) { return atrest.ParsePFX(data) },
		} {
			p, err := parse(data)
			if (err == nil) != (p.Certificate() != nil) {
				t.Errorf("%v with the error %v", p, err)
			}
		}
	})
}
