package atrest_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

// pfxFile is a recorded certificate as .NET loads it.
func pfxFile(t testing.TB, name string) dotnettest.PFX {
	t.Helper()
	return dotnettest.PFX{Path: write(t, name+".pfx", asset(t, name+".pfx"))}
}

// node is a ring of ours with its protector.
type node struct {
	ring *keyring.Ring
	*protector.Protector
}

func openNode(t testing.TB, repo xmlrepo.Repository, opts keyring.Options) node {
	t.Helper()
	opts.GenerationDelay = -1
	ring, err := keyring.Open(t.Context(), repo, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ring.Close() })
	return node{ring, protector.New(ring, protector.Options{}).CreateProtector("p")}
}

// What .NET writes under a certificate we read, and what we write, by either
// transport, it reads; each then opens the other's payloads.
func TestLiveBothDirections(t *testing.T) {
	peer := dotnettest.Start(t)
	p, pfx := recorded(t, "rsa2048"), pfxFile(t, "rsa2048")
	exchange := func(t *testing.T, ours node, theirs *dotnettest.Protector) {
		t.Helper()
		payload, err := theirs.Protect([]byte("from .NET"))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := ours.Unprotect(t.Context(), payload); err != nil || string(text) != "from .NET" {
			t.Errorf("got %q, %v", text, err)
		}
		if payload, err = ours.Protect(t.Context(), []byte("from Go")); err != nil {
			t.Fatal(err)
		}
		if text, err := theirs.Unprotect(payload); err != nil || string(text) != "from Go" {
			t.Errorf(".NET got %q, %v", text, err)
		}
	}
	t.Run("from .NET", func(t *testing.T) {
		path := t.TempDir()
		theirs := peer.Open(path, dotnettest.RingOptions{ProtectWithPFX: &pfx})
		if _, err := theirs.Protector("p").Protect(nil); err != nil {
			t.Fatal(err)
		}
		if k := onlyKey(t, newDir(t, path), decryptors(t, p)...); !k.EncryptedAtRest {
			t.Error(".NET's key is not encrypted")
		}
		exchange(t, openNode(t, newDir(t, path), keyring.Options{Decryptors: decryptors(t, p)}), theirs.Protector("p"))
		if names := contents(t, newDir(t, path)); len(names) != 1 {
			t.Errorf("%d elements", len(names))
		}
	})
	for _, pkcs1 := range []bool{false, true} {
		t.Run(fmt.Sprintf("from Go, PKCS1v15 %v", pkcs1), func(t *testing.T) {
			path := t.TempDir()
			enc, err := atrest.NewCertificateEncryptor(p.Certificate(), atrest.CertificateEncryptorOptions{PKCS1v15: pkcs1})
			if err != nil {
				t.Fatal(err)
			}
			ours := openNode(t, newDir(t, path), keyring.Options{Encryptor: enc, Decryptors: decryptors(t, p)})
			theirs := peer.Open(path, dotnettest.RingOptions{UnprotectWithPFX: []dotnettest.PFX{pfx}, DisableGeneration: true})
			exchange(t, ours, theirs.Protector("p"))
			lacks := pfxFile(t, "other3072")
			keys, err := peer.Open(path, dotnettest.RingOptions{UnprotectWithPFX: []dotnettest.PFX{lacks}, DisableGeneration: true}).Keys()
			if err != nil || len(keys) != 1 || keys[0].Usable {
				t.Errorf("without the certificate .NET sees %+v, %v", keys, err)
			}
		})
	}
	t.Run("a PFX of ours", func(t *testing.T) {
		path, file := t.TempDir(), dotnettest.PFX{Path: write(t, "ours.pfx", pfxOf(t, "rsa2048", "pässword")), Password: "pässword"}
		ours := openNode(t, newDir(t, path), keyring.Options{Encryptor: encryptor(t, p), Decryptors: decryptors(t, p)})
		exchange(t, ours, peer.Open(path, dotnettest.RingOptions{ProtectWithPFX: &file}).Protector("p"))
	})
}

