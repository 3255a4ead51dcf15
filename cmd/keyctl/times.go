package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"dataprotection.example/internal/dotnet"
)

const day = 24 * time.Hour

// timesHelp is for the help of every command with a T or a D.
const timesHelp = `T is a time: RFC 3339 (2027-01-31T12:00:00Z), "now", or from now on "+D" or
"-D". ` + durationHelp

// durationHelp is the same for commands with a D alone.
const durationHelp = `D is a duration: days, a Go duration, or both (90d, 36h, 1d12h).`

// parseTime reads T: RFC 3339, "now", or a sign and a D, which counts from now.
// The result is UTC, cut to the 100 ns that a ring stores, and never the zero
// time, which to the packages below means that none was given.
func parseTime(text string, now time.Time) (time.Time, error) {
	t, err := readTime(text, now)
	if err != nil {
		return time.Time{}, err
	}
	if !dotnet.InRange(t) || dotnet.Truncate(t).IsZero() {
		return time.Time{}, errors.New("a ring stores times of the years 1 to 9999")
	}
	return dotnet.Truncate(t), nil
}

func readTime(text string, now time.Time) (time.Time, error) {
	switch {
	case text == "now":
		return now, nil
	case strings.HasPrefix(text, "+"), strings.HasPrefix(text, "-"):
		d, err := parseDuration(text[1:])
		if text[0] == '-' {
			d = -d
		}
		return now.Add(d), err
	}
	t, err := time.Parse(time.RFC3339, text)
	// Package time also takes an hour of one digit and a decimal comma.
	if err != nil || text[len("2006-01-02T15")] != ':' || strings.Contains(text, ",") {
		if _, err := parseDuration(text); err == nil {
			return t, errors.New("a time relative to now needs its sign: +" + text + " or -" + text)
		}
		return t, errors.New(`want RFC 3339 such as 2027-01-31T12:00:00Z, "now", +D or -D such as +90d`)
	}
	return t, nil
}

// parseDuration reads D: a whole number of days with a "d", a Go duration, or
// the one before the other. It is never negative and has no sign.
func parseDuration(text string) (time.Duration, error) {
	malformed := errors.New("want a duration such as 90d, 36h or 1d12h, without a sign")
	days, rest, found := strings.Cut(text, "d")
	if !found {
		days, rest = "0", text
	}
	n, err := strconv.ParseUint(days, 10, 32)
	if strings.ContainsAny(text, "+-") || err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, malformed
	}
	var d time.Duration
	if rest != "" || !found {
		var err error
		if d, err = time.ParseDuration(rest); err != nil {
			return 0, malformed
		}
	}
	if err != nil || time.Duration(n) > (math.MaxInt64-d)/day {
		return 0, errors.New("the duration is longer than 292 years")
	}
	return time.Duration(n)*day + d, nil
}

// inWords says a duration as a person would.
func inWords(d time.Duration) string {
	unit := func(n time.Duration, name string) string {
		if n == 1 {
			return "1 " + name
		}
		return strconv.FormatInt(int64(n), 10) + " " + name + "s"
	}
	switch d = d.Abs(); {
	case d >= 3*day:
		return unit(d.Round(day)/day, "day")
	case d >= 2*time.Hour:
		return unit(d.Round(time.Hour)/time.Hour, "hour")
	case d >= 2*time.Minute:
		return unit(d.Round(time.Minute)/time.Minute, "minute")
	}
	return unit(d.Round(time.Second)/time.Second, "second")
}
