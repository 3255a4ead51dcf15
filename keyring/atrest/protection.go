package atrest

import (
	"crypto/x509"

	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/internal/xmlenc"
	"dataprotection.example/keyring"
)

// Kind says how a secret is encrypted at rest. The values are stable.
type Kind string

// The kinds.
const (
	KindCertificate Kind = "certificate"
	KindKeyVault    Kind = "key-vault"
	KindDPAPI       Kind = "dpapi"    // Windows only
	KindDPAPING     Kind = "dpapi-ng" // Windows only
	KindNone        Kind = "none"     // a NullXmlEncryptor wrote it: it lies in clear text
	KindUnknown     Kind = "unknown"
)

// Protection is what can be said about an encrypted secret without opening it.
type Protection struct {
	Kind Kind
	// Certificates are those that open it, of KindCertificate.
	Certificates []*x509.Certificate
	// KeyID names the key in its service, of KindKeyVault.
	KeyID string
}

// Describe tells how a secret of [keyring.EncryptedSecrets] is encrypted. What
// cannot be understood is left out.
func Describe(secret keyring.EncryptedXML) Protection {
	switch secret.DecryptorType {
	case certificateDecryptorType:
		p := Protection{Kind: KindCertificate}
		ders, _ := xmlenc.Certificates(secret.XML)
		for _, der := range ders {
			if c, err := x509.ParseCertificate(der); err == nil {
				p.Certificates = append(p.Certificates, c)
			}
		}
		return p
	case keyVaultDecryptorType, legacyKeyVaultDecryptorType:
		p := Protection{Kind: KindKeyVault}
		if root, err := xmldoc.Parse(secret.XML); err == nil {
			p.KeyID, _ = keyVaultText(root, "kid")
		}
		return p
	case "Microsoft.AspNetCore.DataProtection.XmlEncryption.DpapiXmlDecryptor":
		return Protection{Kind: KindDPAPI}
	case "Microsoft.AspNetCore.DataProtection.XmlEncryption.DpapiNGXmlDecryptor":
		return Protection{Kind: KindDPAPING}
	case "Microsoft.AspNetCore.DataProtection.XmlEncryption.NullXmlDecryptor":
		return Protection{Kind: KindNone}
	}
	return Protection{Kind: KindUnknown}
}
