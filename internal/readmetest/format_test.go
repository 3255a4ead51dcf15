package readmetest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

const format = "docs/FORMAT.md"

// example is a block of names and values.
type example map[string]string

// examples returns the example blocks of the format, in order. Two blanks part
// a name from its value, and a line that begins with them goes on with the last.
func examples(t *testing.T) []example {
	t.Helper()
	var all []example
	for _, b := range blocks(t, format) {
		if b.info != "example" {
			continue
		}
		found, last := example{}, ""
		for line := range strings.Lines(b.text) {
			name, value, _ := strings.Cut(line, "  ")
			if name != "" {
				last = name
			}
			found[last] += strings.TrimSpace(value)
		}
		all = append(all, found)
	}
	if len(all) != 14 {
		t.Fatalf("%d examples", len(all))
	}
	return all
}

// exampleWith returns the one example that has this name in it.
func exampleWith(t *testing.T, name string) example {
	t.Helper()
	var found example
	for _, e := range examples(t) {
		if _, has := e[name]; has && found != nil {
			t.Fatalf("two examples have %q", name)
		} else if has {
			found = e
		}
	}
	if found == nil {
		t.Fatalf("no example has %q", name)
	}
	return found
}

// hex returns a value as bytes.
func (e example) hex(t *testing.T, name string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(e[name], " ", ""))
	if err != nil || e[name] == "" {
		t.Fatalf("%s: %q, %v", name, e[name], err)
	}
	return b
}

// check compares a value with what was worked out.
func (e example) check(t *testing.T, name string, worked []byte) {
	t.Helper()
	if told := e.hex(t, name); !bytes.Equal(told, worked) {
		t.Errorf("%s is\n%x, but works out as\n%x", name, told, worked)
	}
}

// elements returns the XML blocks by the name of their element.
func elements(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, b := range blocks(t, format) {
		if name, ok := strings.CutPrefix(b.info, "xml "); ok {
			all[name] = strings.TrimSuffix(b.text, "\n")
		}
	}
	if len(all) != 6 {
		t.Fatalf("%d elements", len(all))
	}
	return all
}

