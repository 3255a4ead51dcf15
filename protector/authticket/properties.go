package authticket

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"dataprotection.example/internal/dotnet"
)

// Keys of properties that ASP.NET knows.
const (
	KeyIssued      = ".issued"
	KeyExpires     = ".expires"
	KeyPersistent  = ".persistent"
	KeyRedirect    = ".redirect"
	KeyRefresh     = ".refresh"
	KeyTokenNames  = ".TokenNames"
	KeyTokenPrefix = ".Token." // before the name of a token
)

// Properties are what a ticket says besides who it is about
// (AuthenticationProperties). The zero value is empty.
type Properties struct {
	// Items are all of them, in order. The methods read and write these.
	Items Dictionary
}

// What is wrong with a date of a ticket. Test with errors.Is.
var (
	// ErrNoDate: the ticket does not have the date.
	ErrNoDate = errors.New("authticket: the ticket has no such date")
	// ErrBadDate: the ticket has a text in its place that is no date.
	ErrBadDate = errors.New("authticket: the ticket has a date that cannot be read")
)

// Issued returns when the ticket was issued (IssuedUtc), in UTC and whole
// seconds. The error wraps [ErrNoDate] or [ErrBadDate].
func (p Properties) Issued() (time.Time, error) { return p.date(KeyIssued) }

// Expires returns when the ticket expires (ExpiresUtc), in UTC and whole
// seconds. The error wraps [ErrNoDate] if the ticket does not say so and
// [ErrBadDate] if it says so in a way that cannot be read. ASP.NET's cookies
// take both for "never", its bearer tokens refuse both. Without a reason to do
// otherwise, refuse.
func (p Properties) Expires() (time.Time, error) { return p.date(KeyExpires) }

// SetIssued sets when the ticket was issued. Fractions of a second are cut, and
// a year that .NET does not have (1 to 9999 in UTC) becomes the nearest.
func (p *Properties) SetIssued(t time.Time) { p.Items.Set(KeyIssued, formatDate(t)) }

// SetExpires sets when the ticket expires, as SetIssued does.
func (p *Properties) SetExpires(t time.Time) { p.Items.Set(KeyExpires, formatDate(t)) }

func (p Properties) date(key string) (time.Time, error) {
	text, ok := p.Items.Get(key)
	if !ok {
		return time.Time{}, fmt.Errorf("%w: %s", ErrNoDate, key)
	}
	t, ok := parseDate(text)
	if !ok {
		return time.Time{}, fmt.Errorf("%w: %s", ErrBadDate, key)
	}
	return t, nil
}

// dateLayout is .NET's format "r", and http.TimeFormat.
const dateLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

func formatDate(t time.Time) string {
	t, _ = dotnet.FromTicks(dotnet.Ticks(t)) // no error: Ticks has brought t into the range
	return t.Format(dateLayout)
}

// parseDate reads what DateTimeOffset.TryParseExact reads with the format "r":
// dateLayout alone, with the right day of the week. Days and months may be in
// any case, GMT may not. [time.Parse] by itself takes more.
func parseDate(text string) (time.Time, bool) {
	t, err := time.Parse(dateLayout, text)
	if err != nil || !dotnet.InRange(t) || !strings.EqualFold(t.Format(dateLayout), text) {
		return time.Time{}, false
	}
	return t.UTC(), true
}

// Persistent reports whether the cookie outlives the browser's session
// (IsPersistent).
func (p Properties) Persistent() bool {
	_, ok := p.Items.Get(KeyPersistent)
	return ok
}

// SetPersistent sets whether the cookie outlives the browser's session.
func (p *Properties) SetPersistent(persistent bool) {
	if persistent {
		p.Items.Set(KeyPersistent, "")
	} else {
		p.Items.Delete(KeyPersistent)
	}
}

// AllowRefresh returns whether the ticket may be renewed; ok is false if it does
// not say so, or not in a way that .NET reads. ASP.NET then renews it.
func (p Properties) AllowRefresh() (allow, ok bool) {
	text, _ := p.Items.Get(KeyRefresh)
	text = strings.TrimFunc(text, func(r rune) bool { return r == 0 || unicode.IsSpace(r) })
	allow = equalFold(text, "True")
	return allow, allow || equalFold(text, "False")
}

// SetAllowRefresh sets whether the ticket may be renewed.
func (p *Properties) SetAllowRefresh(allow bool) {
	text := "False"
	if allow {
		text = "True"
	}
	p.Items.Set(KeyRefresh, text)
}

// RedirectURI returns where the browser goes after the sign-in, or "".
func (p Properties) RedirectURI() string {
	uri, _ := p.Items.Get(KeyRedirect)
	return uri
}

// SetRedirectURI sets where the browser goes after the sign-in; "" removes it.
func (p *Properties) SetRedirectURI(uri string) {
	if uri == "" {
		p.Items.Delete(KeyRedirect)
	} else {
		p.Items.Set(KeyRedirect, uri)
	}
}
