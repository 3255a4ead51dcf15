package main

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// certificateFindings looks at the certificates that the keys of a ring are
// encrypted to.
func certificateFindings(elements []xmlrepo.Element, now time.Time) []keyring.Finding {
	type use struct {
		certificate *x509.Certificate
		keys        int
	}
	var uses []*use
	for _, e := range elements {
		for _, a := range protections(e.XML) {
			for _, c := range a.Certificates {
				i := slices.IndexFunc(uses, func(u *use) bool { return u.certificate.Equal(c) })
				if i < 0 {
					i, uses = len(uses), append(uses, &use{certificate: c})
				}
				uses[i].keys++
			}
		}
	}
	var all []keyring.Finding
	for _, u := range uses {
		code, verb := keyring.CodeCertificateExpires, "expires"
		switch {
		case expired(u.certificate, now):
			code, verb = keyring.CodeCertificateExpired, "expired"
		case !expired(u.certificate, now.Add(soon)):
			continue
		}
		all = append(all, keyring.NewFinding(code, "", fmt.Sprintf("the certificate %s, to which %s encrypted, %s on %s",
			nameOf(u.certificate), countAre(u.keys, "key"), verb, until(u.certificate))))
	}
	return all
}
