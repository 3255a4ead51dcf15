package xmlenc_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io/fs"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/internal/xmlenc"
	"dataprotection.example/testdata"
)

const (
	encNamespace = "http://www.w3.org/2001/04/xmlenc#"
	sigNamespace = "http://www.w3.org/2000/09/xmldsig#"

	sample = `<masterKey a="b"><!-- x --><value>AAECAwQ=</value></masterKey>`
)

// identity is a certificate with its private key.
type identity struct {
	certificate *x509.Certificate
	key         crypto.Decrypter
}

// find knows this one identity.
func (id identity) find(der []byte) crypto.Decrypter {
	if string(der) == string(id.certificate.Raw) {
		return id.key
	}
	return nil
}

// owner returns one of the recorded certificates: rsa2048 or other3072.
func owner(t testing.TB, name string) identity {
	t.Helper()
	block := func(kind string) []byte {
		text, err := testdata.FS.ReadFile("vectors/certs/" + name + "." + kind + ".pem")
		if err != nil {
			t.Fatal(err)
		}
		b, _ := pem.Decode(text)
		return b.Bytes
	}
	certificate, err := x509.ParseCertificate(block("crt"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKCS8PrivateKey(block("key"))
	if err != nil {
		t.Fatal(err)
	}
	return identity{certificate, key.(*rsa.PrivateKey)}
}

// vectorDocuments returns the EncryptedData of every recorded ring that is
// encrypted to a certificate, by the name of the vector.
func vectorDocuments(t testing.TB) map[string][]byte {
	t.Helper()
	all, err := testdata.Vectors()
	if err != nil {
		t.Fatal(err)
	}
	documents := map[string][]byte{}
	for _, v := range all {
		if v.Certificate == "" || v.Ring == "" {
			continue
		}
		ring, err := testdata.RingFS(v.Ring)
		if err != nil {
			t.Fatal(err)
		}
		names, err := fs.Glob(ring, "*.xml")
		if err != nil || len(names) != 1 {
			t.Fatalf("%s: %q, %v", v.Name, names, err)
		}
		text, err := fs.ReadFile(ring, names[0])
		if err != nil {
			t.Fatal(err)
		}
		root, err := xmldoc.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		documents[v.Name] = xmldoc.Compact(find(t, root, "EncryptedData"))
	}
	return documents
}

// find returns the first element called tag at or below el.
func find(t testing.TB, el *etree.Element, tag string) *etree.Element {
	t.Helper()
	if el.Tag == tag {
		return el
	}
	found := el.FindElement(".//" + tag)
	if found == nil {
		t.Fatalf("no <%s> in <%s>", tag, el.Tag)
	}
	return found
}

// parse reads a document that must be good.
func parse(t testing.TB, document []byte) *etree.Element {
	t.Helper()
	root, err := xmldoc.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// encrypt encrypts the sample.
func encrypt(t testing.TB, to identity, transport xmlenc.Transport) []byte {
	t.Helper()
	document, err := xmlenc.Encrypt([]byte(sample), to.certificate, transport)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// change parses a document, lets edit change it, and prints it.
func change(t testing.TB, document []byte, edit func(root *etree.Element)) []byte {
	t.Helper()
	root := parse(t, document)
	edit(root)
	return xmldoc.Compact(root)
}

// wrappedKey and content return the two CipherValues.
func wrappedKey(t testing.TB, root *etree.Element) *etree.Element {
	return find(t, find(t, root, "EncryptedKey"), "CipherValue")
}

func content(t testing.TB, root *etree.Element) *etree.Element {
	for c := range root.ChildElementsSeq() {
		if c.Tag == "CipherData" {
			return find(t, c, "CipherValue")
		}
	}
	t.Fatal("no content")
	return nil
}

func raw(t testing.TB, el *etree.Element) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(xmldoc.Text(el)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func setRaw(el *etree.Element, b []byte) { el.SetText(base64.StdEncoding.EncodeToString(b)) }