// Spellings of EncryptedXml, and .NET's opinion of them. Neither writes anything
// but the first.
func TestLiveSpellings(t *testing.T) {
	peer := dotnettest.Start(t)
	p, other := recorded(t, "rsa2048"), recorded(t, "other3072")
	repo := xmlrepo.NewMemory()
	create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, p), Now: time.Now}))
	good := string(element(t, repo))
	create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, other), Now: time.Now}))
	foreign := ""
	for _, xml := range contents(t, repo) {
		if xml != good {
			foreign = xml
		}
	}
	between := func(s, from, to string) string {
		_, rest, ok := strings.Cut(s, from)
		part, _, _ := strings.Cut(rest, to)
		if !ok {
			t.Fatalf("no %q", from)
		}
		return from + part + to
	}
	const enc, sig = "http://www.w3.org/2001/04/xmlenc#", "http://www.w3.org/2000/09/xmldsig#"
	replaceOnce := func(old, new string) func(string) string {
		return func(s string) string {
			if !strings.Contains(s, old) {
				t.Fatalf("no %q", old)
			}
			return strings.Replace(s, old, new, 1)
		}
	}
	otherKey := between(foreign, "<EncryptedKey", "</EncryptedKey>")
	ownKey := between(good, "<EncryptedKey", "</EncryptedKey>")
	oaep := `Algorithm="` + enc + `rsa-oaep-mgf1p" />`
	content := strings.TrimPrefix(good[strings.LastIndex(good, "<CipherValue>"):], "<CipherValue>")
	content, _, _ = strings.Cut(content, "<")
	wrapped := strings.TrimSuffix(strings.TrimPrefix(between(ownKey, "<CipherValue>", "</CipherValue>"), "<CipherValue>"), "</CipherValue>")
	const both, neither, dotnetOnly, goOnly = "both", "neither", ".NET only", "Go only"
	tests := []struct {
		name   string
		change func(string) string
		opens  string
	}{
		{"as it is", func(s string) string { return s }, both},
		{"no Type", replaceOnce(` Type="`+enc+`Element"`, ""), both},
		{"Type Content", replaceOnce(enc+"Element", enc+"Content"), both},
		{"blanks and lines in the base64", replaceOnce(wrapped[:40], wrapped[:20]+"\r\n  \t"+wrapped[20:40]+" "), both},
		{"a comment in the base64", replaceOnce(wrapped[:40], wrapped[:20]+"<!-- x -->"+wrapped[20:40]), both},
		{"base64 without padding", replaceOnce(content, strings.TrimRight(content, "=")), ""}, // whichever there is
		{"a KeyName before", replaceOnce("<EncryptedKey", `<KeyName xmlns="`+sig+`">x</KeyName><EncryptedKey`), goOnly},
		{"a KeySize", replaceOnce(oaep, strings.TrimSuffix(oaep, " />")+"><KeySize>2048</KeySize></EncryptionMethod>"), both},
		{"two EncryptedKeys, ours first", replaceOnce(ownKey, ownKey+otherKey), both},
		{"two EncryptedKeys, ours second", replaceOnce(ownKey, otherKey+ownKey), neither},
		{"EncryptionProperties", replaceOnce("</EncryptedData>", "<EncryptionProperties><EncryptionProperty /></EncryptionProperties></EncryptedData>"), both},
		{"another certificate first", replaceOnce("<X509Data>", "<X509Data>"+between(foreign, "<X509Certificate>", "</X509Certificate>")+"</X509Data><X509Data>"), both},
		{"a subject name", replaceOnce("<X509Data>", "<X509Data><X509SubjectName>CN=x</X509SubjectName>"), both},
		{"a certificate that does not parse first", replaceOnce("<X509Data>", "<X509Data><X509Certificate>AAAA</X509Certificate>"), goOnly},
		{"CipherData before KeyInfo", func(s string) string {
			data := s[strings.LastIndex(s, "<CipherData>") : strings.LastIndex(s, "</CipherData>")+len("</CipherData>")]
			return strings.Replace(strings.Replace(s, data, "", 1), "<KeyInfo ", data+"<KeyInfo ", 1)
		}, both},

		{"a RetrievalMethod", replaceOnce("<EncryptedKey", `<RetrievalMethod xmlns="`+sig+`" URI="#x" /><EncryptedKey`), neither},
		{"a CipherReference beside", replaceOnce("</EncryptedKey></KeyInfo><CipherData>", `</EncryptedKey></KeyInfo><CipherData><CipherReference URI="#x" />`), neither},
		{"the content named GCM", replaceOnce(enc+"aes256-cbc", "http://www.w3.org/2009/xmlenc11#aes256-gcm"), neither},
		{"the content named 3DES", replaceOnce("aes256-cbc", "tripledes-cbc"), neither},
		{"OAEP of version 1.1", replaceOnce(enc+"rsa-oaep-mgf1p", "http://www.w3.org/2009/xmlenc11#rsa-oaep"), neither},
		{"a flipped wrapped key", replaceOnce(wrapped, flip(wrapped)), neither},
		{"another's wrapped key", replaceOnce(wrapped, strings.TrimSuffix(strings.TrimPrefix(between(otherKey, "<CipherValue>", "</CipherValue>"), "<CipherValue>"), "</CipherValue>")), neither},
		{"a content cut short", replaceOnce(content, content[:64]), neither},

		// Where the name and the key disagree .NET believes the key.
		{"the content named AES-128", replaceOnce("aes256-cbc", "aes128-cbc"), dotnetOnly},
		{"a digest that was not used", replaceOnce(oaep, strings.TrimSuffix(oaep, " />")+`><DigestMethod Algorithm="`+enc+`sha256" xmlns="`+sig+`" /></EncryptionMethod>`), dotnetOnly},
		{"a label that was not used", replaceOnce(oaep, strings.TrimSuffix(oaep, " />")+`><OAEPparams>AAAA</OAEPparams></EncryptionMethod>`), dotnetOnly},
		{"two CipherData", replaceOnce("</EncryptedData>", "<CipherData><CipherValue>AAAA</CipherValue></CipherData></EncryptedData>"), dotnetOnly},
	}
	pfxs := []dotnettest.PFX{pfxFile(t, "rsa2048")}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			changed := tt.change(good)
			dir := newDir(t, filepath.Join(t.TempDir(), "ring"))
			store(t, dir, "key-1", []byte(changed))
			keys, err := peer.Open(dir.Path(), dotnettest.RingOptions{UnprotectWithPFX: pfxs, DisableGeneration: true}).Keys()
			if err != nil || len(keys) != 1 {
				t.Fatal(keys, err)
			}
			k := onlyKey(t, dir, decryptors(t, p)...)
			_, goErr := k.Encryptor()
			got := map[[2]bool]string{{true, true}: both, {false, false}: neither, {true, false}: dotnetOnly, {false, true}: goOnly}[[2]bool{keys[0].Usable, goErr == nil}]
			if tt.opens != "" && got != tt.opens || tt.opens == "" && got != both && got != neither {
				t.Errorf("opens for %s, not %s; Go: %v; .NET: %+v", got, tt.opens, goErr, keys[0].Error)
			}
		})
	}
}

