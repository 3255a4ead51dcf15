package main

import (
	"context"
	"errors"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
)

// elsewhere stands where a decryptor would that keyctl does not have, for a class
// of .NET. It opens nothing, and says what would.
type elsewhere string

// elsewheres are those that are known.
func elsewheres() []keyring.XMLDecryptor {
	const windows, azure = "Microsoft.AspNetCore.DataProtection.XmlEncryption.", "Azure.Extensions.AspNetCore.DataProtection.Keys."
	return []keyring.XMLDecryptor{
		elsewhere(windows + "DpapiXmlDecryptor"),
		elsewhere(windows + "DpapiNGXmlDecryptor"),
		elsewhere(azure + "AzureKeyVaultXmlDecryptor"),
		elsewhere("Microsoft.AspNetCore.DataProtection.AzureKeyVault.AzureKeyVaultXmlDecryptor"),
	}
}

// DecryptorTypes returns the one.
func (e elsewhere) DecryptorTypes() []string { return []string{string(e)} }

// DecryptXML fails with an *elsewhereError.
func (e elsewhere) DecryptXML(_ context.Context, element []byte) ([]byte, error) {
	return nil, &elsewhereError{atrest.Describe(keyring.EncryptedXML{DecryptorType: string(e), XML: element})}
}

// elsewhereError is the error of a key that no certificate opens. It wraps
// keyring.ErrDecryptionKeyMissing.
type elsewhereError struct{ protection atrest.Protection }

func (e *elsewhereError) Error() string { return "it is encrypted " + e.with() + ", " + e.who() }
func (*elsewhereError) Unwrap() error   { return keyring.ErrDecryptionKeyMissing }

// with names what encrypts.
func (e *elsewhereError) with() string {
	switch e.protection.Kind {
	case atrest.KindDPAPI:
		return "with Windows DPAPI"
	case atrest.KindDPAPING:
		return "with Windows DPAPI-NG"
	}
	if e.protection.KeyID == "" {
		return "by Azure Key Vault"
	}
	return "by Azure Key Vault with the key " + e.protection.KeyID
}

// who tells who can decrypt.
func (e *elsewhereError) who() string {
	switch e.protection.Kind {
	case atrest.KindDPAPI:
		return "which opens only in .NET on Windows, as the user or on the machine that wrote it"
	case atrest.KindDPAPING:
		return "which opens only in .NET on Windows, for whom the rule in the element names"
	}
	return "which keyctl does not ask"
}

// code is that of the finding about such keys.
func (e *elsewhereError) code() keyring.Code {
	if e.protection.Kind == atrest.KindKeyVault {
		return keyring.CodeKeyVaultKey
	}
	return keyring.CodeWindowsOnlyKey
}

// hint says what to do instead of giving a certificate.
func (e *elsewhereError) hint() string {
	if e.protection.Kind == atrest.KindKeyVault {
		return "no certificate opens it: do this in a program that has the key service"
	}
	return "no certificate opens it: let the nodes on Windows encrypt to one that all nodes have (ProtectKeysWithCertificate), and make a new key under it (keyctl create --certificate)"
}

// elsewhereOf returns why a key cannot be opened with any certificate; nil if that
// is not so.
func elsewhereOf(k keyring.Key) *elsewhereError {
	_, err := k.Encryptor()
	found := (*elsewhereError)(nil)
	_ = errors.As(err, &found)
	return found
}
