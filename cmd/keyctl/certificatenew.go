package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"dataprotection.example/keyring/atrest"
)

const (
	newCertificateBits     = 3072
	newCertificateValidity = 3 * 365 * day
)

// newCertificateOptions are the flags of certificate new.
type newCertificateOptions struct {
	subject  string
	validity time.Duration
	public   string // may be empty
}

// newCertificateView is a new certificate as certificate new prints it.
type newCertificateView struct {
	File       string  `json:"file"`
	Public     *string `json:"public"`
	Subject    string  `json:"subject"`
	Thumbprint string  `json:"thumbprint"`
	NotBefore  string  `json:"notBefore"`
	NotAfter   string  `json:"notAfter"`
}

func (p *program) certificateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "certificate COMMAND",
		Short: "Make a certificate to encrypt keys with",
		Args:  p.unknownCommand,
		RunE:  func(*cobra.Command, []string) error { return usagef("no command: keyctl certificate new") },
	}
	cmd.AddCommand(p.certificateNewCommand())
	return cmd
}

func (p *program) certificateNewCommand() *cobra.Command {
	o := newCertificateOptions{validity: newCertificateValidity}
	cmd := &cobra.Command{
		Use:   "new FILE",
		Short: "Make a self-signed certificate and its private key",
		Long: `Make a certificate for encrypting keys at rest: RSA with 3072 bits, self-signed,
since nobody checks who issued it. Certificate and private key go into one new file
that only its owner can read: PFX if its name ends in .pfx or .p12, with the
password of --certificate-password-file or $` + passwordVariable + ` if there
is one, else PEM, without a password. ASP.NET Core reads both. The thumbprint is
printed. Nothing is ever replaced.

Keep the file where the ring and its backups are not: who has both has the keys.

` + durationHelp,
		Example: `  keyctl certificate new /etc/shop/ring-2027.pem
  keyctl certificate new ring.pfx --certificate-password-file password --subject "shop 2027" --validity 730d`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return usagef("which file? Give one name")
			}
			return nil
		},
		RunE: p.action(func(_ context.Context, args []string) error { return p.certificateNew(args[0], o) }),
	}
	cmd.Flags().Var(&value[string]{target: &o.subject, parse: parseCommonName, kind: "NAME"}, "subject", `common name (default "Data Protection" and the date)`)
	lifetimeFlag(cmd, &o.validity, "validity", "how long it is valid (default 1095d); nothing stops working at its end")
	cmd.Flags().Var(&value[string]{target: &o.public, parse: parseDir, kind: "FILE"}, "public", "also write the certificate alone, which only encrypts, as PEM")
	complete(cmd, "subject")
	return cmd
}

// parseCommonName takes a common name of X.520, with or without "CN=".
func parseCommonName(text string) (string, error) {
	text = strings.TrimPrefix(text, "CN=")
	switch {
	case text == "" || utf8.RuneCountInString(text) > 64:
		return "", errors.New("want 1 to 64 characters")
	case printable(text) != text || strings.ContainsAny(text, ",=+"):
		return "", errors.New("want one common name, without commas, = and +")
	}
	return text, nil
}

func (p *program) certificateNew(file string, o newCertificateOptions) error {
	if p.besideKeys(file) {
		return usagef("%s is in the key directory: who copies that would have the keys and what opens them", file)
	}
	for _, path := range []string{file, o.public} { // before the work; the writing itself replaces nothing
		if _, err := os.Lstat(path); path != "" && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already: nothing was made", path)
		}
	}
	certificate, key, err := o.make(p.now())
	if err != nil {
		return err
	}
	data, err := p.encodeKeyPair(file, certificate, key)
	if err != nil {
		return err
	}
	defer clear(data)
	if err := writeNew(file, data, 0o600); err != nil {
		return err
	}
	if o.public != "" {
		public, err := atrest.EncodePEM(certificate, nil)
		if err == nil {
			err = writeNew(o.public, public, 0o644)
		}
		if err != nil {
			return errors.Join(err, os.Remove(file))
		}
	}
	p.note("made the certificate %s, valid until %s, with its private key: %s", nameOf(certificate), until(certificate), file)
	p.note("next: 1. copy it to every node, outside the ring, for the servers' user alone, and a copy into a safe: without it the keys are lost")
	p.note("      2. let every node decrypt with it (UnprotectKeysWithAnyCertificate; in Go atrest.NewCertificateDecryptor), beside any older one")
	p.note("      3. let the nodes encrypt with it (ProtectKeysWithCertificate; atrest.NewCertificateEncryptor)")
	p.note("      4. keyctl rewrap --to %s, for the keys that are there already", file)
	if p.json {
		v := p.viewCertificate(certificate)
		return p.printJSON(newCertificateView{file, orNull(o.public), v.Subject, v.Thumbprint, v.NotBefore, v.NotAfter})
	}
	return p.printLines(atrest.Thumbprint(certificate))
}

// besideKeys reports whether a file would be in the key directory.
func (p *program) besideKeys(file string) bool {
	l, err := p.ringLocation()
	if err != nil || l.kind != directory {
		return false
	}
	a, errA := filepath.Abs(l.path)
	b, errB := filepath.Abs(filepath.Dir(file))
	return errA == nil && errB == nil && a == b
}

// make makes the certificate.
func (o newCertificateOptions) make(now time.Time) (*x509.Certificate, *rsa.PrivateKey, error) {
	now = now.UTC().Truncate(time.Second)
	name := o.subject
	if name == "" {
		name = "Data Protection " + now.Format(time.DateOnly)
	}
	end := now.Add(o.validity)
	if end.Year() > 9999 {
		return nil, nil, usagef("--validity goes beyond the year 9999")
	}
	key, err := rsa.GenerateKey(rand.Reader, newCertificateBits)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-time.Hour), // clocks differ
		NotAfter:              end,
		KeyUsage:              x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return certificate, key, err
}

// encodeKeyPair returns what goes into the file.
func (p *program) encodeKeyPair(file string, certificate *x509.Certificate, key *rsa.PrivateKey) ([]byte, error) {
	passwords, err := p.passwords()
	if err != nil {
		return nil, err
	}
	kind := strings.ToLower(filepath.Ext(file))
	switch pfx := kind == ".pfx" || kind == ".p12"; {
	case len(passwords) > 1:
		return nil, usagef("more than one password for one file")
	case pfx:
		return atrest.EncodePFX(certificate, key, strings.Join(passwords, ""))
	case len(passwords) > 0:
		return nil, usagef("a PEM file has no password here: end its name in .pfx, or give no password")
	}
	return atrest.EncodePEM(certificate, key)
}

// writeNew writes a file that is not there yet, so that it lasts.
func writeNew(path string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = bytes.NewReader(data).WriteTo(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync() // not every system can
		_ = dir.Close()
	}
	return nil
}