// flip changes one letter of a base64 text.
func flip(b64 string) string {
	b := []byte(b64)
	if b[10] == 'A' {
		b[10] = 'B'
	} else {
		b[10] = 'A'
	}
	return string(b)
}

// A certificate is changed as the documentation says, step by step, while nodes
// of both runtimes serve: every payload ever made opens everywhere, before,
// during and after.
func TestLiveRotation(t *testing.T) {
	peer := dotnettest.Start(t)
	old, fresh := recorded(t, "rsa2048"), recorded(t, "other3072")
	oldPFX, freshPFX := pfxFile(t, "rsa2048"), pfxFile(t, "other3072")
	dir := newDir(t, filepath.Join(t.TempDir(), "ring"))
	var payloads [][]byte
	var ours node
	var theirs *dotnettest.Protector
	serve := func(when string) {
		t.Helper()
		mine, err := ours.Protect(t.Context(), []byte(when))
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		dotnets, err := theirs.Protect([]byte(when))
		if err != nil {
			t.Fatalf("%s: .NET: %v", when, err)
		}
		payloads = append(payloads, mine, dotnets)
		outcomes, err := theirs.UnprotectMany(payloads)
		if err != nil {
			t.Fatal(err)
		}
		for i, payload := range payloads {
			if _, err := ours.Unprotect(t.Context(), payload); err != nil {
				t.Errorf("%s: payload %d: %v", when, i, err)
			}
			if outcomes[i].Err != nil {
				t.Errorf("%s: payload %d: .NET: %v", when, i, outcomes[i].Err)
			}
		}
	}
	restart := func(encryptTo atrest.KeyPair, dotnet dotnettest.RingOptions, with ...atrest.KeyPair) {
		t.Helper()
		if ours.ring != nil {
			ours.ring.Close()
		}
		ours = openNode(t, newDir(t, dir.Path()), keyring.Options{Encryptor: encryptor(t, encryptTo), Decryptors: decryptors(t, with...)})
		theirs = peer.Open(dir.Path(), dotnet).Protector("p")
	}
	newKey := func(by string, dotnet dotnettest.RingOptions) {
		t.Helper()
		var err error
		if by == ".NET" {
			now := time.Now()
			_, err = peer.Open(dir.Path(), dotnet).CreateKey(now, now.Add(90*24*time.Hour))
		} else {
			_, err = ours.ring.Manager().CreateKey(t.Context(), keyring.NewKeyOptions{})
		}
		if err != nil {
			t.Fatalf("%s: %v", by, err)
		}
		if err := ours.ring.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	dotnet := dotnettest.RingOptions{ProtectWithPFX: &oldPFX}
	restart(old, dotnet, old)
	serve("under the old certificate")
	newKey(".NET", dotnet)
	restart(old, dotnet, old)
	serve("a second key")

	dotnet.UnprotectWithPFX = []dotnettest.PFX{freshPFX}
	restart(old, dotnet, old, fresh)
	serve("every node has both certificates")

	dotnet = dotnettest.RingOptions{ProtectWithPFX: &freshPFX, UnprotectWithPFX: []dotnettest.PFX{oldPFX}}
	restart(fresh, dotnet, old, fresh)
	newKey("Go", dotnet)
	restart(fresh, dotnet, old, fresh)
	serve("new keys come under the new certificate")
	newKey(".NET", dotnet)

	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // nodes go on serving meanwhile
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			for _, payload := range slices.Clone(payloads) {
				if _, err := ours.Unprotect(t.Context(), payload); err != nil {
					t.Errorf("during the rewrapping: %v", err)
				}
			}
			if keys, err := peer.Open(dir.Path(), dotnet).Keys(); err != nil || slices.ContainsFunc(keys, func(k dotnettest.Key) bool { return !k.Usable }) {
				t.Errorf("during the rewrapping: .NET: %+v, %v", keys, err)
			}
		}
	}()
	result, err := rewrap(t, newDir(t, dir.Path()), decryptors(t, old, fresh), fresh, nil)
	close(stop)
	<-stopped
	if err != nil || len(result.Rewrapped) != 2 || result.Already != 2 {
		t.Errorf("%+v, %v", result, err)
	}
	serve("after the rewrapping")

	dotnet = dotnettest.RingOptions{ProtectWithPFX: &freshPFX}
	restart(fresh, dotnet, fresh)
	serve("the old certificate is gone")
	if keys, err := peer.Open(dir.Path(), dotnet).Keys(); err != nil || len(keys) != 4 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
}
