package xmlenc_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"pgregory.net/rapid"

	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/internal/xmlenc"
	"dataprotection.example/testdata"
)

// Every recorded ring opens, or is refused for its reason.
func TestVectors(t *testing.T) {
	id := owner(t, "rsa2048")
	refusals := map[string]string{
		"refused go-cert-gcm":                      "unsupported content algorithm",
		"refused go-cert-issuerserial":             "no X509Certificate",
		"refused go-cert-keyname":                  "no X509Certificate",
		"refused go-cert-nokeyinfo":                "has no KeyInfo",
		"refused go-cert-oaep-sha256-digestmethod": "unsupported digest",
	}
	all, err := testdata.Vectors()
	if err != nil {
		t.Fatal(err)
	}
	documents := vectorDocuments(t)
	for _, v := range all {
		document, ok := documents[v.Name]
		if !ok {
			continue
		}
		t.Run(v.Name, func(t *testing.T) {
			plain, err := xmlenc.Decrypt(document, id.find)
			if _, refused := v.Refused(); refused {
				want, known := refusals[v.Name]
				if !known {
					t.Fatal("a refused vector that this test does not know")
				}
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, %v; want an error with %q", plain, err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if root := parse(t, plain); root.Tag != "masterKey" {
				t.Errorf("the content is <%s>", root.Tag)
			}
		})
		delete(refusals, v.Name)
	}
	if len(documents) < 14 || len(refusals) > 0 {
		t.Errorf("%d documents; not seen: %v", len(documents), refusals)
	}
}

// What Encrypt writes has exactly the shape that .NET writes, and opens.
func TestShape(t *testing.T) {
	id := owner(t, "rsa2048")
	for transport, uri := range map[xmlenc.Transport]string{xmlenc.OAEP: "rsa-oaep-mgf1p", xmlenc.PKCS1v15: "rsa-1_5"} {
		document := encrypt(t, id, transport)
		shape := regexp.MustCompile(`>[A-Za-z0-9+/=]+<`).ReplaceAllString(string(document), ">…<")
		want := `<EncryptedData Type="http://www.w3.org/2001/04/xmlenc#Element" xmlns="http://www.w3.org/2001/04/xmlenc#">` +
			`<EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc" />` +
			`<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">` +
			`<EncryptedKey xmlns="http://www.w3.org/2001/04/xmlenc#">` +
			`<EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#` + uri + `" />` +
			`<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>…</X509Certificate></X509Data></KeyInfo>` +
			`<CipherData><CipherValue>…</CipherValue></CipherData></EncryptedKey></KeyInfo>` +
			`<CipherData><CipherValue>…</CipherValue></CipherData></EncryptedData>`
		if shape != want {
			t.Errorf("got  %s\nwant %s", shape, want)
		}
		plain, err := xmlenc.Decrypt(document, id.find)
		if err != nil || string(plain) != sample {
			t.Errorf("%s: got %q, %v", uri, plain, err)
		}
		certificates, err := xmlenc.Certificates(document)
		if err != nil || len(certificates) != 1 || !bytes.Equal(certificates[0], id.certificate.Raw) {
			t.Errorf("%s: certificates %x, %v", uri, certificates, err)
		}
	}
	// .NET's own differ in the base64 texts alone.
	dotnet := regexp.MustCompile(`>[A-Za-z0-9+/=]+<`).ReplaceAllString(string(vectorDocuments(t)["cert-rsa2048#0"]), ">…<")
	ours := regexp.MustCompile(`>[A-Za-z0-9+/=]+<`).ReplaceAllString(string(encrypt(t, id, xmlenc.PKCS1v15)), ">…<")
	if dotnet != ours {
		t.Errorf(".NET: %s\nours: %s", dotnet, ours)
	}
}

// Nothing is ever encrypted twice in the same way.
func TestFreshKeys(t *testing.T) {
	id := owner(t, "rsa2048")
	a, b := parse(t, encrypt(t, id, xmlenc.OAEP)), parse(t, encrypt(t, id, xmlenc.OAEP))
	if bytes.Equal(raw(t, wrappedKey(t, a)), raw(t, wrappedKey(t, b))) || bytes.Equal(raw(t, content(t, a))[:16], raw(t, content(t, b))[:16]) {
		t.Error("two documents share a wrapped key or an IV")
	}
}

