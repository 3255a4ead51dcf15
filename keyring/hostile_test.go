package keyring_test

import (
	"errors"
	"strings"
	"testing"

	"dataprotection.example/keyring"
)

// What a document does to a ring in which it lies beside a good key.
const (
	usable    = "usable"     // a key that can protect
	unusable  = "unusable"   // a key with dates that cannot be used
	skipped   = "skipped"    // a key that is left out and reported
	ignored   = "ignored"    // nothing
	revokes   = "revokes"    // the good key is revoked
	loadFails = "load fails" // nothing of the ring can be used
)

const (
	goodKeyID  = "11111111-2222-4333-8444-555555555555"
	otherKeyID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"

	deserializer = "Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption.ConfigurationModel.AuthenticatedEncryptorDescriptorDeserializer"
	assembly     = ", Microsoft.AspNetCore.DataProtection, Version=9.0.0.0, Culture=neutral, PublicKeyToken=adb9793829ddae60"
	nullType     = "Microsoft.AspNetCore.DataProtection.XmlEncryption.NullXmlDecryptor"
	namespace    = "http://schemas.asp.net/2015/03/dataProtection"

	// masterKey64 is the bytes 0 to 63.
	masterKey64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="

	secretXML     = `<masterKey><value>` + masterKey64 + `</value></masterKey>`
	descriptorXML = `<descriptor><encryption algorithm="AES_256_CBC" /><validation algorithm="HMACSHA256" />` + secretXML + `</descriptor>`

	keyXML = `<key id="` + otherKeyID + `" version="1">` +
		`<creationDate>2026-01-02T03:04:05.6Z</creationDate>` +
		`<activationDate>2026-01-03T03:04:05Z</activationDate>` +
		`<expirationDate>2099-01-02T03:04:05Z</expirationDate>` +
		`<descriptor deserializerType="` + deserializer + assembly + `">` + descriptorXML + `</descriptor></key>`

	revocationXML = `<revocation version="1"><revocationDate>2026-02-03T00:00:00Z</revocationDate>` +
		`<key id="` + goodKeyID + `" /><reason>lost</reason></revocation>`
	massRevocationXML = `<revocation version="1"><revocationDate>2026-02-03T00:00:00Z</revocationDate>` +
		`<key id="*" /><reason /></revocation>`
)

var (
	goodKeyXML = strings.Replace(keyXML, otherKeyID, goodKeyID, 1)

	managedKeyXML = kindXML("Managed", `<encryption algorithm="Aes" keyLength="256" /><validation algorithm="HMACSHA512" />`)
	cngCBCKeyXML  = kindXML("CngCbc", `<encryption algorithm="AES" keyLength="128" /><hash algorithm="SHA256" />`)
	cngGCMKeyXML  = kindXML("CngGcm", `<encryption algorithm="AES" keyLength="192" />`)
)

// kindXML is keyXML with another class of descriptor.
func kindXML(kind, algorithms string) string {
	return strings.NewReplacer(
		".AuthenticatedEncryptorDescriptorDeserializer", "."+kind+"AuthenticatedEncryptorDescriptorDeserializer",
		`<encryption algorithm="AES_256_CBC" /><validation algorithm="HMACSHA256" />`, algorithms,
	).Replace(keyXML)
}

// sealed wraps an element as the null encryptor does.
func sealed(element string) string {
	return `<encryptedSecret decryptorType="` + nullType + assembly + `" xmlns="` + namespace + `">` +
		`<unencryptedKey xmlns="">` + element + `</unencryptedKey></encryptedSecret>`
}

// hostileDocument is one document and what it does to a ring.
type hostileDocument struct {
	name     string
	in       string // the good document that is spoilt; "": the new text is the whole
	old, new string
	want     string
	dotnet   string // what .NET does instead, "" where it does the same
}

func (d hostileDocument) text(t testing.TB) string {
	t.Helper()
	if d.in == "" {
		return d.new
	}
	if !strings.Contains(d.in, d.old) {
		t.Fatalf("%s: nothing to spoil", d.name)
	}
	return strings.Replace(d.in, d.old, d.new, 1)
}

func hostileDocuments() []hostileDocument {
	var all []hostileDocument
	for _, part := range [][]hostileDocument{hostileFiles, hostileKeys, hostileDescriptors, otherKinds, hostileSecrets, hostileRevocations} {
		all = append(all, part...)
	}
	return all
}

// outcome says what a document did to the ring that was read.
func outcome(l *keyring.Listing, err error) string {
	if err != nil {
		return loadFails
	}
	result := ignored
	if len(l.Broken) > 0 {
		result = skipped
	}
	for _, k := range l.Keys {
		_, err := k.Encryptor()
		switch {
		case k.ID.String() == goodKeyID && k.Revoked:
			return revokes
		case k.ID.String() == goodKeyID:
		case err == nil:
			result = usable
		default:
			result = unusable
		}
	}
	return result
}

func TestHostileDocuments(t *testing.T) {
	for _, d := range hostileDocuments() {
		t.Run(d.name, func(t *testing.T) {
			store := files(goodKeyXML, d.text(t))
			l, err := newManager(t, store, keyring.Options{}).Read(t.Context())
			if got := outcome(l, err); got != d.want {
				t.Fatalf("got %s (%v), want %s", got, err, d.want)
			}
			if err != nil {
				var at *keyring.ElementError
				if !errors.As(err, &at) || at.Location != "ring/doc-1.xml" || !strings.Contains(err.Error(), at.Location) {
					t.Errorf("does not name the file: %v", err)
				}
				return
			}
			for _, b := range l.Broken {
				if b.Err.Location != "ring/doc-1.xml" || b.Err.Err == nil {
					t.Errorf("does not name the file: %v", b.Err)
				}
			}
			for _, k := range l.Keys {
				if _, err := k.Encryptor(); err != nil && !errors.Is(err, keyring.ErrKeyUnreadable) {
					t.Errorf("not ErrKeyUnreadable: %v", err)
				}
			}
		})
	}
}
