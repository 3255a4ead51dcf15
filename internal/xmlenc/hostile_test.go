package xmlenc_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"errors"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/internal/xmlenc"
)

// Whatever is done to the encrypted bytes, there is one error; a change that
// happens to leave XML behind is not noticed, because nothing in the format
// could notice it.
func TestOneErrorForBytes(t *testing.T) {
	id := owner(t, "rsa2048")
	for _, transport := range []xmlenc.Transport{xmlenc.OAEP, xmlenc.PKCS1v15} {
		document := encrypt(t, id, transport)
		refused := func(name string, edit func(root *etree.Element)) {
			t.Helper()
			plain, err := xmlenc.Decrypt(change(t, document, edit), id.find)
			if err != xmlenc.ErrDecrypt {
				t.Errorf("transport %d: %s: %q, %v", transport, name, plain, err)
			}
		}
		good := raw(t, wrappedKey(t, parse(t, document)))
		for bit := 0; bit < 8*len(good); bit += 23 {
			refused("a flipped bit of the wrapped key", func(root *etree.Element) {
				b := bytes.Clone(good)
				b[bit/8] ^= 1 << (bit % 8)
				setRaw(wrappedKey(t, root), b)
			})
		}
		public := id.certificate.PublicKey.(*rsa.PublicKey)
		for name, b := range map[string][]byte{
			"no wrapped key": nil, "one byte": {1}, "a byte less": good[1:], "a byte more": append([]byte{0}, good...),
			"zeros": make([]byte, len(good)), "the modulus": public.N.Bytes(), "a megabit": make([]byte, 1<<17),
		} {
			refused(name, func(root *etree.Element) { setRaw(wrappedKey(t, root), b) })
		}
		for name, key := range map[string][]byte{"an empty key": {}, "a short key": make([]byte, 16), "another key": make([]byte, 32)} {
			wrapped, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, public, key, nil)
			if transport == xmlenc.PKCS1v15 {
				//lint:ignore SA1019 the format's
				wrapped, err = rsa.EncryptPKCS1v15(rand.Reader, public, key)
			}
			if err != nil {
				t.Fatal(err)
			}
			refused(name, func(root *etree.Element) { setRaw(wrappedKey(t, root), wrapped) })
		}
		refused("a wrapped key of another document", func(root *etree.Element) {
			setRaw(wrappedKey(t, root), raw(t, wrappedKey(t, parse(t, encrypt(t, id, transport)))))
		})
		refused("the other transport", func(root *etree.Element) {
			other := map[xmlenc.Transport]string{xmlenc.OAEP: "rsa-1_5", xmlenc.PKCS1v15: "rsa-oaep-mgf1p"}[transport]
			find(t, find(t, root, "EncryptedKey"), "EncryptionMethod").CreateAttr("Algorithm", encNamespace+other)
		})
		body := raw(t, content(t, parse(t, document)))
		for _, n := range []int{0, 1, 15, 16, 17, 31, len(body) - 1, len(body) - 16} {
			refused("a content cut short", func(root *etree.Element) { setRaw(content(t, root), body[:n]) })
		}
		refused("a content of zeros", func(root *etree.Element) { setRaw(content(t, root), make([]byte, 1<<17)) })
	}
}

// One wrapped key of 256 begins with a zero, and is the same number without it.
// .NET refuses it then.
func TestWrappedKeyWithoutItsZero(t *testing.T) {
	id := owner(t, "rsa2048")
	for _, transport := range []xmlenc.Transport{xmlenc.OAEP, xmlenc.PKCS1v15} {
		var document, wrapped []byte
		for document == nil || wrapped[0] != 0 {
			document = encrypt(t, id, transport)
			wrapped = raw(t, wrappedKey(t, parse(t, document)))
		}
		if _, err := xmlenc.Decrypt(document, id.find); err != nil {
			t.Errorf("transport %d: with its zero: %v", transport, err)
		}
		short := change(t, document, func(root *etree.Element) { setRaw(wrappedKey(t, root), wrapped[1:]) })
		if plain, err := xmlenc.Decrypt(short, id.find); err != xmlenc.ErrDecrypt {
			t.Errorf("transport %d: without its zero: %q, %v", transport, plain, err)
		}
	}
}