func TestRoundTrip(t *testing.T) {
	ids := []identity{owner(t, "rsa2048"), owner(t, "other3072")}
	rapid.Check(t, func(t *rapid.T) {
		el := etree.NewElement("e")
		el.SetText(rapid.StringMatching(`[a-z<&é世]{0,200}`).Draw(t, "text"))
		plain := xmldoc.Compact(el)
		id := ids[rapid.IntRange(0, 1).Draw(t, "owner")]
		transport := xmlenc.Transport(rapid.IntRange(0, 1).Draw(t, "transport"))
		document, err := xmlenc.Encrypt(plain, id.certificate, transport)
		if err != nil {
			t.Fatal(err)
		}
		got, err := xmlenc.Decrypt(document, func(der []byte) crypto.Decrypter {
			for _, id := range ids {
				if key := id.find(der); key != nil {
					return key
				}
			}
			return nil
		})
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("got %q, %v; want %q", got, err, plain)
		}
	})
}

// reencrypt replaces the content of a document by plain, which is padded
// already, under a session key that goes into the document too.
func reencrypt(t *testing.T, document []byte, id identity, algorithm string, keySize int, padded []byte) []byte {
	t.Helper()
	key, iv := bytes.Repeat([]byte{7}, keySize), bytes.Repeat([]byte{9}, 16)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	ciphertext := make([]byte, len(padded))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(ciphertext, padded)
	wrapped, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, id.certificate.PublicKey.(*rsa.PublicKey), key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return change(t, document, func(root *etree.Element) {
		setRaw(wrappedKey(t, root), wrapped)
		setRaw(content(t, root), append(iv, ciphertext...))
		for c := range root.ChildElementsSeq() {
			if c.Tag == "EncryptionMethod" {
				c.CreateAttr("Algorithm", encNamespace+algorithm)
			}
		}
	})
}

// Of the padding the last byte counts, and it must be 1 to 16.
func TestPadding(t *testing.T) {
	id := owner(t, "rsa2048")
	document := encrypt(t, id, xmlenc.OAEP)
	text := "<abc>x</abc>" // 12 bytes: 4 of padding
	for name, padding := range map[string]string{
		"PKCS #7": "\x04\x04\x04\x04", "ANSI X9.23": "\x00\x00\x00\x04", "ISO 10126": "\xde\xad\xbe\x04",
		"a block of its own": "    ABCDEFGHIJKLMNO\x10",
	} {
		plain, err := xmlenc.Decrypt(reencrypt(t, document, id, "aes256-cbc", 32, []byte(text+padding)), id.find)
		if err != nil || strings.TrimSpace(string(plain)) != text {
			t.Errorf("%s: got %q, %v", name, plain, err)
		}
	}
	for _, last := range []byte{0, 17, 32, 255} {
		_, err := xmlenc.Decrypt(reencrypt(t, document, id, "aes256-cbc", 32, []byte(text+"   "+string([]byte{last}))), id.find)
		if !errors.Is(err, xmlenc.ErrDecrypt) {
			t.Errorf("a padding of %d: %v", last, err)
		}
	}
}

func TestKeySizes(t *testing.T) {
	id := owner(t, "rsa2048")
	document := encrypt(t, id, xmlenc.OAEP)
	sizes := map[string]int{"aes128-cbc": 16, "aes192-cbc": 24, "aes256-cbc": 32}
	for algorithm, want := range sizes {
		for _, size := range sizes {
			_, err := xmlenc.Decrypt(reencrypt(t, document, id, algorithm, size, []byte("<abc>x</abc>\x04\x04\x04\x04")), id.find)
			if size == want && err != nil || size != want && !errors.Is(err, xmlenc.ErrDecrypt) {
				t.Errorf("%s with a key of %d bytes: %v", algorithm, size, err)
			}
		}
	}
}

// token is a private key elsewhere: it has no way to be cast to an RSA key.
type token struct {
	crypto.Decrypter
	options []crypto.DecrypterOpts
	answer  func(plain []byte, err error) ([]byte, error)
}

func (d *token) Decrypt(rand io.Reader, msg []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	d.options = append(d.options, opts)
	plain, err := d.Decrypter.Decrypt(rand, msg, opts)
	if d.answer != nil {
		return d.answer(plain, err)
	}
	return plain, err
}

