package cookies

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// escape is Uri.EscapeDataString: all but RFC 3986's unreserved characters, byte
// by byte of their UTF-8.
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// unescape is Uri.UnescapeDataString: what is no escape stands for itself.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '%')
		if i < 0 || i+3 > len(s) {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
			b.WriteByte(byte(c))
			s = s[i+3:]
		} else {
			b.WriteByte('%')
			s = s[i+1:]
		}
	}
}

// setCookie returns the text of a Set-Cookie header as .NET writes it
// (SetCookieHeaderValue). How many characters a chunk may have follows from it.
func setCookie(c *http.Cookie, name, value string) string {
	var b strings.Builder
	b.WriteString(name + "=" + escape(value))
	if !c.Expires.IsZero() {
		b.WriteString("; expires=" + c.Expires.UTC().Format(http.TimeFormat))
	}
	if c.MaxAge != 0 {
		b.WriteString("; max-age=" + strconv.Itoa(max(c.MaxAge, 0)))
	}
	if c.Domain != "" {
		b.WriteString("; domain=" + c.Domain)
	}
	if c.Path != "" {
		b.WriteString("; path=" + c.Path)
	}
	if c.Secure {
		b.WriteString("; secure")
	}
	switch c.SameSite {
	case http.SameSiteLaxMode:
		b.WriteString("; samesite=lax")
	case http.SameSiteStrictMode:
		b.WriteString("; samesite=strict")
	case http.SameSiteNoneMode:
		b.WriteString("; samesite=none")
	}
	if c.HttpOnly {
		b.WriteString("; httponly")
	}
	if c.Partitioned {
		b.WriteString("; partitioned")
	}
	return b.String()
}

// check refuses what would not come back from a browser as it was meant.
func check(c *http.Cookie) error {
	switch {
	case c.Name == "" || strings.ContainsFunc(c.Name, func(r rune) bool { return !isToken(r) }):
		return fmt.Errorf("cookies: %q cannot be the name of a cookie", c.Name)
	case strings.ContainsFunc(c.Path, outsideAttribute):
		return fmt.Errorf("cookies: %q cannot be the path of a cookie", c.Path)
	case strings.ContainsFunc(c.Domain, outsideAttribute):
		return fmt.Errorf("cookies: %q cannot be the domain of a cookie", c.Domain)
	case !c.Expires.IsZero() && (c.Expires.UTC().Year() < 1601 || c.Expires.UTC().Year() > 9999):
		return fmt.Errorf("cookies: a cookie cannot expire in the year %d", c.Expires.UTC().Year())
	}
	return nil
}

// isToken reports whether r may stand in a token of RFC 9110, section 5.6.2.
func isToken(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r != 0 && strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

func outsideAttribute(r rune) bool { return r < ' ' || r > '~' || r == ';' }

// unset takes out of a response what it sets of a cookie: those lines whose name
// says so and that are for the same path and domain.
func unset(h http.Header, c *http.Cookie, named func(name string) bool) {
	var kept []string
	for _, line := range h["Set-Cookie"] {
		name, _, _ := strings.Cut(line, "=")
		_, attributes, _ := strings.Cut(line, ";")
		if !named(name) || attribute(attributes, "path") != c.Path || attribute(attributes, "domain") != c.Domain {
			kept = append(kept, line)
		}
	}
	if kept == nil {
		h.Del("Set-Cookie")
	} else {
		h["Set-Cookie"] = kept
	}
}

func attribute(attributes, name string) string {
	for a := range strings.SplitSeq(attributes, ";") {
		if key, value, _ := strings.Cut(strings.TrimSpace(a), "="); strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// epoch is when a cookie expires that is to go.
func epoch() time.Time { return time.Unix(0, 0) }