// A flipped bit of the content gives the one error or other XML, nothing else.
func TestFlippedContent(t *testing.T) {
	id := owner(t, "rsa2048")
	document := encrypt(t, id, xmlenc.OAEP)
	body := raw(t, content(t, parse(t, document)))
	silent := 0
	for bit := range 8 * len(body) {
		plain, err := xmlenc.Decrypt(change(t, document, func(root *etree.Element) {
			b := bytes.Clone(body)
			b[bit/8] ^= 1 << (bit % 8)
			setRaw(content(t, root), b)
		}), id.find)
		switch {
		case err == nil:
			silent++
			if _, err := xmldoc.Parse(plain); err != nil {
				t.Errorf("bit %d: %q", bit, plain)
			}
		case err != xmlenc.ErrDecrypt:
			t.Errorf("bit %d: %v", bit, err)
		}
	}
	if silent == 0 {
		t.Error("no changed content opened: this test no longer knows what the format cannot do")
	}
}

// Documents that say something other than .NET's are understood or refused.
func TestStructure(t *testing.T) {
	id, other := owner(t, "rsa2048"), owner(t, "other3072")
	document := encrypt(t, id, xmlenc.OAEP)
	add := func(parent, xml string, at int) func(*etree.Element) {
		return func(root *etree.Element) {
			child, err := xmldoc.Parse([]byte(xml))
			if err != nil {
				t.Fatal(err)
			}
			find(t, root, parent).InsertChildAt(at, child)
		}
	}
	remove := func(tag string) func(*etree.Element) {
		return func(root *etree.Element) {
			el := find(t, root, tag)
			el.Parent().RemoveChild(el)
		}
	}
	algorithm := func(parent, uri string) func(*etree.Element) {
		return func(root *etree.Element) {
			find(t, find(t, root, parent), "EncryptionMethod").CreateAttr("Algorithm", uri)
		}
	}
	otherKey := xmldoc.Compact(find(t, parse(t, encrypt(t, other, xmlenc.OAEP)), "EncryptedKey"))
	enc, sig := ` xmlns="`+encNamespace+`"`, ` xmlns="`+sigNamespace+`"`
	tests := []struct {
		name string
		edit func(*etree.Element)
		want string // of the error; empty: it opens
	}{
		{"as it was", func(*etree.Element) {}, ""},
		{"no Type", func(root *etree.Element) { root.RemoveAttr("Type") }, ""},
		{"#Content", func(root *etree.Element) { root.CreateAttr("Type", encNamespace+"Content") }, ""},
		{"EncryptionProperties", add("EncryptedData", "<EncryptionProperties"+enc+"><EncryptionProperty/></EncryptionProperties>", 0), ""},
		{"a KeyName", add("KeyInfo", "<KeyName"+sig+">x</KeyName>", 0), ""},
		{"a DigestMethod", func(root *etree.Element) {
			find(t, find(t, root, "EncryptedKey"), "EncryptionMethod").AddChild(parse(t, []byte("<DigestMethod"+sig+` Algorithm="`+sigNamespace+`sha1"/>`)))
		}, ""},
		{"a second EncryptedKey", add("KeyInfo", string(otherKey), 1), ""},
		{"another EncryptedKey first", add("KeyInfo", string(otherKey), 0), "" /* whose key is missing */},
		{"another certificate first", add("X509Data", "<X509Certificate"+sig+">AAAA</X509Certificate>", 0), ""},

		{"SHA-256", func(root *etree.Element) {
			find(t, find(t, root, "EncryptedKey"), "EncryptionMethod").AddChild(parse(t, []byte("<DigestMethod"+sig+` Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>`)))
		}, "unsupported digest"},
		{"a label", func(root *etree.Element) {
			find(t, find(t, root, "EncryptedKey"), "EncryptionMethod").AddChild(parse(t, []byte("<OAEPparams"+enc+">AAAA</OAEPparams>")))
		}, "unsupported parameter"},
		{"3DES", algorithm("EncryptedData", encNamespace+"tripledes-cbc"), "unsupported content algorithm"},
		{"AES-GCM", algorithm("EncryptedData", "http://www.w3.org/2009/xmlenc11#aes256-gcm"), "unsupported content algorithm"},
		{"no algorithm", algorithm("EncryptedData", ""), "unsupported content algorithm"},
		{"key wrap", algorithm("EncryptedKey", encNamespace+"kw-aes256"), "unsupported key transport"},
		{"OAEP of 1.1", algorithm("EncryptedKey", "http://www.w3.org/2009/xmlenc11#rsa-oaep"), "unsupported key transport"},
		{"CipherReference", add("CipherData", "<CipherReference"+enc+` URI="http://example.org/"/>`, 0), "CipherReference"},
		{"CipherReference alone", func(root *etree.Element) {
			add("CipherData", "<CipherReference"+enc+` URI="file:///etc/passwd"><Transforms/></CipherReference>`, 0)(root)
			remove("CipherValue")(root)
		}, "CipherReference"},
		{"RetrievalMethod", add("KeyInfo", "<RetrievalMethod"+sig+` URI="#x"/>`, 0), "RetrievalMethod"},
		{"RetrievalMethod of the certificate", func(root *etree.Element) {
			find(t, find(t, root, "EncryptedKey"), "KeyInfo").AddChild(parse(t, []byte("<RetrievalMethod"+sig+` URI="#x"/>`)))
		}, "RetrievalMethod"},
		{"two CipherData", add("EncryptedData", "<CipherData"+enc+"><CipherValue>AAAA</CipherValue></CipherData>", 0), "two CipherData"},
		{"two EncryptionMethods", add("EncryptedData", "<EncryptionMethod"+enc+` Algorithm="`+encNamespace+`aes256-cbc"/>`, 0), "two EncryptionMethod"},
		{"two KeyInfos", add("EncryptedData", "<KeyInfo"+sig+"/>", 0), "two KeyInfo"},
		{"no CipherData", remove("CipherData"), "no CipherData"},
		{"no EncryptedKey", remove("EncryptedKey"), "no EncryptedKey"},
		{"no method", remove("EncryptionMethod"), "no EncryptionMethod"},
		{"no X509Data", remove("X509Data"), "no X509Certificate"},
		{"an EncryptedKey in another namespace", func(root *etree.Element) { find(t, root, "EncryptedKey").CreateAttr("xmlns", "urn:x") }, "no EncryptedKey"},
		{"no base64", func(root *etree.Element) { content(t, root).SetText("secret!") }, "not base64"},
		{"no padding", func(root *etree.Element) { wrappedKey(t, root).SetText("AAA") }, "not base64"},
		{"a certificate that is no base64", func(root *etree.Element) { find(t, root, "X509Certificate").SetText("?") }, "not base64"},
		{"many certificates", func(root *etree.Element) {
			for range 20 {
				add("X509Data", "<X509Certificate"+sig+">AAAA</X509Certificate>", 0)(root)
			}
		}, "more than 16"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plain, err := xmlenc.Decrypt(change(t, document, tt.edit), id.find)
			switch {
			case tt.name == "another EncryptedKey first":
				var missing *xmlenc.MissingKeyError
				if !errors.As(err, &missing) || !bytes.Equal(missing.Certificates[0], other.certificate.Raw) {
					t.Errorf("got %q, %v", plain, err)
				}
			case tt.want == "":
				if err != nil || string(plain) != sample {
					t.Errorf("got %q, %v", plain, err)
				}
			case err == nil || !strings.Contains(err.Error(), tt.want) || errors.Is(err, xmlenc.ErrDecrypt):
				t.Errorf("got %q, %v; want an error with %q", plain, err, tt.want)
			case strings.Contains(err.Error(), "secret!"):
				t.Errorf("the error repeats what it found: %v", err)
			}
		})
	}
}

