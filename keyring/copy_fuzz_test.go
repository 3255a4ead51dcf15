package keyring_test

import (
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// FuzzCopy copies an element as it is and encrypted: nothing happens and there
// is a reason, or the copy is found again by every further call, in whatever
// form, and means the same.
func FuzzCopy(f *testing.F) {
	const mark = ` p:requiresEncryption="true" xmlns:p="http://schemas.asp.net/2015/03/dataProtection"`
	value := "<value>" + masterKey64 + "</value>"
	for _, secret := range []string{
		"<masterKey" + mark + ">" + value + "</masterKey>",
		"<masterKey" + mark + "><x" + mark + "/>" + value + "</masterKey><masterKey/>",
		"<q:a xmlns:q='urn:q'><masterKey q:b='c'>" + value + "</masterKey></q:a>",
		"<masterKey xmlns:a='urn:a' xmlns:b='urn:a'><b:x /><a:x /></masterKey>",
	} {
		f.Add([]byte(keyWith(secret)))
		for _, e := range []keyring.XMLEncryptor{prefixEncryptor{}, otherEncryptor{}, keyring.NullXMLEncryptor{}} {
			f.Add([]byte(sealedBy(f, e, keyWith(secret))))
		}
	}
	for _, xml := range []string{"<html />", "<key />", revocationXML, massRevocationXML, "<key xmlns='urn:x' />", "<revocation><key id='" + goodKeyID + "' /></revocation>"} {
		f.Add([]byte(xml))
	}
	f.Fuzz(func(t *testing.T, xml []byte) {
		from := xmlrepo.NewMemory()
		if err := from.Store(t.Context(), xmlrepo.Element{Name: "it", XML: xml}); err != nil {
			return
		}
		both := keyring.Options{Now: at(noon), Decryptors: []keyring.XMLDecryptor{prefixEncryptor{}, otherEncryptor{}}}
		before, err := newManager(t, from, both).Read(t.Context())
		for _, o := range []keyring.CopyOptions{toOther(), {}} {
			var to xmlrepo.Repository = nameless{xmlrepo.NewMemory()}
			r, copyErr := newManager(t, from, both).CopyTo(t.Context(), to, o)
			if copyErr != nil {
				if len(elements(t, to)) > 0 || err == nil && o.Encryptor == nil {
					t.Errorf("%v; the target holds %v", copyErr, elements(t, to))
				}
				continue
			}
			if err != nil || len(r.Copied) != 1 || r.Verified != 1 || len(elements(t, to)) != 1 || o.Encryptor != nil && r.Copied[0].Plain {
				t.Fatalf("a ring of which is told %v was copied: %+v", err, r)
			}
			for _, again := range []keyring.CopyOptions{toOther(), {}} {
				if r, err := newManager(t, from, both).CopyTo(t.Context(), to, again); err != nil || len(r.Already) != 1 {
					t.Errorf("again: %+v, %v\nfrom %s\nto %v", r, err, elements(t, from)["it"], elements(t, to))
				}
				if r, err := newManager(t, to, both).CopyTo(t.Context(), from, again); err != nil || len(r.Already) != 1 {
					t.Errorf("back: %+v, %v\nfrom %s\nto %v", r, err, elements(t, from)["it"], elements(t, to))
				}
			}
			after := read(t, to, both.Decryptors...)
			if len(before.Keys) != len(after.Keys) || len(before.Broken) != len(after.Broken) {
				t.Fatalf("%d keys, then %d", len(before.Keys), len(after.Keys))
			}
			for i, k := range before.Keys {
				if _, err := k.Encryptor(); err == nil {
					sealsAndOpens(t, k, after.Keys[i])
				}
			}
		}
	})
}
