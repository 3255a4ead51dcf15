package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"dataprotection.example/protector"
	"dataprotection.example/protector/cookies"
)

// maxCookie bounds what is taken for one cookie, in characters: more than any
// browser keeps for a site.
const maxCookie = 1 << 20

// payloadBegin is what a payload's first bytes are in base64.
const payloadBegin = "CfDJ8"

// cookieFlags tell the cookie that is meant from the others that were pasted.
type cookieFlags struct {
	scheme string // by which it is called if it has no name of its own
	cookie string // its name; empty: by default
}

// missingPieces says that a cookie in pieces is not whole.
type missingPieces struct{ text string }

func (e *missingPieces) Error() string { return e.text }

// readCookie returns the payload of the authentication cookie on standard input,
// which may be its value, its pieces one a line, or a whole header.
func (p *program) readCookie(o cookieFlags) ([]byte, error) {
	input, err := p.readInput("cookie")
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(string(input))
	if text == "" {
		return nil, errors.New("there is no cookie on standard input")
	}
	value, err := o.value(text, "on standard input")
	if err != nil {
		return nil, err
	}
	payload, err := protector.DecodePayload(value)
	if err != nil {
		return nil, failed(errors.New("the cookie on standard input is no payload: it is not base64url"),
			"the value of an authentication cookie begins with CfDJ8, that of one in pieces with chunks-")
	}
	return payload, nil
}

// value returns the value of the cookie in what was pasted: that value itself, its
// pieces one a line, whole headers, or lines of name=value. where is how to name
// the place in an error.
func (o cookieFlags) value(text, where string) (string, error) {
	if strings.Contains(text, "=") && !strings.HasPrefix(text, payloadBegin) { // base64url has none but at its end
		return o.fromHeader(text, where)
	}
	return joinPieces(strings.Fields(text), where)
}

// joinPieces joins the values of cookies, which may begin with the one that
// tells how many there are.
func joinPieces(values []string, where string) (string, error) {
	number, counted := strings.CutPrefix(values[0], "chunks-")
	if !counted {
		return strings.Join(values, ""), nil
	}
	if values = values[1:]; fmt.Sprint(len(values)) != number {
		return "", failed(&missingPieces{fmt.Sprintf("the cookie is in %s pieces, and %d %s", number, len(values), where)},
			"paste the values of all of them, one a line, or the whole Cookie header")
	}
	return strings.Join(values, ""), nil
}

// fromHeader returns the value of the cookie in Cookie or Set-Cookie headers, or
// in lines of name=value.
func (o cookieFlags) fromHeader(text, where string) (string, error) {
	r := &http.Request{Header: http.Header{}}
	var names []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if header, rest, ok := strings.Cut(line, ":"); ok && (strings.EqualFold(header, "Cookie") || strings.EqualFold(header, "Set-Cookie")) {
			line = strings.TrimSpace(rest)
		}
		r.Header.Add("Cookie", line)
		for pair := range strings.SplitSeq(line, ";") {
			if name, value, ok := strings.Cut(pair, "="); ok && isWhole(value) {
				names = append(names, strings.TrimSpace(name))
			}
		}
	}
	name, err := o.name(names, where)
	if err != nil {
		return "", err
	}
	value, err := cookies.Chunks{MaxSize: maxCookie}.Get(r, name)
	switch number, counted := strings.CutPrefix(value, "chunks-"); {
	case errors.Is(err, http.ErrNoCookie):
		return "", fmt.Errorf("the cookie %s is not %s", name, where)
	case err != nil:
		return "", err
	case counted:
		return "", failed(&missingPieces{fmt.Sprintf("the cookie %s is in %s pieces, and not all of them are %s", name, number, where)},
			fmt.Sprintf("paste %sC1 and so on too, or the whole Cookie header", name))
	}
	return value, nil
}

// isWhole reports whether a cookie may be an authentication cookie, or the first
// of one in pieces.
func isWhole(value string) bool {
	value = strings.TrimSpace(value)
	return strings.HasPrefix(value, payloadBegin) || strings.HasPrefix(value, "chunks-")
}

// name returns the name of the cookie to open: the one asked for, else the one
// that the scheme has by default, else the only one that it can be.
func (o cookieFlags) name(there []string, where string) (string, error) {
	if o.cookie != "" {
		return o.cookie, nil
	}
	scheme := cmp.Or(o.scheme, cookies.SchemeCookies)
	byDefault := ".AspNetCore." + strings.ReplaceAll(url.QueryEscape(scheme), "+", "%20")
	for _, prefix := range []string{"", "__Host-", "__Secure-"} {
		if slices.ContainsFunc(there, func(name string) bool { return strings.EqualFold(name, prefix+byDefault) }) {
			return prefix + byDefault, nil
		}
	}
	there = slices.DeleteFunc(slices.Clone(there), func(name string) bool { return isPieceOf(there, name) })
	if len(there) == 1 {
		return there[0], nil
	}
	hint := "name it with --cookie, if the application does"
	if len(there) > 0 {
		hint += "; there are " + strings.Join(there, ", ")
	}
	return "", failed(fmt.Errorf("the cookie %s is not %s", byDefault, where), hint)
}

// isPieceOf reports whether a cookie is a piece of another one of these.
func isPieceOf(names []string, name string) bool {
	end := strings.TrimRight(name, "0123456789")
	whole, ok := strings.CutSuffix(end, "C")
	return ok && end != name && slices.Contains(names, whole)
}
