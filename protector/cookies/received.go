package cookies

import (
	"net/http"
	"strings"
)

// received are the cookies of a request whose names begin with one name, by what
// follows it, in lower case; the values are as they came.
type received map[string]string

// receive reads the Cookie headers as .NET does: names in any case, the last of
// several, quotes left where they are. [http.Request.Cookies] does neither.
func receive(r *http.Request, name string) received {
	in := received{}
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			key, value, ok := strings.Cut(pair, "=")
			key = strings.Trim(key, " \t")
			if ok && len(key) >= len(name) && lower(key[:len(name)]) == lower(name) {
				in[lower(key[len(name):])] = strings.Trim(value, " \t")
			}
		}
	}
	return in
}

// lower lowers ASCII letters only: strings.ToLower makes two names of other
// characters one.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}
