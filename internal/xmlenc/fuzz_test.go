package xmlenc_test

import (
	"errors"
	"testing"

	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/internal/xmlenc"
)

// FuzzDecrypt looks for a document that panics, that opens to something other
// than one element, or whose error repeats what stands in it.
func FuzzDecrypt(f *testing.F) {
	id := owner(f, "rsa2048")
	for _, document := range vectorDocuments(f) {
		f.Add(document)
	}
	f.Add(encrypt(f, id, xmlenc.OAEP))
	f.Add(encrypt(f, id, xmlenc.PKCS1v15))
	f.Add(encrypt(f, owner(f, "other3072"), xmlenc.OAEP))
	f.Fuzz(func(t *testing.T, document []byte) {
		plain, err := xmlenc.Decrypt(document, id.find)
		if err != nil {
			if plain != nil {
				t.Errorf("%q with the error %v", plain, err)
			}
			var missing *xmlenc.MissingKeyError
			if errors.As(err, &missing) && len(missing.Certificates) == 0 {
				t.Error("a key is missing, and nobody's")
			}
			return
		}
		if _, err := xmldoc.Parse(plain); err != nil {
			t.Errorf("%q: %v", plain, err)
		}
		if certificates, err := xmlenc.Certificates(document); err != nil || len(certificates) == 0 {
			t.Errorf("opened, and its certificates are %v, %v", certificates, err)
		}
	})
}
