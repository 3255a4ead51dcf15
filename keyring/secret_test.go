package keyring_test

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// leakTest is a ring with a known secret, and everything that might print it.
func leakTest(t *testing.T) (master []byte, values map[string]any) {
	t.Helper()
	sum := sha512.Sum512([]byte("the master key of this test"))
	master = sum[:]
	doc := strings.Replace(keyXML, masterKey64, base64.StdEncoding.EncodeToString(master), 1)
	store := files(doc)
	m := newManager(t, store, keyring.Options{DisableAutomaticKeyGeneration: true})
	k := readOne(t, store)
	encryptor, err := k.Encryptor()
	if err != nil {
		t.Fatal(err)
	}
	ring := open(t, store, keyring.Options{DisableAutomaticKeyGeneration: true, Now: at(noon)})
	values = map[string]any{
		"Key": k, "*Key": &k, "[]Key": []keyring.Key{k}, "unused Key": readOne(t, store),
		"map of Key":   map[string]keyring.Key{"a": k},
		"Encryptor":    *encryptor,
		"*Encryptor":   encryptor,
		"bound":        encryptor.Bind([]byte("aad")),
		"Listing":      *read(t, store),
		"*Listing":     read(t, store),
		"Manager":      *m,
		"*Manager":     m,
		"Snapshot":     *ring.Snapshot(),
		"*Snapshot":    ring.Snapshot(),
		"*Ring":        ring,
		"Resolution":   keyring.Policy{}.Resolve(noon, []keyring.Key{k}),
		"Deleted":      keyring.Deleted{Keys: []keyring.Key{k}},
		"the findings": m.Examine(t.Context()),
	}
	for name, err := range failures(t, doc) {
		values["error: "+name] = err
	}
	return master, values
}

// failures are the errors of rings whose secret is readable and of no use.
func failures(t *testing.T, doc string) map[string]error {
	t.Helper()
	failed := make(map[string]error)
	value := doc[strings.Index(doc, "<value>")+len("<value>") : strings.Index(doc, "</value>")]
	for name, spoilt := range map[string]string{
		"not base64":        strings.Replace(doc, value, value[:40]+"!"+value[40:], 1),
		"bad padding":       strings.Replace(doc, "</value>", "=</value>", 1),
		"too short":         strings.Replace(doc, value, value[:40], 1),
		"unknown algorithm": strings.Replace(doc, "AES_256_CBC", "AES", 1),
		"two master keys":   strings.Replace(doc, "</masterKey>", "</masterKey><masterKey>"+value+"</masterKey>", 1),
		"no decryptor":      strings.Replace(doc, "<masterKey>", "<masterKey>"+inVault(value), 1),
	} {
		_, err := readOne(t, files(spoilt)).Encryptor()
		failed[name] = err
	}
	for name, spoilt := range map[string]string{
		"cut":          doc[:strings.Index(doc, "</value>")],
		"not XML":      strings.Replace(doc, "</value>", "<</value>", 1),
		"two roots":    doc + doc,
		"an entity":    strings.Replace(doc, value, value+"&"+value+";", 1),
		"an end tag":   strings.Replace(doc, "</value>", "</"+value[:20]+">", 1),
		"a prefix":     strings.Replace(doc, "<value>", "<q:value>", 1),
		"a control":    strings.Replace(doc, "</value>", "\x01</value>", 1),
		"a bad record": `<revocation><key id="` + value + `" /></revocation>`,
	} {
		_, err := newManager(t, files(spoilt), keyring.Options{}).Read(t.Context())
		failed[name] = err
	}
	put := xmlrepo.NewMemory().Store(t.Context(), xmlrepo.Element{Name: "x", XML: []byte(doc + "x")})
	failed["refused by the store"] = put
	for name, err := range failed {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	return failed
}

// needles are parts of secrets in the spellings in which they could come out.
func needles(master []byte) map[string]string {
	found := make(map[string]string)
	for name, secret := range map[string][]byte{"key": master, "base64": []byte(base64.StdEncoding.EncodeToString(master))} {
		part := secret[12:30] // a multiple of 3 in from the start, for base64
		for _, format := range []string{"%s", "%x", "%X", "% x", "%#v", "%d", "%q", "%+q"} {
			text := strings.Trim(fmt.Sprintf(format, part), `[]"`)
			found[name+" "+format] = strings.TrimSuffix(strings.TrimPrefix(text, "byte{"), "}")
		}
		found[name+" base64"] = base64.StdEncoding.EncodeToString(part)
		found[name+" base64url"] = base64.RawURLEncoding.EncodeToString(part)
		found[name+" hex"] = hex.EncodeToString(part)
	}
	return found
}

func checkLeak(t *testing.T, name, printed string, master []byte) {
	t.Helper()
	for how, needle := range needles(master) {
		if strings.Contains(printed, needle) {
			t.Errorf("%s prints the %s: %.200s", name, how, printed)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	master, values := leakTest(t)
	for name, value := range values {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d"} {
			checkLeak(t, name+" "+format, fmt.Sprintf(format, value), master)
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("text", "value", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("json", "value", value)
		checkLeak(t, name+" in a log", log.String(), master)
		if text, err := json.Marshal(value); err == nil {
			checkLeak(t, name+" in JSON", string(text), master)
		}
		if text, err := xml.Marshal(value); err == nil {
			checkLeak(t, name+" in XML", string(text), master)
		}
		if err, ok := value.(error); ok {
			checkLeak(t, name, err.Error(), master)
			for err != nil {
				checkLeak(t, name, fmt.Sprintf("%+v", err), master)
				err = errors.Unwrap(err)
			}
		}
	}
}

// The needles are found where a secret does leak.
func TestLeaksAreSeen(t *testing.T) {
	master, _ := leakTest(t)
	text := base64.StdEncoding.EncodeToString(master)
	for _, leak := range []string{
		text, string(master), fmt.Sprintf("%x", master), fmt.Sprintf("%v", master), fmt.Sprintf("%#v", master),
		fmt.Sprintf("%q", text), fmt.Sprintf("%x", text), fmt.Sprintf("%v", []byte(text)), fmt.Sprintf("%+v", struct{ b []byte }{master}),
	} {
		seen := false
		for _, needle := range needles(master) {
			seen = seen || strings.Contains(leak, needle)
		}
		if !seen {
			t.Errorf("not seen: %q", leak)
		}
	}
}

// TestPanicsPrintNoSecret panics with each value in a process of its own.
func TestPanicsPrintNoSecret(t *testing.T) {
	const variable = "KEYRING_TEST_PANIC"
	master, values := leakTest(t)
	if name := os.Getenv(variable); name != "" {
		panic(values[name])
	}
	for _, name := range []string{"Key", "*Key", "Encryptor", "*Listing", "Manager", "Snapshot", "error: not base64", "error: an entity"} {
		command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		command.Env = append(os.Environ(), variable+"="+name, "GOTRACEBACK=all")
		output, err := command.CombinedOutput()
		if err == nil || !bytes.Contains(output, []byte("panic: ")) {
			t.Fatalf("%s did not panic: %s", strconv.Quote(name), output)
		}
		checkLeak(t, name+" in a panic", string(output), master)
	}
}