// What comes out is not looked into: an EncryptedData inside stays one.
func TestNested(t *testing.T) {
	id := owner(t, "rsa2048")
	inner := encrypt(t, id, xmlenc.OAEP)
	outer, err := xmlenc.Encrypt(inner, id.certificate, xmlenc.OAEP)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := xmlenc.Decrypt(outer, id.find)
	if err != nil || !bytes.Equal(plain, inner) {
		t.Errorf("got %q, %v", plain, err)
	}
}

func TestNotXMLEncryption(t *testing.T) {
	id := owner(t, "rsa2048")
	for _, document := range []string{"", "<", "<EncryptedData/>", `<EncryptedKey xmlns="` + encNamespace + `"/>`, "<!DOCTYPE x><x/>", "<a/><b/>"} {
		if plain, err := xmlenc.Decrypt([]byte(document), id.find); err == nil || errors.Is(err, xmlenc.ErrDecrypt) {
			t.Errorf("%q: %q, %v", document, plain, err)
		}
		if _, err := xmlenc.Certificates([]byte(document)); err == nil {
			t.Errorf("%q has certificates", document)
		}
	}
}

// What is no XML cannot come out, so that the bytes' error stays one.
func TestContentIsNotXML(t *testing.T) {
	id := owner(t, "rsa2048")
	for _, text := range []string{"", "secret", "<a>", "<a/><b/>", "<!DOCTYPE a><a/>", "\xff"} {
		document, err := xmlenc.Encrypt([]byte(text), id.certificate, xmlenc.OAEP)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := xmlenc.Decrypt(document, id.find); err != xmlenc.ErrDecrypt {
			t.Errorf("%q: %q, %v", text, plain, err)
		}
	}
}