// ringOf opens a ring that holds the named elements.
func ringOf(t *testing.T, names ...string) *keyring.Ring {
	t.Helper()
	repo := xmlrepo.NewMemory()
	for _, name := range names {
		if err := repo.Store(t.Context(), xmlrepo.Element{Name: name, XML: []byte(elements(t)[name])}); err != nil {
			t.Fatal(err)
		}
	}
	ring, err := keyring.Open(t.Context(), repo, keyring.Options{
		DisableAutomaticKeyGeneration: true,
		Now:                           func() time.Time { return time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ring.Close() })
	return ring
}

const (
	keyCBC  = "key-53404db5-0fc4-4712-94af-b80238fb7151"
	keyGCM  = "key-00112233-4455-6677-8899-aabbccddeeff"
	revoked = "revocation-53404db5-0fc4-4712-94af-b80238fb7151"
	mass    = "revocation-20251231T2359595Z"
)

func TestScalars(t *testing.T) {
	t.Parallel()
	ids, lengths, dates := exampleWith(t, "key id"), exampleWith(t, `string "é"`), exampleWith(t, "date")
	id, err := dotnet.ParseGUID(ids["key id"])
	if err != nil {
		t.Fatal(err)
	}
	ids.check(t, "key bytes", dotnet.AppendGUID(nil, id))
	for name, n := range map[string]int{`string "" begins`: 0, "string of 127 bytes": 127, "string of 128 bytes": 128, "string of 16384 bytes": 16384} {
		worked := dotnet.AppendString(nil, strings.Repeat("p", n))
		lengths.check(t, name, worked[:len(worked)-n])
	}
	lengths.check(t, `string "é"`, dotnet.AppendString(nil, "é"))
	for date, ticks := range map[string]string{"date": "ticks be64", "last date": "last be64"} {
		at, err := dotnet.ParseDate(dates[date])
		if err != nil || dotnet.FormatDate(at) != dates[date] {
			t.Errorf("%s: %v, %v", date, at, err)
		}
		dates.check(t, ticks, binary.BigEndian.AppendUint64(nil, uint64(dotnet.Ticks(at))))
	}
	if at, _ := dotnet.ParseDate(dates["date"]); dates["ticks"] != "640291502456000000" || dotnet.Ticks(at) != 640291502456000000 {
		t.Errorf("the ticks of %v are %d", at, dotnet.Ticks(at))
	}
}

func TestContextHeaders(t *testing.T) {
	t.Parallel()
	e := exampleWith(t, "context input")
	e.check(t, "context input", derivationInput(1, nil, nil, nil, 64))
	e.check(t, "context keys", derive(nil, nil, nil, nil, 64))
	e.check(t, "header cbc", headerCBC())
	e.check(t, "header gcm", headerGCM())
}

// masterKey decodes the secret of one of the document's keys.
func masterKey(t *testing.T, name string) []byte {
	t.Helper()
	root, err := xmldoc.Parse([]byte(elements(t)[name]))
	if err != nil {
		t.Fatal(err)
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(xmldoc.Text(root.FindElement("//masterKey"))))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestPayloadCBC(t *testing.T) {
	t.Parallel()
	e := exampleWith(t, "kdf input")
	keyID := exampleWith(t, "key id").hex(t, "key bytes")
	modifier, iv, plaintext := e.hex(t, "key modifier"), e.hex(t, "iv"), e.hex(t, "plaintext")
	aad := additionalData(keyID, "shop", "cart", "é")
	e.check(t, "aad", aad)
	e.check(t, "kdf input", derivationInput(1, aad, headerCBC(), modifier, 64))
	keys := derive(masterKey(t, keyCBC), aad, headerCBC(), modifier, 64)
	e.check(t, "aes key", keys[:32])
	e.check(t, "hmac key", keys[32:])
	e.check(t, "padded", pad(plaintext))
	ciphertext := encryptCBC(keys[:32], iv, plaintext)
	e.check(t, "ciphertext", ciphertext)
	e.check(t, "tag", hmacSHA256(keys[32:], iv, ciphertext))
	payload := slices.Concat(aad[:20], modifier, iv, ciphertext, hmacSHA256(keys[32:], iv, ciphertext))
	if text := base64.RawURLEncoding.EncodeToString(payload); text != e["payload"] || len(payload) != 100 {
		t.Errorf("the payload works out as %s, %d bytes", text, len(payload))
	}

	by := protector.New(ringOf(t, keyCBC, keyGCM, mass), protector.Options{ApplicationName: "shop"}).CreateProtector("cart", "é")
	if text, err := by.UnprotectString(t.Context(), e["payload"]); err != nil || text != string(plaintext) {
		t.Errorf("the payload holds %q, %v", text, err)
	}
}

func TestPayloadGCM(t *testing.T) {
	t.Parallel()
	e := exampleWith(t, "nonce")
	modifier, nonce, plaintext := e.hex(t, "key modifier"), e.hex(t, "nonce"), e.hex(t, "plaintext")
	aad := additionalData(e.hex(t, "aad")[4:20], "")
	e.check(t, "aad", aad)
	key := derive(masterKey(t, keyGCM), aad, headerGCM(), modifier, 32)
	e.check(t, "aes key", key)
	sealed := sealGCM(key, nonce, plaintext)
	e.check(t, "ciphertext", sealed[:len(plaintext)])
	e.check(t, "tag", sealed[len(plaintext):])
	payload := slices.Concat(aad[:20], modifier, nonce, sealed)
	if text := base64.RawURLEncoding.EncodeToString(payload); text != e["payload"] || len(payload) != 76 {
		t.Errorf("the payload works out as %s, %d bytes", text, len(payload))
	}

	by := protector.New(ringOf(t, keyCBC, keyGCM, mass), protector.Options{}).CreateProtector("")
	if text, err := by.UnprotectString(t.Context(), e["payload"]); err != nil || text != string(plaintext) {
		t.Errorf("the payload holds %q, %v", text, err)
	}
}

func TestTimeLimited(t *testing.T) {
	t.Parallel()
	e, limits := exampleWith(t, "nonce"), exampleWith(t, "limited until")
	ring := ringOf(t, keyGCM)
	purposes := []string{"shop", "cart", "Microsoft.AspNetCore.DataProtection.TimeLimitedDataProtector.v1"}
	aad := additionalData(e.hex(t, "aad")[4:20], purposes...)
	modifier, nonce := e.hex(t, "key modifier"), e.hex(t, "nonce")
	key := derive(masterKey(t, keyGCM), aad, headerGCM(), modifier, 32)
	for name, date := range map[string]string{"limited until": exampleWith(t, "date")["date"], "limited for ever": ""} {
		limited := limits.hex(t, name)
		payload := slices.Concat(aad[:20], modifier, nonce, sealGCM(key, nonce, limited))
		at := time.Date(2030, 1, 2, 3, 4, 5, 6e8, time.UTC)
		by := protector.New(ring, protector.Options{ApplicationName: "shop", Now: func() time.Time { return at }}).
			CreateProtector("cart").TimeLimited()
		plaintext, expires, err := by.Unprotect(t.Context(), payload)
		if err != nil || string(plaintext) != "three apples" {
			t.Errorf("%s holds %q, %v", name, plaintext, err)
		}
		if told := dotnet.FormatDate(expires); date != "" && told != date || date == "" && !expires.IsZero() {
			t.Errorf("%s expires %s", name, told)
		}
		at = at.Add(100)
		if _, _, err := by.Unprotect(t.Context(), payload); (date != "") != errors.Is(err, protector.ErrExpired) {
			t.Errorf("%s, a tick later: %v", name, err)
		}
	}
}

func TestFilesAndRevocations(t *testing.T) {
	t.Parallel()
	for name, text := range elements(t) {
		root, err := xmldoc.Parse([]byte(text))
		if err != nil {
			t.Fatal(name, err)
		}
		if strings.HasPrefix(text, "<?xml") && string(xmldoc.File(root)) != "\uFEFF"+text {
			t.Errorf("%s is not as a file of the directory:\n%s", name, xmldoc.File(root))
		}
	}
	ring := ringOf(t, keyCBC, keyGCM, revoked, mass)
	for _, k := range ring.Snapshot().Keys() {
		if k.Revoked != (k.ElementName == keyCBC) {
			t.Errorf("%s revoked: %v", k.ElementName, k.Revoked)
		}
	}
	if date, err := dotnet.ParseDate("2025-12-31T23:59:59.5Z"); err != nil || "revocation-"+dotnet.DateStamp(date) != mass {
		t.Errorf("the mass revocation's name is of %v, %v", date, err)
	}
}

// ASP.NET Core reads the document's keys and payloads as well.
func TestDotnetReadsTheFormat(t *testing.T) {
	t.Parallel()
	peer := dotnettest.Start(t)
	dir := t.TempDir()
	for _, name := range []string{keyCBC, keyGCM, mass} {
		if err := os.WriteFile(filepath.Join(dir, name+".xml"), []byte(elements(t)[name]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cbc, gcm := exampleWith(t, "kdf input")["payload"], exampleWith(t, "nonce")["payload"]
	ring := peer.Open(dir, dotnettest.RingOptions{})
	for payload, purposes := range map[string][]string{cbc: {"shop", "cart", "é"}, gcm: {""}} {
		if text, err := ring.Protector(purposes...).UnprotectString(payload); err != nil || text != "three apples" {
			t.Errorf("%q: %q, %v", purposes, text, err)
		}
	}
}
