package cookies

import (
	"net/http"
	"net/url"
	"strings"
)

// ReturnURL returns where somebody who has signed in wants to go: what the query
// or the form says in Options.ReturnURLParameter, and "/" unless that is an
// address of ours.
func (a *Auth) ReturnURL(r *http.Request) string {
	if to := r.FormValue(a.opts.ReturnURLParameter); IsLocalURL(to) {
		return to
	}
	return "/"
}

// IsLocalURL reports whether an address stays on this host, whoever reads it: a
// path that begins with one slash, maybe a query and a fragment (IsLocalUrl).
// Browsers take a backslash for a slash, leave out tabs and line ends, and go to
// another host for what begins with two slashes. So none of these may be there,
// escaped or not, and nothing but printable ASCII; .NET takes more.
func IsLocalURL(address string) bool {
	if !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
		return false
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return false
	}
	return !strings.Contains(u.Path, "//") && !strings.ContainsFunc(u.Path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' })
}
