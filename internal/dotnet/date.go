package dotnet

import (
	"errors"
	"strings"
	"time"
)

var errDate = errors.New("malformed date")

// FormatDate returns t in UTC as XmlConvert writes a DateTimeOffset of offset
// zero: "2006-01-02T15:04:05Z", with a fraction of one to seven digits if it is
// not zero, trailing zeros removed. A time out of range gives the nearest end,
// as with Ticks.
func FormatDate(t time.Time) string {
	return clamp(t).Format("2006-01-02T15:04:05.9999999Z")
}

// DateStamp returns t in UTC as it stands in the name of a mass revocation:
// FormatDate's fields without dashes, colons or point, "20060102T1504051234567Z".
func DateStamp(t time.Time) string {
	t = clamp(t)
	// A layout can have a fraction only after a point or a comma.
	whole, fraction, _ := strings.Cut(t.Format("20060102T150405.9999999"), ".")
	return whole + fraction + "Z"
}

// clamp returns the value .NET has for t, or the nearest.
func clamp(t time.Time) time.Time {
	t, _ = FromTicks(Ticks(t)) // Ticks stays within what FromTicks takes
	return t
}

// ParseDate reads a date of a key or a revocation and returns it in UTC:
// "yyyy-MM-ddTHH:mm:ss", optionally a fraction of any length, rounded to seven
// digits and an exact half to the even one as .NET does it, then "Z" or "z", an offset
// within ±14:00, or nothing, with XML white space around it.
//
// It is stricter than .NET in two ways. A date without offset is UTC here;
// XmlConvert takes it for local time of the machine that reads, which two
// machines need not agree on. And the other shapes that XML Schema calls dates
// (a year, a day without time, a time without day) are errors.
func ParseDate(s string) (time.Time, error) {
	s = strings.Trim(s, xmlSpace)
	const shape = "dddd-dd-ddTdd:dd:dd"
	if !hasShape(s, shape) {
		return time.Time{}, errDate
	}
	year, month, day := number(s[0:4]), number(s[5:7]), number(s[8:10])
	hour, minute, second := number(s[11:13]), number(s[14:16]), number(s[17:19])
	if year == 0 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, errDate
	}
	ticks, rest, err := parseFraction(s[len(shape):])
	if err != nil {
		return time.Time{}, err
	}
	offset, err := parseOffset(rest)
	if err != nil {
		return time.Time{}, err
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if t.Month() != time.Month(month) || t.Day() != day { // normalised: no such day
		return time.Time{}, errDate
	}
	t = t.Add(ticks*tick - offset)
	if !InRange(t) {
		return time.Time{}, errRange
	}
	return t, nil
}

// parseFraction reads "" or "." and digits from the start of s. The result, in
// ticks, is at most a whole second: .99999999 rounds up to it.
func parseFraction(s string) (ticks time.Duration, rest string, err error) {
	if s == "" || s[0] != '.' {
		return 0, s, nil
	}
	digits := s[1:]
	n := 0
	for n < len(digits) && isDigit(digits[n]) {
		n++
	}
	if n == 0 {
		return 0, "", errDate
	}
	digits, rest = digits[:n], digits[n:]
	if n <= 7 {
		return time.Duration(number((digits + "0000000")[:7])), rest, nil
	}
	kept := number(digits[:7])
	beyond := strings.TrimRight(digits[7:], "0")
	if beyond > "5" || beyond == "5" && kept%2 == 1 {
		kept++
	}
	return time.Duration(kept), rest, nil
}

// parseOffset reads what follows the time: how far it is ahead of UTC.
func parseOffset(s string) (time.Duration, error) {
	if s == "" || s == "Z" || s == "z" {
		return 0, nil
	}
	if !hasShape(s, "?dd:dd") || len(s) != 6 || s[0] != '+' && s[0] != '-' {
		return 0, errDate
	}
	hours, minutes := number(s[1:3]), number(s[4:6])
	if minutes > 59 || hours*60+minutes > 14*60 {
		return 0, errDate
	}
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if s[0] == '-' {
		offset = -offset
	}
	return offset, nil
}

// hasShape reports whether s begins as shape says: d is a digit, ? anything,
// another byte itself.
func hasShape(s, shape string) bool {
	if len(s) < len(shape) {
		return false
	}
	for i := range len(shape) {
		switch shape[i] {
		case 'd':
			if !isDigit(s[i]) {
				return false
			}
		case '?':
		default:
			if s[i] != shape[i] {
				return false
			}
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number is the value of a few digits, already known to be digits.
func number(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}
