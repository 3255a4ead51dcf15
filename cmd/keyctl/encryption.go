package main

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// encryption is what keys of a ring are encrypted with.
type encryption struct {
	by           *elsewhereError     // what no certificate opens; nil: it is none of that
	certificates []*x509.Certificate // any of them opens it; none: nobody knows what does
	missing      bool                // it does not open here
	keys         []keyring.Key
}

// encryptions groups the encrypted keys of a ring, without those that are revoked
// or at fault. Without the elements of the ring, the certificates are not known.
func encryptions(ring []keyring.Key, elements []xmlrepo.Element) []*encryption {
	byName := make(map[string][]byte, len(elements))
	for _, e := range elements {
		byName[e.Name] = e.XML
	}
	var all []*encryption
	for _, k := range ring {
		if !k.EncryptedAtRest || k.Revoked {
			continue
		}
		if _, err := k.Encryptor(); err != nil && !k.DecryptorMissing {
			continue
		}
		e := &encryption{by: elsewhereOf(k), missing: k.DecryptorMissing}
		for _, a := range protections(byName[k.ElementName]) {
			for _, c := range a.Certificates {
				if !slices.ContainsFunc(e.certificates, c.Equal) {
					e.certificates = append(e.certificates, c)
				}
			}
		}
		at := slices.IndexFunc(all, func(o *encryption) bool { return o.missing == e.missing && o.with() == e.with() })
		if at < 0 {
			at, all = len(all), append(all, e)
		}
		all[at].keys = append(all[at].keys, k)
	}
	return all
}

// with names what encrypts; empty if nobody knows.
func (e *encryption) with() string {
	if e.by != nil {
		return e.by.with()
	}
	var names []string
	for _, c := range e.certificates {
		names = append(names, fmt.Sprintf("%s, valid until %s", nameOf(c), until(c)))
	}
	if len(names) == 0 {
		return ""
	}
	return "to the certificate " + strings.Join(names, ", or ")
}

// noteElsewhere says of keys that no certificate opens what would, and returns how
// many others cannot be opened here.
func (p *program) noteElsewhere(ring []keyring.Key) (others int) {
	for _, e := range encryptions(ring, nil) {
		switch {
		case e.by != nil:
			p.note("%s encrypted %s, %s", countAre(len(e.keys), "key"), e.by.with(), e.by.who())
		case e.missing:
			others += len(e.keys)
		}
	}
	return others
}

// ids names some of the keys.
func (e *encryption) ids() string {
	const enough = 4
	var names []string
	for _, k := range e.keys[:min(len(e.keys), enough)] {
		names = append(names, k.ID.String())
	}
	text := strings.Join(names, ", ")
	if more := len(e.keys) - enough; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// encryptionFindings tells what opens which key, and puts one word in the place of
// many about keys that cannot be opened here.
func (p *program) encryptionFindings(found []keyring.Finding, all []*encryption) []keyring.Finding {
	for _, e := range all {
		text := countAre(len(e.keys), "key") + " encrypted " + e.with()
		file := cmp.Or(e.keys[0].Location, e.keys[0].ElementName)
		var told keyring.Finding
		switch given := len(p.certificates.pairs) > 0; {
		case !e.missing:
			told = keyring.NewFinding(keyring.CodeEncryptedKeys, "", text+": "+e.ids())
		case e.by != nil:
			told = keyring.NewFinding(e.by.code(), file, text+" ("+e.ids()+"), "+e.by.who())
		case given && len(e.certificates) == 0:
			continue // a word about each is not too many
		case given:
			told = keyring.NewFinding(keyring.CodeUnreadableKey, file, text+", whose private key is not given: "+e.ids())
		case len(e.certificates) == 0:
			told = keyring.NewFinding(keyring.CodeSealedKeys, file, countAre(len(e.keys), "key")+" encrypted, and what decrypts is not at hand here; whether the servers can use such a key cannot be told")
		default:
			told = keyring.NewFinding(keyring.CodeSealedKeys, file, text+", which is not at hand here; whether the servers can use such a key cannot be told: "+e.ids())
		}
		found = append(slices.DeleteFunc(found, func(f keyring.Finding) bool {
			return f.Code == keyring.CodeUnreadableKey && slices.ContainsFunc(e.keys, func(k keyring.Key) bool { return f.File == cmp.Or(k.Location, k.ElementName) })
		}), told)
	}
	return found
}
