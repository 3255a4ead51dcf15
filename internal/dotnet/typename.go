package dotnet

import (
	"errors"
	"strings"
)

const (
	coreAssembly  = "Microsoft.AspNetCore.DataProtection"
	vaultAssembly = coreAssembly + ".AzureKeyVault"
)

var (
	errTypeName = errors.New("malformed type name")
	errAssembly = errors.New("the type name names another assembly")
)

// ParseTypeName reads an assembly-qualified type name, the value of the
// attributes deserializerType and decryptorType, and returns the name of the
// class with its namespace, to be compared with a table.
//
// Version, culture and public key token are ignored, as every release writes
// its own and .NET's TypeForwardingActivator drops the version too. The
// namespace Microsoft.AspNet of the pre-releases becomes Microsoft.AspNetCore,
// in both names. The assembly may be missing. If it is there, a class of the
// namespace Microsoft.AspNetCore.DataProtection must come from the assembly of
// that name, or from the old Azure Key Vault package if it is one of its own;
// other classes may come from anywhere. Case counts in the name of a class and not
// in that of an assembly, as in .NET.
func ParseTypeName(s string) (string, error) {
	class, rest, qualified := strings.Cut(s, ",")
	class, err := parseDottedName(class)
	if err != nil || !qualified {
		return class, err
	}
	assembly, _, _ := strings.Cut(rest, ",")
	assembly, err = parseDottedName(assembly)
	if err != nil {
		return "", err
	}
	switch {
	case !strings.HasPrefix(class, coreAssembly+"."):
	case strings.EqualFold(assembly, coreAssembly):
	case strings.EqualFold(assembly, vaultAssembly) && strings.HasPrefix(class, vaultAssembly+"."):
	default:
		return "", errAssembly
	}
	return class, nil
}

// parseDottedName trims a class's or assembly's name, refuses what could not be
// either, and maps the namespace of the pre-releases.
func parseDottedName(s string) (string, error) {
	s = strings.Trim(s, xmlSpace)
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', isDigit(c):
		case strings.IndexByte("._+-`", c) >= 0: // nested and generic classes, assemblies with a dash
		default:
			return "", errTypeName
		}
	}
	if s == "" {
		return "", errTypeName
	}
	if rest, old := strings.CutPrefix(s, "Microsoft.AspNet."); old {
		s = "Microsoft.AspNetCore." + rest
	}
	return s, nil
}
