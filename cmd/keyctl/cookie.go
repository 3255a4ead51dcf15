package main

import (
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

// readCookie returns the payload of the authentication cookie on standard input,
// which may be its value, its pieces one a line, or a whole header.
func (p *program) readCookie(o *ticketOptions) ([]byte, error) {
	input, err := p.readInput("cookie")
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(string(input))
	if text == "" {
		return nil, errors.New("there is no cookie on standard input")
	}
	var value string
	if strings.Contains(text, "=") { // base64url has none
		value, err = o.fromHeader(text)
	} else {
		value, err = joinPieces(strings.Fields(text))
	}
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

// joinPieces joins the values of cookies, which may begin with the one that
// tells how many there are.
func joinPieces(values []string) (string, error) {
	number, counted := strings.CutPrefix(values[0], "chunks-")
	if !counted {
		return strings.Join(values, ""), nil
	}
	if values = values[1:]; fmt.Sprint(len(values)) != number {
		return "", failed(fmt.Errorf("the cookie is in %s pieces, and %d on standard input", number, len(values)),
			"paste the values of all of them, one a line, or the whole Cookie header")
	}
	return strings.Join(values, ""), nil
}

// fromHeader returns the value of the cookie in Cookie or Set-Cookie headers, or
// in lines of name=value.
func (o *ticketOptions) fromHeader(text string) (string, error) {
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
	name, err := o.name(names)
	if err != nil {
		return "", err
	}
	value, err := cookies.Chunks{MaxSize: maxCookie}.Get(r, name)
	switch number, counted := strings.CutPrefix(value, "chunks-"); {
	case errors.Is(err, http.ErrNoCookie):
		return "", fmt.Errorf("the cookie %s is not on standard input", name)
	case err != nil:
		return "", err
	case counted:
		return "", failed(fmt.Errorf("the cookie %s is in %s pieces, and not all of them are on standard input", name, number),
			fmt.Sprintf("paste %sC1 and so on too, or the whole Cookie header", name))
	}
	return value, nil
}

// isWhole reports whether a cookie may be an authentication cookie, or the first
// of one in pieces.
func isWhole(value string) bool {
	value = strings.TrimSpace(value)
	return strings.HasPrefix(value, "CfDJ8") || strings.HasPrefix(value, "chunks-")
}

// name returns the name of the cookie to open: the one asked for, else the one
// that the scheme has by default, else the only one that it can be.
func (o *ticketOptions) name(there []string) (string, error) {
	if o.cookie != "" {
		return o.cookie, nil
	}
	byDefault := ".AspNetCore." + strings.ReplaceAll(url.QueryEscape(o.scheme), "+", "%20")
	for _, prefix := range []string{"", "__Host-", "__Secure-"} {
		if slices.ContainsFunc(there, func(name string) bool { return strings.EqualFold(name, prefix+byDefault) }) {
			return prefix + byDefault, nil
		}
	}
	there = slices.DeleteFunc(slices.Clone(there), func(name string) bool { return isPieceOf(there, name) })
	if len(there) == 1 {
		return there[0], nil
	}
	return "", failed(fmt.Errorf("the cookie %s is not on standard input", byDefault),
		"name it with --cookie, if the application does")
}

// isPieceOf reports whether a cookie is a piece of another one of these.
func isPieceOf(names []string, name string) bool {
	end := strings.TrimRight(name, "0123456789")
	whole, ok := strings.CutSuffix(end, "C")
	return ok && end != name && slices.Contains(names, whole)
}
