package keyring

import (
	"fmt"

	"dataprotection.example/internal/authenc"
)

// EncryptionAlgorithm says how a key encrypts payloads (EncryptionAlgorithm).
// The zero value is not an algorithm; in [Algorithms] it asks for the default.
type EncryptionAlgorithm uint8

// The algorithms of ASP.NET Core, under its names. CBC ones take a
// [ValidationAlgorithm] beside them, GCM ones authenticate by themselves.
const (
	AES_128_CBC EncryptionAlgorithm = iota + 1
	AES_192_CBC
	AES_256_CBC
	AES_128_GCM
	AES_192_GCM
	AES_256_GCM
)

// ValidationAlgorithm says how a CBC key authenticates payloads
// (ValidationAlgorithm). The zero value is not an algorithm: it stands for the
// default in [Algorithms] and for "none" beside GCM.
type ValidationAlgorithm uint8

// The validation algorithms. New keys take HMACSHA256 or HMACSHA512; the other
// two are read from keys that managed or CNG configurations of .NET wrote.
const (
	HMACSHA1 ValidationAlgorithm = iota + 1
	HMACSHA256
	HMACSHA384
	HMACSHA512
)

var encryptionNames = [...]string{
	AES_128_CBC: "AES_128_CBC", AES_192_CBC: "AES_192_CBC", AES_256_CBC: "AES_256_CBC",
	AES_128_GCM: "AES_128_GCM", AES_192_GCM: "AES_192_GCM", AES_256_GCM: "AES_256_GCM",
}

var validationNames = [...]string{
	HMACSHA1: "HMACSHA1", HMACSHA256: "HMACSHA256", HMACSHA384: "HMACSHA384", HMACSHA512: "HMACSHA512",
}

// String returns ASP.NET's name, or "" for the zero value.
func (a EncryptionAlgorithm) String() string {
	if int(a) < len(encryptionNames) {
		return encryptionNames[a]
	}
	return fmt.Sprintf("EncryptionAlgorithm(%d)", uint8(a))
}

// String returns ASP.NET's name, or "" for the zero value.
func (a ValidationAlgorithm) String() string {
	if int(a) < len(validationNames) {
		return validationNames[a]
	}
	return fmt.Sprintf("ValidationAlgorithm(%d)", uint8(a))
}

// ParseEncryptionAlgorithm reads one of ASP.NET's names; case counts.
func ParseEncryptionAlgorithm(name string) (EncryptionAlgorithm, error) {
	for a := AES_128_CBC; int(a) < len(encryptionNames); a++ {
		if encryptionNames[a] == name {
			return a, nil
		}
	}
	return 0, fmt.Errorf("keyring: unknown encryption algorithm %q", name)
}

// ParseValidationAlgorithm reads one of ASP.NET's names; case counts.
func ParseValidationAlgorithm(name string) (ValidationAlgorithm, error) {
	for a := HMACSHA1; int(a) < len(validationNames); a++ {
		if validationNames[a] == name {
			return a, nil
		}
	}
	return 0, fmt.Errorf("keyring: unknown validation algorithm %q", name)
}

// GCM reports whether a authenticates by itself.
func (a EncryptionAlgorithm) GCM() bool { return a >= AES_128_GCM && a <= AES_256_GCM }

// keySize returns the AES key size in bytes, 0 for what is not an algorithm.
func (a EncryptionAlgorithm) keySize() int {
	switch a {
	case AES_128_CBC, AES_128_GCM:
		return 16
	case AES_192_CBC, AES_192_GCM:
		return 24
	case AES_256_CBC, AES_256_GCM:
		return 32
	}
	return 0
}

// Algorithms is the pair that a key uses (AuthenticatedEncryptorConfiguration).
// The zero value means AES_256_CBC with HMACSHA256 where a key is to be made.
// Validation is zero for GCM.
type Algorithms struct {
	Encryption EncryptionAlgorithm
	Validation ValidationAlgorithm
}

// withDefaults fills in what ASP.NET would.
func (a Algorithms) withDefaults() Algorithms {
	if a.Encryption == 0 {
		a.Encryption = AES_256_CBC
	}
	if a.Validation == 0 && !a.Encryption.GCM() {
		a.Validation = HMACSHA256
	}
	return a
}

// checkNew reports why a new key cannot be written with a.
func (a Algorithms) checkNew() error {
	switch {
	case a.Encryption.keySize() == 0:
		return fmt.Errorf("keyring: unknown encryption algorithm %v", a.Encryption)
	case a.Encryption.GCM() && a.Validation != 0:
		return fmt.Errorf("keyring: %v authenticates by itself and takes no validation algorithm", a.Encryption)
	case !a.Encryption.GCM() && a.Validation != HMACSHA256 && a.Validation != HMACSHA512:
		return fmt.Errorf("keyring: new keys take HMACSHA256 or HMACSHA512 for validation, not %v", a.Validation)
	}
	return nil
}

// suite translates to the primitives.
func (a Algorithms) suite() authenc.Suite {
	s := authenc.Suite{KeySize: a.Encryption.keySize(), GCM: a.Encryption.GCM()}
	switch a.Validation {
	case HMACSHA1:
		s.Hash = authenc.SHA1
	case HMACSHA256:
		s.Hash = authenc.SHA256
	case HMACSHA384:
		s.Hash = authenc.SHA384
	case HMACSHA512:
		s.Hash = authenc.SHA512
	}
	return s
}

// aesAlgorithm names AES of a key size in bits, in CBC or GCM mode; 0 if there is none.
func aesAlgorithm(bits string, gcm bool) EncryptionAlgorithm {
	a := map[string]EncryptionAlgorithm{"128": AES_128_CBC, "192": AES_192_CBC, "256": AES_256_CBC}[bits]
	if a != 0 && gcm {
		a += AES_128_GCM - AES_128_CBC
	}
	return a
}
