package keyring_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
	"dataprotection.example/testdata"
)

func vectors(t testing.TB) []testdata.Vector {
	t.Helper()
	all, err := testdata.Vectors()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ringName is the folder of a vector's ring, which names its algorithms.
func ringName(v testdata.Vector) string { return filepath.Base(filepath.Dir(v.Ring)) }

// namedAlgorithms are those in the name of a ring, such as
// managed-Aes-128-HMACSHA384; zero if it names none.
func namedAlgorithms(name string) keyring.Algorithms {
	name = regexp.MustCompile(`managed-(Aes-)?(\d+)`).ReplaceAllString(name, "AES_${2}_CBC")
	var a keyring.Algorithms
	for part := range strings.SplitSeq(name, "-") {
		if e, err := keyring.ParseEncryptionAlgorithm(part); err == nil {
			a.Encryption = e
		}
		if v, err := keyring.ParseValidationAlgorithm(part); err == nil {
			a.Validation = v
		}
	}
	return a
}

func TestVectorRings(t *testing.T) {
	done := make(map[string]bool)
	for _, v := range vectors(t) {
		if v.Ring == "" || done[v.Ring] {
			continue
		}
		done[v.Ring] = true
		t.Run(v.Ring, func(t *testing.T) {
			store, contents := vectorRing(t, v.Ring)
			l := read(t, store)
			if len(l.Keys) == 0 || len(l.Broken) > 0 {
				t.Fatalf("%d keys, broken: %v", len(l.Keys), l.Broken)
			}
			for _, k := range l.Keys {
				_, err := k.Encryptor()
				switch encrypted := v.Certificate != ""; {
				case k.EncryptedAtRest != encrypted, k.DecryptorMissing != encrypted:
					t.Errorf("got %+v", k)
				case (err == nil) == (encrypted || ringName(v) == "managed-HMACMD5"):
					t.Errorf("%v: %v", k.ID, err)
				}
				if want := namedAlgorithms(ringName(v)); want.Encryption != 0 && k.Algorithms != want {
					t.Errorf("got %+v, want %+v", k.Algorithms, want)
				}
				if k.CreationDate.Location() != time.UTC || !k.CreationDate.Before(k.ExpirationDate) {
					t.Errorf("dates %v to %v", k.CreationDate, k.ExpirationDate)
				}
				if k.ElementName != strings.TrimSuffix(k.Location, ".xml") {
					t.Errorf("%q at %q", k.ElementName, k.Location)
				}
			}
			// The file as it lies on disk means the same as what a store makes of it.
			for i, content := range contents {
				store[i].XML = content
			}
			for i, k := range read(t, store).Keys {
				if withoutSecret(k) != withoutSecret(l.Keys[i]) {
					t.Errorf("got %+v, want %+v", k, l.Keys[i])
				}
			}
		})
	}
}

// aad is the additional data of a payload (FORMAT: magic, key id, purposes).
func aad(payload []byte, purposes []string) []byte {
	aad := binary.BigEndian.AppendUint32(bytes.Clone(payload[:20]), uint32(len(purposes)))
	for _, p := range purposes {
		aad = dotnet.AppendString(aad, p)
	}
	return aad
}

func TestVectorPayloads(t *testing.T) {
	opened := 0
	for _, v := range vectors(t) {
		plain := slices.Contains([]string{"dotnet-protect", "string-form", "null-encryptor", "revoked", testdata.KindGoWritten}, v.Kind)
		if _, refused := v.Refused(); !plain || refused || v.Certificate != "" {
			continue
		}
		t.Run(v.Name, func(t *testing.T) {
			store, _ := vectorRing(t, v.Ring)
			k, ok := read(t, store).Key(v.KeyID)
			if !ok || k.Revoked != (v.Outcome == testdata.OpensOnlyIfRevokedAccepted) {
				t.Fatalf("got %+v", k)
			}
			encryptor, err := k.Encryptor()
			if err != nil {
				t.Fatal(err)
			}
			payload := v.PayloadBytes()
			got, err := encryptor.Decrypt([]byte("in front "), payload[20:], aad(payload, v.Purposes))
			if err != nil || string(got) != "in front "+string(v.Plaintext) {
				t.Errorf("got %q, %v", got, err)
			}
			opened++
		})
	}
	if opened < 100 {
		t.Errorf("only %d payloads", opened)
	}
}

// anyOf blanks what differs between two keys, or between releases: ids, dates,
// the secret, the version, the prefix that .NET counts from the depth.
var anyOf = regexp.MustCompile(`[0-9a-f-]{36}|>20\d\d-[^<]*Z<|[A-Za-z0-9+/]{86}==|Version=\d+|\bp\d\b`)

func TestKeysAreWrittenAsDotnetWritesThem(t *testing.T) {
	done := 0
	for _, v := range vectors(t) {
		name := ringName(v)
		a := namedAlgorithms(name)
		if !strings.HasPrefix(v.Name, "recorded-") || !strings.HasSuffix(v.Name, "#0") || !strings.HasPrefix(name, "alg-") && name != "null-encryptor" {
			continue
		}
		done++
		t.Run(name, func(t *testing.T) {
			_, contents := vectorRing(t, v.Ring)
			opts := keyring.Options{Algorithms: a}
			if name == "null-encryptor" {
				opts.Encryptor = keyring.NullXMLEncryptor{}
			}
			path := t.TempDir()
			k := create(t, newManager(t, newDir(t, path), opts), keyring.NewKeyOptions{})
			ours, err := os.ReadFile(filepath.Join(path, "key-"+k.ID.String()+".xml"))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := anyOf.ReplaceAllString(string(ours), "…"), anyOf.ReplaceAllString(string(contents[0]), "…"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	if done != 10 {
		t.Errorf("%d rings", done)
	}
}

// TestRevocationsAreWrittenAsDotnetWritesThem makes the records of a recorded
// ring again.
func TestRevocationsAreWrittenAsDotnetWritesThem(t *testing.T) {
	const ring = "vectors/revoked/ring"
	path := t.TempDir()
	date := func(text string) time.Time {
		d, err := dotnet.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	manager := func(now string) *keyring.Manager {
		return newManager(t, newDir(t, path), keyring.Options{Now: at(date(now))})
	}
	for _, r := range []struct{ id, date, reason string }{
		{"c5e7ccee-23df-483d-8960-b0f060a5c1da", "2026-11-21T22:23:43.710265Z", `compromised <&> "x"`},
		{"862c653f-85b6-411a-9b9f-9d2895dba693", "2026-11-21T22:23:43.7105816Z", ""},
	} {
		if _, err := manager(r.date).RevokeKey(t.Context(), mustID(r.id), r.reason); err != nil {
			t.Fatal(err)
		}
	}
	mass := date("2020-05-06T07:08:09Z")
	if _, err := manager("2026-11-21T00:00:00Z").RevokeAllKeys(t.Context(), mass, ""); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadDir(path)
	if err != nil || len(written) != 3 {
		t.Fatalf("%d files, %v", len(written), err)
	}
	for _, file := range written {
		want, err := fs.ReadFile(testdata.FS, ring+"/"+file.Name())
		if err != nil {
			t.Error(err)
			continue
		}
		if got, err := os.ReadFile(filepath.Join(path, file.Name())); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", file.Name(), got, want)
		}
	}
}

// TestCNGKeys opens what a plain key of the same master key and algorithms has
// sealed: the payloads of all descriptor classes are the same.
func TestCNGKeys(t *testing.T) {
	done := 0
	for _, v := range vectors(t) {
		for _, file := range v.Files {
			if v.Kind != "descriptors" {
				continue
			}
			content, err := fs.ReadFile(testdata.FS, file)
			if err != nil {
				t.Fatal(err)
			}
			class, descriptor, _ := strings.Cut(strings.TrimPrefix(string(content), "\ufeff"), "\n")
			cng := readOne(t, files(strings.NewReplacer(deserializer+assembly, strings.TrimSpace(class), descriptorXML, descriptor).Replace(keyXML)))
			plain := readOne(t, files(keyXML))
			if strings.Contains(file, "Gcm") {
				plain = readOne(t, files(strings.Replace(keyXML, "AES_256_CBC", "AES_256_GCM", 1)))
			}
			if cng.Algorithms != plain.Algorithms {
				t.Errorf("%s: got %+v", file, cng.Algorithms)
			}
			sealsAndOpens(t, cng, plain)
			done++
		}
	}
	if done != 2 {
		t.Errorf("%d descriptors", done)
	}
}

func TestManagedKeys(t *testing.T) {
	for _, bits := range []int{128, 192, 256} {
		for _, hash := range []string{"HMACSHA256", "HMACSHA512"} {
			managed := readOne(t, files(strings.NewReplacer(`"256"`, fmt.Sprintf(`"%d"`, bits), "HMACSHA512", hash).Replace(managedKeyXML)))
			plain := readOne(t, files(strings.NewReplacer("AES_256", fmt.Sprintf("AES_%d", bits), "HMACSHA256", hash).Replace(keyXML)))
			if managed.Algorithms != plain.Algorithms {
				t.Errorf("got %+v", managed.Algorithms)
			}
			sealsAndOpens(t, managed, plain)
		}
	}
}
