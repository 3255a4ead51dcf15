package cookies

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// maxForm is how many bytes of a form ReturnURL reads. A form with a password in
// it has less.
const maxForm = 1 << 20

// ReturnURL returns where somebody who has signed in wants to go: what the query
// says in Options.ReturnURLParameter or, if it says nothing, the form, and "/"
// unless that is an address of ours.
//
// Of the body it reads a urlencoded form of at most 1 MB, whose values the handler
// still finds in r; a multipart one counts if the handler has parsed it before.
func (a *Auth) ReturnURL(r *http.Request) string {
	values := r.URL.Query()
	if !values.Has(a.opts.ReturnURLParameter) {
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if r.Body != nil && kind == "application/x-www-form-urlencoded" {
			r.Body = http.MaxBytesReader(nil, r.Body, maxForm)
			_ = r.ParseForm() // what can be read of a broken form counts
		}
		values = r.PostForm
	}
	if to := values.Get(a.opts.ReturnURLParameter); IsLocalURL(to) {
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
