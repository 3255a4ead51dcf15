package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/testdata"
	"dataprotection.example/xmlrepo"
)

// cmdCert writes a certificate for a script. Its key is a recorded one, because
// making one takes long.
func cmdCert(ts *testscript.TestScript, neg bool, args []string) {
	kind := "pem"
	if len(args) > 5 {
		kind = args[5]
	}
	if neg || len(args) < 5 || kind == "pfx" && len(args) != 7 {
		ts.Fatalf("usage: cert FILE KEY SUBJECT FROM UNTIL [pfx PASSWORD | public]")
	}
	text, err := testdata.FS.ReadFile("vectors/certs/" + args[1] + ".key.pem")
	ts.Check(err)
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	ts.Check(err)
	from, err := parseTime(args[3], time.Now())
	ts.Check(err)
	until, err := parseTime(args[4], time.Now())
	ts.Check(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(from.Unix()), Subject: pkix.Name{CommonName: args[2]}, NotBefore: from, NotAfter: until}
	signer := key.(crypto.Signer)
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	ts.Check(err)
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	switch kind {
	case "pem":
		data = slices.Concat(data, text)
	case "pfx":
		c, err := x509.ParseCertificate(der)
		ts.Check(err)
		data, err = atrest.EncodePFX(c, key.(*rsa.PrivateKey), args[6])
		ts.Check(err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
}

// TestCertificateFindings: a certificate that ends soon or has ended is told
// once for all the keys under it, and one that lasts is not.
func TestCertificateFindings(t *testing.T) {
	repo := xmlrepo.NewMemory()
	text, err := testdata.FS.ReadFile("vectors/certs/rsa2048.crt.pem")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := atrest.ParsePEM(text)
	if err != nil {
		t.Fatal(err)
	}
	encryptor, err := atrest.NewCertificateEncryptor(pair.Certificate(), atrest.CertificateEncryptorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := keyring.NewManager(repo, keyring.Options{Encryptor: encryptor})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := m.CreateKey(t.Context(), keyring.NewKeyOptions{Activation: noon, Expiration: noon.AddDate(0, 1, 0)}); err != nil {
			t.Fatal(err)
		}
	}
	elements, err := repo.Elements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	end := pair.Certificate().NotAfter
	for _, at := range []struct {
		now  time.Time
		want keyring.Code
	}{
		{end.Add(-soon), ""},
		{end.Add(-soon + time.Second), keyring.CodeCertificateExpires},
		{end, keyring.CodeCertificateExpires},
		{end.Add(time.Second), keyring.CodeCertificateExpired},
	} {
		all := certificateFindings(elements, at.now)
		switch {
		case at.want == "" && len(all) != 0, at.want != "" && (len(all) != 1 || all[0].Code != at.want || all[0].Fix == ""):
			t.Errorf("%v: %+v, want %q", at.now, all, at.want)
		}
	}
}

// cmdKeys writes keys that are good until 2099.
func cmdKeys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keys DIR N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for i := range n {
		cmdKey(ts, false, []string{args[0], fmt.Sprintf("00000000-0000-0000-0000-%012d", i+1),
			"2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "2099-01-01T00:00:00Z"})
	}
}

// cmdCommands writes the shell blocks of a document, with its absolute paths
// below the script's directory.
func cmdCommands(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: commands DOCUMENT NAME")
	}
	text, err := os.ReadFile(filepath.Join("..", "..", args[0]))
	ts.Check(err)
	below := strings.NewReplacer("/srv/", ts.MkAbs("srv")+"/", "/etc/", ts.MkAbs("etc")+"/", "/media/", ts.MkAbs("media")+"/")
	for i, block := range strings.Split("\n"+string(text), "\n```sh\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		ts.Check(os.WriteFile(ts.MkAbs(fmt.Sprintf("%s%d", args[1], i+1)), []byte(below.Replace(block)), 0o600))
	}
}