// A private key behind crypto.Decrypter is asked in the way that does not tell
// a bad padding, and whatever it answers instead of a key, the error is one.
func TestToken(t *testing.T) {
	id := owner(t, "rsa2048")
	for _, transport := range []xmlenc.Transport{xmlenc.OAEP, xmlenc.PKCS1v15} {
		document := encrypt(t, id, transport)
		d := &token{Decrypter: id.key}
		plain, err := xmlenc.Decrypt(document, func([]byte) crypto.Decrypter { return d })
		if err != nil || string(plain) != sample {
			t.Errorf("got %q, %v", plain, err)
		}
		switch o := d.options[0].(type) {
		case *rsa.OAEPOptions:
			if transport != xmlenc.OAEP || o.Hash != crypto.SHA1 || o.MGFHash != 0 && o.MGFHash != crypto.SHA1 || o.Label != nil {
				t.Errorf("asked with %+v", o)
			}
		case *rsa.PKCS1v15DecryptOptions: //lint:ignore SA1019 the format's
			if transport != xmlenc.PKCS1v15 || o.SessionKeyLen != 32 {
				t.Errorf("asked with %+v", o)
			}
		default:
			t.Errorf("asked with %T", o)
		}
		for name, answer := range map[string]func([]byte, error) ([]byte, error){
			"error":     func([]byte, error) ([]byte, error) { return nil, errors.New("CKR_ENCRYPTED_DATA_INVALID") },
			"nothing":   func([]byte, error) ([]byte, error) { return nil, nil },
			"short key": func(plain []byte, _ error) ([]byte, error) { return plain[:16], nil },
			"other key": func([]byte, error) ([]byte, error) { return make([]byte, 32), nil },
		} {
			d := &token{Decrypter: id.key, answer: answer}
			if _, err := xmlenc.Decrypt(document, func([]byte) crypto.Decrypter { return d }); err != xmlenc.ErrDecrypt {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// plainToken is a token without the option that hides a bad padding.
type plainToken struct{ crypto.Decrypter }

func (d plainToken) Decrypt(rand io.Reader, msg []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	//lint:ignore SA1019 the format's
	if o, ok := opts.(*rsa.PKCS1v15DecryptOptions); ok && o.SessionKeyLen != 0 {
		return nil, errors.New("unsupported option")
	}
	return d.Decrypter.Decrypt(rand, msg, opts)
}

// A token that cannot hide a bad padding is still of use, and the padding is
// hidden here.
func TestPlainToken(t *testing.T) {
	id := owner(t, "rsa2048")
	for _, transport := range []xmlenc.Transport{xmlenc.OAEP, xmlenc.PKCS1v15} {
		document := encrypt(t, id, transport)
		find := func([]byte) crypto.Decrypter { return plainToken{id.key} }
		if plain, err := xmlenc.Decrypt(document, find); err != nil || string(plain) != sample {
			t.Errorf("got %q, %v", plain, err)
		}
		damaged := change(t, document, func(root *etree.Element) {
			b := raw(t, wrappedKey(t, root))
			b[100] ^= 1
			setRaw(wrappedKey(t, root), b)
		})
		if plain, err := xmlenc.Decrypt(damaged, find); err != xmlenc.ErrDecrypt {
			t.Errorf("got %q, %v", plain, err)
		}
	}
}

func TestMissingKey(t *testing.T) {
	id := owner(t, "rsa2048")
	_, err := xmlenc.Decrypt(encrypt(t, id, xmlenc.OAEP), owner(t, "other3072").find)
	var missing *xmlenc.MissingKeyError
	if !errors.As(err, &missing) || len(missing.Certificates) != 1 || !bytes.Equal(missing.Certificates[0], id.certificate.Raw) {
		t.Errorf("got %v, %+v", err, missing)
	}
}

// Where several certificates are named and several keys are at hand, the one
// that fits is found.
func TestSeveralKeys(t *testing.T) {
	id, other := owner(t, "rsa2048"), owner(t, "other3072")
	for _, transport := range []xmlenc.Transport{xmlenc.OAEP, xmlenc.PKCS1v15} {
		document := change(t, encrypt(t, id, transport), func(root *etree.Element) {
			data := find(t, root, "X509Data")
			first := data.Copy()
			setRaw(find(t, first, "X509Certificate"), other.certificate.Raw)
			data.Parent().InsertChildAt(0, first)
		})
		asked := 0
		plain, err := xmlenc.Decrypt(document, func(der []byte) crypto.Decrypter {
			asked++
			if key := other.find(der); key != nil {
				return key
			}
			return id.find(der)
		})
		if err != nil || string(plain) != sample || asked != 2 {
			t.Errorf("got %q, %v after %d questions", plain, err, asked)
		}
		if plain, err := xmlenc.Decrypt(document, other.find); err != xmlenc.ErrDecrypt {
			t.Errorf("with the wrong key: %q, %v", plain, err)
		}
	}
}
