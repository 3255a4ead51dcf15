package main

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2027, 1, 31, 12, 0, 0, 123456700, time.UTC)

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"now":                               "2027-01-31T12:00:00.1234567Z",
		"+0d":                               "2027-01-31T12:00:00.1234567Z",
		"+1d":                               "2027-02-01T12:00:00.1234567Z",
		"-1d12h":                            "2027-01-30T00:00:00.1234567Z",
		"+90m":                              "2027-01-31T13:30:00.1234567Z",
		"-1.5h":                             "2027-01-31T10:30:00.1234567Z",
		"+100ns":                            "2027-01-31T12:00:00.1234568Z",
		"2001-02-03T04:05:06Z":              "2001-02-03T04:05:06Z",
		"2001-02-03T04:05:06.1234567Z":      "2001-02-03T04:05:06.1234567Z",
		"2001-02-03T04:05:06.12345678999Z":  "2001-02-03T04:05:06.1234567Z",
		"2001-02-03T04:05:06+02:00":         "2001-02-03T02:05:06Z",
		"9999-12-31T23:59:59.9999999Z":      "9999-12-31T23:59:59.9999999Z",
		"0001-01-01T00:00:00.0000001Z":      "0001-01-01T00:00:00.0000001Z",
		"0001-01-01T00:00:00-14:00":         "0001-01-01T14:00:00Z",
		"2024-02-29T23:59:59.000000000001Z": "2024-02-29T23:59:59Z",
	} {
		got, err := parseTime(text, noon)
		if err != nil || got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC {
			t.Errorf("%s: got %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "Now", "NOW", " now", "now ", "today", "1d", "1h", "90d", "+", "-", "+d", "++1d", "+-1d", "-+1d", "--1d", "+1", "1",
		"2001-02-03", "2001-02-03T04:05Z", "2001-02-03T04:05:06", "2001-02-03 04:05:06Z", "2001-02-03t04:05:06z",
		"2001-02-30T04:05:06Z", "2001-02-03T24:00:00Z", "2001-02-03T4:05:06Z", "2001-02-03T04:05:06,5Z", "2001-02-03T04:05:06+25:00",
		"0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "10000-01-01T00:00:00Z",
		"9999-12-31T23:59:59-01:00", "+2000000d",
	} {
		if got, err := parseTime(text, noon); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0d": 0, "0": 0, "0s": 0, "1d": day, "90d": 90 * day, "036h": 36 * time.Hour, "1d12h": 36 * time.Hour,
		"1d0s": day, "2d1h30m": 49*time.Hour + 30*time.Minute, "1d36h": 60 * time.Hour, "106751d": 106751 * day,
		"1.5h": 90 * time.Minute, "1us": time.Microsecond,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "d", "1", "90", "+1d", "-1d", "1d+1h", "1d-1h", "+1h", "-1h", "1.5d", "1 d", "1d 1h", "12h1d", "1d1d", "1D", "1w", "1dd",
		"0x1d", "1_0d", "١d", "106752d", "4294967296d", "99999999999999999999d", "106751d24h", "9999999h",
	} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

// TestDurationGrammar: what is accepted has one shape, and means the sum of its
// two parts.
func TestDurationGrammar(t *testing.T) {
	shape := regexp.MustCompile(`^(0|\d+d|(\d+d)?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))*|\d+d0)$`)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`[0-9.+\-dhms]{0,8}`),
			rapid.StringMatching(`([+-]?[0-9]{1,4}d)?([+-]?[0-9]{1,3}(h|m|s|ms|d)){0,2}`),
			rapid.String(),
		).Draw(t, "text")
		d, err := parseDuration(text)
		if err == nil && (d < 0 || text == "" || !shape.MatchString(text)) {
			t.Fatalf("%q is accepted as %v", text, d)
		}
		_, bare := parseTime(text, noon)
		plus, errPlus := parseTime("+"+text, noon)
		minus, errMinus := parseTime("-"+text, noon)
		if err != nil {
			if errPlus == nil || errMinus == nil {
				t.Fatalf("%q is no duration, and yet counts with a sign", text)
			}
			return
		}
		if bare == nil {
			t.Fatalf("%q counts as a time without a sign", text)
		}
		if errPlus == nil && errMinus == nil && plus.Sub(minus) != plus.Sub(noon)+noon.Sub(minus) {
			t.Fatalf("%q: %v and %v", text, plus, minus)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.IntRange(0, 100_000).Draw(t, "days")
		rest := time.Duration(rapid.Int64Range(0, int64(2*day)).Draw(t, "rest"))
		want := time.Duration(days)*day + rest
		if got, err := parseDuration(fmt.Sprintf("%dd%v", days, rest)); err != nil || got != want {
			t.Fatalf("got %v, %v, want %v", got, err, want)
		}
		got, err := parseTime(fmt.Sprintf("-%dd%v", days, rest), noon)
		if err != nil || noon.Sub(got)-want >= 100 || noon.Sub(got) < want {
			t.Fatalf("got %v, %v, want %v before", got, err, want)
		}
	})
}

// TestTimeRoundTrip: every time that keyctl prints is one that it takes.
func TestTimeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := time.Unix(rapid.Int64Range(-62_135_596_799, 253_402_300_799).Draw(t, "s"), rapid.Int64Range(0, 9_999_999).Draw(t, "ticks")*100).UTC()
		if got, err := parseTime(*date(want), noon); err != nil || !got.Equal(want) {
			t.Fatalf("%s: got %v, %v", *date(want), got, err)
		}
	})
}

func TestInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 seconds", time.Second: "1 second", 90 * time.Second: "90 seconds", 2 * time.Minute: "2 minutes",
		48 * time.Hour: "48 hours", -90 * day: "90 days", 3*day + time.Hour: "3 days",
	} {
		if got := inWords(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
