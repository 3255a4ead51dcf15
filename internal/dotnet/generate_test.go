package dotnet_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/google/uuid"
)

// many calls f n times with the same randomness for the same seed.
func many(seed uint64, n int, f func(*rand.Rand) string) []string {
	r := rand.New(rand.NewPCG(seed, 0))
	texts := make([]string, n)
	for i := range texts {
		texts[i] = f(r)
	}
	return texts
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// date is a text that is a date more often than not, or nearly one.
func date(r *rand.Rand) string {
	year := pick(r, 1, 2, 1900, 2000, 2023, 2024, 2026, 9999, r.IntN(9999)+1, r.IntN(10100))
	s := fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d", year, 1+r.IntN(12), 1+r.IntN(pick(r, 28, 28, 31)), r.IntN(24), r.IntN(60), r.IntN(60))
	if r.IntN(8) == 0 {
		s = fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d", year, r.IntN(14), r.IntN(33), r.IntN(26), r.IntN(62), r.IntN(62))
	}
	if r.IntN(4) > 0 {
		s += "."
		for range r.IntN(8) {
			s += string(rune('0' + pick(r, 0, 9, r.IntN(10))))
		}
		s += pick(r, "", "", "5", "50", "500000000000", "50000000000001", "49999999999999", "4", "6", "95")
	}
	switch r.IntN(5) {
	case 0:
	case 1, 2:
		s += "Z"
	default:
		s += fmt.Sprintf("%c%02d:%02d", pick(r, '+', '-'), pick(r, 0, 14, r.IntN(16)), pick(r, 0, 0, 30, 59, r.IntN(62)))
	}
	return spaced(r, mutated(r, s, "0123456789-+:.,TZtz /"))
}

func guid(r *rand.Rand) string {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(r.Uint32())
	}
	s := id.String()
	switch r.IntN(5) {
	case 0:
		s = strings.ReplaceAll(s, "-", "")
	case 1:
		s = "{" + s + "}"
	case 2:
		s = "(" + s + ")"
	}
	switch r.IntN(3) {
	case 0:
		s = strings.ToUpper(s)
	case 1:
		s = pick(r, "", strings.ToUpper(s[:9])) + s[9*r.IntN(2):]
	}
	return spaced(r, mutated(r, s, "0123456789abcdefABCDEFgGx-+{}() "))
}

func typeName(r *rand.Rand) string {
	const space = "Microsoft.AspNetCore.DataProtection"
	s := pick(r, "", "", " ", "\t") + space + ".XmlEncryption." + pick(r, "NullXmlDecryptor", "NullXmlDecryptor", "EncryptedXmlDecryptor", "NullXmlEncryptor", "nullxmldecryptor")
	if r.IntN(4) > 0 {
		s += pick(r, ",", ", ", ",  ") + pick(r, space, space, space, strings.ToLower(space), "Other", space+".Abstractions", "")
		for range r.IntN(4) {
			s += pick(r, ",", ", ") + pick(r, "Version=", "Version=", "Culture=", "PublicKeyToken=") +
				pick(r, "9.0.0.0", "8.0.0.0", "1", "neutral", "null", "adb9793829ddae60")
		}
	}
	if r.IntN(6) == 0 {
		s = strings.ReplaceAll(s, "AspNetCore", "AspNet")
	}
	if r.IntN(4) > 0 {
		return s
	}
	return mutated(r, s, "abXZ.,+[]\\ ")
}

// mutated is s, or one time in three s with a character changed, lost or added.
func mutated(r *rand.Rand, s, alphabet string) string {
	if r.IntN(3) > 0 || s == "" {
		return s
	}
	i := r.IntN(len(s))
	c := string(alphabet[r.IntN(len(alphabet))])
	return pick(r, s[:i]+c+s[i+1:], s[:i]+s[i+1:], s[:i]+c+s[i:], s[:i])
}

func spaced(r *rand.Rand, s string) string {
	if r.IntN(6) > 0 {
		return s
	}
	return pick(r, "", " ", "\n", "\t\r\n ") + s + pick(r, "", " ", "\n", "\t\r\n ")
}
