// Package atrest encrypts the keys of a ring where they are stored.
//
// Whoever reads a ring in clear text can forge every cookie of the farm. So
// ASP.NET Core encrypts the master key inside each key element before it is
// stored, and the dates around it stay readable. This package has its two ways
// that work on any system: a certificate ([CertificateEncryptor],
// ProtectKeysWithCertificate in .NET) and a remote key service
// ([KeyVaultEncryptor], ProtectKeysWithAzureKeyVault). What they return goes
// into [keyring.Options].
//
//	pair, err := atrest.LoadKeyPair("ring.pfx", password)
//	…
//	enc, err := atrest.NewCertificateEncryptor(pair.Certificate(), atrest.CertificateEncryptorOptions{})
//	dec, err := atrest.NewCertificateDecryptor(atrest.CertificateDecryptorOptions{}, pair)
//	ring, err := keyring.Open(ctx, repo, keyring.Options{Encryptor: enc, Decryptors: []keyring.XMLDecryptor{dec}})
//
// # What it protects, and what not
//
// It keeps the secrets from those who read the store or a backup of it and have
// no private key. It does not keep anybody from writing: the certificate stands
// in every file, so that whoever may write to the store can encrypt a key of
// their own to it, and neither format says whether its bytes were changed. The
// store stays write-protected.
//
// # Changing the certificate
//
// A decryptor takes any number of certificates; the encryptor one. To change
// it, give every node the new certificate to decrypt with, then let the nodes
// encrypt with it, and when nothing more is written under the old one, rewrap
// the ring ([keyring.Manager.Rewrap]) or wait until the old keys are of no use
// to anybody. .NET finds the private key by the certificate's thumbprint, so a
// renewed certificate over the same key is another certificate to it;
// CertificateDecryptorOptions.MatchPublicKey is more lenient.
//
// A certificate's dates do not matter: it is a name for a key. An expired one
// still opens, with a warning in the log, because the alternative is that
// everybody is signed out.
//
// # Escrow
//
// An [Escrow] writes each new key to a second store, encrypted to a second
// certificate whose private key lies in a safe. Its documentation says how to
// restore from it.
//
// # FIPS 140-3
//
// Both key transports of a certificate, SHA-1 in OAEP and PKCS #1 v1.5, are
// forbidden in strict mode (GODEBUG=fips140=only): certificates then fail with
// an error that says so. Remote key services work, and with fips140=on
// everything does.
package atrest
