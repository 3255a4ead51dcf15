package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/xmlrepo"
)

// certificateView is a certificate as JSON has it.
type certificateView struct {
	Subject    string `json:"subject"`
	Thumbprint string `json:"thumbprint"` // as .NET has it: SHA-1, in capitals
	NotBefore  string `json:"notBefore"`
	NotAfter   string `json:"notAfter"`
	Available  bool   `json:"available"` // with its private key, by --certificate

	certificate *x509.Certificate
}

func (p *program) viewCertificate(c *x509.Certificate) certificateView {
	return certificateView{
		Subject:     c.Subject.String(),
		Thumbprint:  atrest.Thumbprint(c),
		NotBefore:   dotnet.FormatDate(c.NotBefore),
		NotAfter:    dotnet.FormatDate(c.NotAfter),
		Available:   p.certificates.has(c),
		certificate: c,
	}
}

// witness remembers the elements that somebody else reads.
type witness struct {
	xmlrepo.Repository
	elements []xmlrepo.Element
}

// Elements reads and remembers.
func (w *witness) Elements(ctx context.Context) (all []xmlrepo.Element, err error) {
	w.elements, err = w.Repository.Elements(ctx)
	return w.elements, err
}

// viewProtection says of each key what encrypts it at rest. elements are those
// of the ring, in which nothing is opened.
func (p *program) viewProtection(views []keyView, elements []xmlrepo.Element) {
	byName := make(map[string][]byte, len(elements))
	for _, e := range elements {
		byName[e.Name] = e.XML
	}
	for i := range views {
		if v := &views[i]; v.key.EncryptedAtRest {
			v.Protection, v.Certificates, v.KeyVaultKey = nil, []certificateView{}, nil
			for _, a := range protections(byName[v.Name]) {
				p.addProtection(v, a)
			}
		}
	}
}

// protections says how the parts of a key are encrypted.
func protections(key []byte) []atrest.Protection {
	secrets, err := keyring.EncryptedSecrets(key)
	if err != nil {
		return nil
	}
	var all []atrest.Protection
	for _, s := range secrets {
		all = append(all, atrest.Describe(s))
	}
	return all
}

func (p *program) addProtection(v *keyView, a atrest.Protection) {
	if v.Protection == nil {
		v.Protection = new(string(a.Kind))
	}
	if a.KeyID != "" {
		v.KeyVaultKey = &a.KeyID
	}
	for _, c := range a.Certificates {
		if !slices.ContainsFunc(v.Certificates, func(known certificateView) bool { return known.certificate.Equal(c) }) {
			v.Certificates = append(v.Certificates, p.viewCertificate(c))
		}
	}
}

// protectionCell says in a table what encrypts a key.
func (p *program) protectionCell(v keyView) cell {
	switch {
	case v.EncryptedAtRest == nil:
		return cell{"?", faint}
	case !*v.EncryptedAtRest:
		return cell{"clear text", yellow}
	case len(v.Certificates) == 0:
		return cell{orElse(v.Protection, "encrypted"), noStyle}
	}
	c := v.Certificates[0]
	text := fmt.Sprintf("%s %.8s until %s", c.Subject, c.Thumbprint, until(c.certificate))
	if n := len(v.Certificates) - 1; n > 0 {
		text += fmt.Sprintf(", or %d more", n)
	}
	if expired(c.certificate, p.now()) {
		return cell{text, red}
	}
	return cell{text, noStyle}
}

// line is all there is to say about a certificate, but for its dates.
func (v certificateView) line() string {
	key := "its private key is not given here (--certificate)"
	if v.Available {
		key = "its private key is given"
	}
	return fmt.Sprintf("%s, thumbprint %s, %s to %s; %s", v.Subject, v.Thumbprint, v.NotBefore, v.NotAfter, key)
}

func expired(c *x509.Certificate, now time.Time) bool { return now.After(c.NotAfter) }

// warnOfFirst tells of a certificate that no key of a ring is encrypted to yet:
// nodes without it will not read what is.
func (p *program) warnOfFirst(l *keyring.Listing, elements []xmlrepo.Element) {
	if p.certificates.encryptor == nil || len(l.Keys) == 0 {
		return
	}
	c := p.certificates.encryptor.Certificate()
	for _, e := range elements {
		for _, a := range protections(e.XML) {
			if slices.ContainsFunc(a.Certificates, c.Equal) {
				return
			}
		}
	}
	p.warn("no other key of this ring is encrypted to %s: every node needs it, with its private key, before this key activates", nameOf(c))
}
