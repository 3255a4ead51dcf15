package keyring_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

func newDir(t testing.TB, path string) *xmlrepo.Dir {
	t.Helper()
	dir, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// dotnetAlgorithms are those of a key that .NET lists.
func dotnetAlgorithms(t testing.TB, k dotnettest.Key) keyring.Algorithms {
	t.Helper()
	name := k.Encryption
	if k.Descriptor == "ManagedAuthenticatedEncryptorDescriptor" && name == "Aes" {
		name = fmt.Sprintf("AES_%d_CBC", k.KeyBits)
	}
	var a keyring.Algorithms
	var err error
	if a.Encryption, err = keyring.ParseEncryptionAlgorithm(name); err != nil {
		t.Fatalf("%+v: %v", k, err)
	}
	if k.Validation != "" {
		if a.Validation, err = keyring.ParseValidationAlgorithm(k.Validation); err != nil {
			t.Fatalf("%+v: %v", k, err)
		}
	}
	return a
}

// exchange lets .NET protect with k, its default key, and open what k sealed.
func exchange(t *testing.T, ring *dotnettest.Ring, k keyring.Key) {
	t.Helper()
	encryptor, err := k.Encryptor()
	if err != nil {
		t.Fatal(err)
	}
	const head = 20 // magic and key id
	aad := func(payload []byte) []byte {
		aad := binary.BigEndian.AppendUint32(bytes.Clone(payload[:head]), 1)
		return dotnet.AppendString(aad, "purpose")
	}
	protector := ring.Protector("purpose")
	payload, err := protector.Protect([]byte("from .NET"))
	if err != nil {
		t.Fatal(err)
	}
	if id := dotnet.GUIDFromBytes([16]byte(payload[4:head])); id != k.ID {
		t.Fatalf(".NET protects with %v", id)
	}
	if got, err := encryptor.Decrypt(nil, payload[head:], aad(payload)); err != nil || string(got) != "from .NET" {
		t.Errorf("got %q, %v", got, err)
	}
	payload, err = encryptor.Encrypt(payload[:head:head], []byte("from Go"), aad(payload))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := protector.Unprotect(payload); err != nil || string(got) != "from Go" {
		t.Errorf(".NET: got %q, %v", got, err)
	}
}

func TestLiveDotnetReadsOurKeys(t *testing.T) {
	peer := dotnettest.Start(t)
	for _, a := range allAlgorithms() {
		for _, encryptor := range []keyring.XMLEncryptor{nil, keyring.NullXMLEncryptor{}} {
			t.Run(fmt.Sprintf("%v_%v_%T", a.Encryption, a.Validation, encryptor), func(t *testing.T) {
				path := t.TempDir()
				m := newManager(t, newDir(t, path), keyring.Options{Encryptor: encryptor})
				k := create(t, m, keyring.NewKeyOptions{Algorithms: a, Expiration: time.Now().AddDate(7000, 0, 0)})
				ring := peer.Open(path, dotnettest.RingOptions{DisableGeneration: true})
				keys, err := ring.Keys()
				if err != nil || len(keys) != 1 {
					t.Fatalf("got %v, %v", keys, err)
				}
				sameKey(t, k, keys[0])
				exchange(t, ring, k)
			})
		}
	}
}

func TestLiveWeReadDotnetsKeys(t *testing.T) {
	peer := dotnettest.Start(t)
	for _, options := range []dotnettest.RingOptions{
		{},
		{NullEncryptor: true},
		{Encryption: "AES_192_GCM"},
		{Encryption: "AES_128_CBC", Validation: "HMACSHA512"},
		{Managed: &dotnettest.Managed{Encryption: "Aes", KeyBits: 192, Validation: "HMACSHA1"}},
		{Managed: &dotnettest.Managed{Encryption: "Aes", KeyBits: 128, Validation: "HMACSHA384"}, NullEncryptor: true},
	} {
		path := t.TempDir()
		ring := peer.Open(path, options)
		now := time.Now()
		theirs, err := ring.CreateKey(now, now.AddDate(0, 3, 0))
		if err != nil {
			t.Fatal(err)
		}
		k := readOne(t, newDir(t, path))
		sameKey(t, k, theirs)
		exchange(t, ring, k)
		if k.EncryptedAtRest {
			t.Errorf("%+v: encrypted at rest", options)
		}
	}
}

// sameKey compares all that .NET tells of a key.
func sameKey(t *testing.T, ours keyring.Key, theirs dotnettest.Key) {
	t.Helper()
	_, err := ours.Encryptor()
	if ours.ID.String() != theirs.ID || ours.Revoked != theirs.Revoked || (err == nil) != theirs.Usable ||
		!ours.CreationDate.Equal(theirs.Creation) || !ours.ActivationDate.Equal(theirs.Activation) || !ours.ExpirationDate.Equal(theirs.Expiration) ||
		ours.Algorithms != dotnetAlgorithms(t, theirs) {
		t.Errorf("got %+v (%v), .NET: %+v", ours, err, theirs)
	}
}

// allAlgorithms are the pairs that new keys may have.
func allAlgorithms() []keyring.Algorithms {
	var all []keyring.Algorithms
	for e := keyring.AES_128_CBC; e <= keyring.AES_256_CBC; e++ {
		all = append(all, keyring.Algorithms{Encryption: e, Validation: keyring.HMACSHA256}, keyring.Algorithms{Encryption: e, Validation: keyring.HMACSHA512})
	}
	for e := keyring.AES_128_GCM; e <= keyring.AES_256_GCM; e++ {
		all = append(all, keyring.Algorithms{Encryption: e})
	}
	return all
}
