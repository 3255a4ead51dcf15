package atrest_test

import (
	"errors"
	"testing"

	"dataprotection.example/keyring/atrest"
)

// What is encoded is read again, with the password and without another.
func TestEncode(t *testing.T) {
	key, certificate := recordedKey(t, "rsa2048"), recorded(t, "rsa2048").Certificate()
	read := func(p atrest.KeyPair, err error, private bool) {
		t.Helper()
		if err != nil || !p.Certificate().Equal(certificate) || p.HasPrivateKey() != private {
			t.Errorf("got %v, %v", p, err)
		}
	}
	text, err := atrest.EncodePEM(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	p, err := atrest.ParsePEM(text)
	read(p, err, true)
	if text, err = atrest.EncodePEM(certificate, nil); err != nil {
		t.Fatal(err)
	}
	p, err = atrest.ParsePEM(text)
	read(p, err, false)
	for _, password := range []string{"", "pass wörd"} {
		data, err := atrest.EncodePFX(certificate, key, password)
		if err != nil {
			t.Fatal(err)
		}
		p, err = atrest.ParsePFX(data, "another", password)
		read(p, err, true)
		if _, err := atrest.ParsePFX(data, "another"); (password != "") != errors.Is(err, atrest.ErrPassword) {
			t.Errorf("%q: got %v", password, err)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	key, certificate := recordedKey(t, "other3072"), recorded(t, "rsa2048").Certificate()
	if _, err := atrest.EncodePEM(certificate, key); err == nil {
		t.Error("PEM with the key of another certificate")
	}
	if _, err := atrest.EncodePFX(certificate, key, ""); err == nil {
		t.Error("PFX with the key of another certificate")
	}
	if _, err := atrest.EncodePFX(certificate, nil, ""); err == nil {
		t.Error("PFX without a key")
	}
	if _, err := atrest.EncodePEM(nil, nil); err == nil {
		t.Error("nothing at all")
	}
}
