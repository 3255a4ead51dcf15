package dotnet

import (
	"errors"
	"time"
)

// MaxTicks is DateTimeOffset.MaxValue, 9999-12-31T23:59:59.9999999Z. The
// time-limited protector writes it for "never".
const MaxTicks int64 = 3155378975999999999

const (
	tick           = 100 * time.Nanosecond
	ticksPerSecond = int64(time.Second / tick)
	epochTicks     = 621355968000000000 // 1970-01-01T00:00:00Z
	minUnix        = -epochTicks / ticksPerSecond
	maxUnix        = (MaxTicks - epochTicks) / ticksPerSecond
)

var errRange = errors.New("the date is not within the years 1 to 9999")

// InRange reports whether .NET has a value for t: whether its year, in UTC, is
// 1 to 9999.
func InRange(t time.Time) bool {
	return minUnix <= t.Unix() && t.Unix() <= maxUnix
}

// Ticks returns DateTimeOffset.UtcTicks: the whole units of 100 ns from
// 0001-01-01T00:00:00Z to t. A time out of range gives the nearest end, 0 or
// MaxTicks; who must not have that asks InRange.
func Ticks(t time.Time) int64 {
	switch s := t.Unix(); {
	case s < minUnix:
		return 0
	case s > maxUnix:
		return MaxTicks
	default:
		return s*ticksPerSecond + int64(t.Nanosecond())/int64(tick) + epochTicks
	}
}

// FromTicks is the inverse of Ticks. The result is in UTC. A number below 0 or
// above MaxTicks is an error.
func FromTicks(n int64) (time.Time, error) {
	if n < 0 || n > MaxTicks {
		return time.Time{}, errRange
	}
	n -= epochTicks
	sec, frac := n/ticksPerSecond, n%ticksPerSecond // frac may be negative, which time.Unix takes
	return time.Unix(sec, frac*int64(tick)).UTC(), nil
}

// Truncate returns t in UTC, cut to 100 ns and without a monotonic reading: the
// value that a write and a read would give back.
func Truncate(t time.Time) time.Time { return t.UTC().Truncate(tick) }
