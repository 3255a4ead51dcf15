package keyring

import (
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/testdata"
)

// seed adds the recorded files whose name begins with prefix.
func seed(f *testing.F, prefix string) {
	f.Helper()
	err := fs.WalkDir(testdata.FS, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasPrefix(entry.Name(), prefix) || !strings.HasSuffix(path, ".xml") {
			return err
		}
		content, err := fs.ReadFile(testdata.FS, path)
		f.Add(content)
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
}

func FuzzKeyXML(f *testing.F) {
	seed(f, "key")
	for _, descriptor := range []string{
		``,
		`<d/><d/>`,
		`<d/>`,
		`<d><encryption algorithm="AES_256_CBC"/><validation algorithm="HMACSHA256"/><masterKey/></d>`,
		`<d><encryption algorithm="AES_256_GCM"/><masterKey>` + strings.Repeat("A", 44) + `</masterKey></d>`,
		`<d><e:encryptedSecret decryptorType="` + nullDecryptorType + `" xmlns:e="` + dataProtectionNamespace + `"><x><y/></x></e:encryptedSecret></d>`,
	} {
		f.Add([]byte(`<key id="aaaaaaaabbbb4ccc8dddeeeeeeeeeeee"><creationDate>2026-01-02T03:04:05Z</creationDate>` +
			`<activationDate>2026-01-02T03:04:05Z</activationDate><expirationDate>2026-01-02T03:04:05Z</expirationDate>` +
			`<descriptor deserializerType="` + newKeyDeserializer + `">` + descriptor + `</descriptor></key>`))
	}
	f.Add([]byte(`<key/>`))
	f.Add([]byte(`<key id="{AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE}"><creationDate>2026-01-02T03:04:05.12345675+14:00</creationDate>` +
		`<activationDate>0001-01-01T00:00:00Z</activationDate><expirationDate>9999-12-31T23:59:59.9999999Z</expirationDate>` +
		`<descriptor deserializerType="` + configurationModel + `CngGcmAuthenticatedEncryptorDescriptorDeserializer"><x>` +
		`<encryption algorithm="AES" keyLength="128" /><masterKey>` + strings.Repeat("A", 44) + `</masterKey></x></descriptor></key>`))
	f.Fuzz(func(t *testing.T, document []byte) {
		decryptors := []XMLDecryptor{NullXMLDecryptor{}}
		first := parseElement(context.Background(), document, decryptors)
		if first.kind != goodKey {
			if first.err == nil && first.kind != foreign && first.kind != goodRevocation {
				t.Fatalf("%+v without an error", first)
			}
			return
		}
		if first.err != nil {
			t.Fatal(first.err)
		}
		// The document as a store hands it out, and the key written anew.
		root, err := xmldoc.Parse(document)
		if err != nil {
			t.Fatal(err)
		}
		sameMeaning(t, first.key, parseElement(context.Background(), xmldoc.Compact(root), decryptors))
		k := first.key
		if _, err := k.Encryptor(); err != nil || k.Algorithms.checkNew() != nil {
			return
		}
		anew := keyElement(k, newKeyDeserializer, newDescriptor(k.Algorithms, masterKeyElement(masterKeyOf(t, document))))
		sameMeaning(t, k, parseElement(context.Background(), xmldoc.File(anew), decryptors))
	})
}

// sameMeaning compares a key with another reading of it.
func sameMeaning(t *testing.T, a Key, again parsedElement) {
	t.Helper()
	b := again.key
	if again.kind != goodKey || again.err != nil {
		t.Fatalf("%+v", again)
	}
	encryptor, errA := a.Encryptor()
	other, errB := b.Encryptor()
	if (errA == nil) != (errB == nil) {
		t.Fatalf("%v and %v", errA, errB)
	}
	a.material, b.material = nil, nil
	if a != b {
		t.Fatalf("%+v\n%+v", a, b)
	}
	if errA != nil {
		if !errors.Is(errA, ErrKeyUnreadable) || errA.Error() != errB.Error() {
			t.Fatalf("%v and %v", errA, errB)
		}
		return
	}
	sealed, err := encryptor.Encrypt(nil, []byte("text"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := other.Decrypt(nil, sealed, nil); err != nil || string(text) != "text" {
		t.Fatalf("%q, %v", text, err)
	}
}

// masterKeyOf takes the secret out of a key that is known to be usable.
func masterKeyOf(t *testing.T, document []byte) []byte {
	t.Helper()
	root, _ := xmldoc.Parse(document)
	outer := firstChild(root, "descriptor")
	attr, _ := attribute(outer, "deserializerType")
	kind, err := descriptorKindOf(attr)
	if err != nil {
		t.Fatal(err)
	}
	inner := outer.ChildElements()[0]
	inner, _, err = openSecrets(t.Context(), inner, appendSecrets(nil, inner), []XMLDecryptor{NullXMLDecryptor{}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := kind.masterKeyText(inner)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(string(stripBlanks(text.Reveal())))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func FuzzRevocationXML(f *testing.F) {
	seed(f, "revocation")
	f.Add([]byte(`<revocation/>`))
	f.Add([]byte(`<revocation><key id="*"/><revocationDate>2026-01-02T03:04:05-14:00</revocationDate></revocation>`))
	f.Add([]byte(`<revocation><key id="(AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE)"/><reason>a&#13;&#10;b<![CDATA[ ]]></reason></revocation>`))
	f.Fuzz(func(t *testing.T, document []byte) {
		first := parseElement(context.Background(), document, nil)
		if first.kind != goodRevocation || first.err != nil {
			return
		}
		r := first.revocation
		if err := checkReason(r.reason); err != nil {
			t.Fatal(err)
		}
		if r.all && r.date.Location() != time.UTC {
			t.Fatalf("%+v", r)
		}
		again := parseElement(context.Background(), xmldoc.Compact(r.element()), nil)
		if again.kind != goodRevocation || again.err != nil {
			t.Fatalf("%+v", again)
		}
		// XML knows one line end, and drops white space that is alone.
		r.reason = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(r.reason)
		if strings.Trim(r.reason, " \t\n") == "" {
			r.reason = ""
		}
		if b := again.revocation; b.id != r.id || b.all != r.all || !b.date.Equal(r.date) || b.reason != r.reason || b.name() != r.name() {
			t.Fatalf("%+v\n%+v", r, b)
		}
	})
}
