package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
)

const (
	passwordVariable = "KEYCTL_CERTIFICATE_PASSWORD"
	passwordHint     = "passwords come from --certificate-password-file or $" + passwordVariable + ", and an empty one is always tried"

	// soon is when the end of a certificate is worth a word.
	soon = 30 * day
)

// certificates are those that this run was given, the first of which encrypts.
type certificates struct {
	files, passwordFiles fileList
	pairs                []atrest.KeyPair
	encryptor            *atrest.CertificateEncryptor // nil without certificates
}

// fileList is a flag that takes files, one each time.
type fileList []string

// Set is called by the parser of the command line.
func (l *fileList) Set(path string) error {
	if path == "" {
		return errors.New("the path is empty")
	}
	*l = append(*l, path)
	return nil
}

func (l *fileList) String() string { return "" }

// Type is what the help calls the value.
func (l *fileList) Type() string { return "FILE" }

// certificateFlags adds the flags of every command.
func (p *program) certificateFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.Var(&p.certificates.files, "certificate", "certificate (PEM or PFX) that opens keys; may be repeated, the first also encrypts new ones")
	flags.Var(&p.certificates.passwordFiles, "certificate-password-file", "file with the password of a PFX; may be repeated (or $"+passwordVariable+")")
	_ = root.MarkPersistentFlagFilename("certificate", "pem", "pfx", "p12")
	_ = root.MarkPersistentFlagFilename("certificate-password-file")
}

// loadCertificates reads what --certificate names.
func (p *program) loadCertificates() error {
	if len(p.certificates.files) == 0 {
		return nil
	}
	passwords, err := p.passwords()
	if err != nil {
		return err
	}
	for i, file := range p.certificates.files {
		pair, err := p.readCertificate(file, passwords)
		switch {
		case err != nil:
			return fmt.Errorf("--certificate: %w", err)
		case i > 0 && !pair.HasPrivateKey():
			return failed(fmt.Errorf("--certificate: %s: there is no private key in it to decrypt with", file), "only the first --certificate may do without: it then encrypts, and opens nothing")
		}
		p.certificates.pairs = append(p.certificates.pairs, pair)
	}
	first := p.certificates.pairs[0].Certificate()
	p.warnOfDates(first)
	p.certificates.encryptor, err = atrest.NewCertificateEncryptor(first, atrest.CertificateEncryptorOptions{})
	return err
}

// loadCertificate reads one file with a certificate.
func (p *program) loadCertificate(file string) (atrest.KeyPair, error) {
	passwords, err := p.passwords()
	if err != nil {
		return atrest.KeyPair{}, err
	}
	return p.readCertificate(file, passwords)
}

func (p *program) readCertificate(file string, passwords []string) (atrest.KeyPair, error) {
	pair, err := atrest.LoadKeyPair(file, passwords...)
	switch {
	case errors.Is(err, atrest.ErrPassword):
		return pair, failed(err, passwordHint)
	case err != nil:
		return pair, failed(err, certificateHint(err))
	}
	info, err := os.Stat(file)
	if err == nil && pair.HasPrivateKey() && runtime.GOOS != "windows" && info.Mode()&0o007 != 0 {
		p.warn("the private key in %s is open to every user of this machine (%v)", file, info.Mode())
	}
	return pair, nil
}

// certificateHint says what to do about a file that is no good.
func certificateHint(err error) string {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return ""
	}
	return "wanted is an RSA certificate with its private key, in one file: PEM or PFX (keyctl certificate new makes one)"
}

// passwords returns those that a PFX may have.
func (p *program) passwords() ([]string, error) {
	var all []string
	for _, file := range p.certificates.passwordFiles {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("--certificate-password-file: %w", err)
		}
		text = bytes.TrimSuffix(text, []byte("\n"))
		all = append(all, string(bytes.TrimSuffix(text, []byte("\r"))))
	}
	if text := p.getenv(passwordVariable); text != "" {
		all = append(all, text)
	}
	return all, nil
}

// warnOfDates tells of a certificate to encrypt with that is out of date, or
// will be. No node minds: it is a person's affair.
func (p *program) warnOfDates(c *x509.Certificate) {
	switch now := p.now(); {
	case now.Before(c.NotBefore):
		p.warn("the certificate %s is valid only from %s", nameOf(c), moment(c.NotBefore))
	case now.After(c.NotAfter):
		p.warn("the certificate %s has expired, on %s: it works, but is due to be replaced", nameOf(c), moment(c.NotAfter))
	case now.Add(soon).After(c.NotAfter):
		p.warn("the certificate %s expires on %s: make the next one (keyctl certificate new)", nameOf(c), moment(c.NotAfter))
	}
}

// nameOf names a certificate as short as can be.
func nameOf(c *x509.Certificate) string {
	return fmt.Sprintf("%s (%.8s…)", c.Subject, atrest.Thumbprint(c))
}

// addTo makes the options of a ring those of a ring under these certificates.
func (c *certificates) addTo(p *program, o *keyring.Options) {
	if c.encryptor != nil {
		o.Encryptor = c.encryptor
	}
	o.Decryptors = c.decryptors(p, false)
}

// decryptors open what is encrypted to the certificates, with renewed also to
// older ones over the same keys, which .NET does not open. They know what nothing
// here opens, too.
func (c *certificates) decryptors(p *program, renewed bool) []keyring.XMLDecryptor {
	var private []atrest.KeyPair
	for _, pair := range c.pairs {
		if pair.HasPrivateKey() {
			private = append(private, pair)
		}
	}
	if len(private) == 0 {
		return elsewheres()
	}
	var mu sync.Mutex // keys are opened side by side
	warn := func(fields map[string]string) {
		mu.Lock()
		defer mu.Unlock()
		p.warnOfUse(fields)
	}
	d, err := atrest.NewCertificateDecryptor(atrest.CertificateDecryptorOptions{
		MatchPublicKey: renewed, Now: p.now, Logger: slog.New(listener(warn)),
	}, private...)
	if err != nil {
		return elsewheres() // each of them was found good before
	}
	return append(elsewheres(), d)
}

// warnOfUse tells of a certificate that opens keys in spite of its dates. The
// first one's dates have been told.
func (p *program) warnOfUse(fields map[string]string) {
	if atrest.Thumbprint(p.certificates.pairs[0].Certificate()) == fields["thumbprint"] {
		return
	}
	if fields["event"] == "certificate.expired" {
		p.warn("the certificate %s (%.8s…) has expired, and still opens keys of the ring: keyctl rewrap encrypts them to another", fields["subject"], fields["thumbprint"])
	}
}

// has reports whether c's private key is at hand.
func (c *certificates) has(certificate *x509.Certificate) bool {
	for _, pair := range c.pairs {
		if pair.HasPrivateKey() && pair.Certificate().Equal(certificate) {
			return true
		}
	}
	return false
}

// until is the last day of a certificate.
func until(c *x509.Certificate) string { return c.NotAfter.UTC().Format(time.DateOnly) }

// loading comes before every command.
func (p *program) loading(f func(context.Context, []string) error) func(context.Context, []string) error {
	return func(ctx context.Context, args []string) error {
		if err := p.loadCertificates(); err != nil {
			return err
		}
		return f(ctx, args)
	}
}
