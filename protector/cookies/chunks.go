package cookies

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// What Chunks assumes when its fields are zero.
const (
	DefaultChunkSize = 4050    // ChunkingCookieManager.DefaultChunkSize
	DefaultMaxSize   = 1 << 16 // twice what Kestrel takes for all headers together
)

// ErrTooLarge: a value has more characters than [Chunks.MaxSize].
var ErrTooLarge = errors.New("cookies: the value is too large for cookies")

// Chunks keeps a value in as many cookies as it takes (ChunkingCookieManager).
// Browsers drop a cookie of more than 4096 bytes, name and attributes counted;
// a larger value goes into cookies nameC1, nameC2 and so on, and the cookie name
// itself says how many there are: chunks-2. The zero value is ready for use.
//
// Nothing here is protected. A value ought to come from a protector.
type Chunks struct {
	// ChunkSize is the length in characters of the longest Set-Cookie header;
	// 0 means DefaultChunkSize.
	ChunkSize int

	// MaxSize is the length in characters of the largest value, written or
	// read; 0 means DefaultMaxSize. It bounds what a request can make us
	// decode. Servers have bounds of their own for what a browser sends:
	// Kestrel takes 32 KB of headers, net/http 1 MB.
	MaxSize int
}

// Get returns the value that a request carries under a name. Names are compared
// without regard to case, and of several cookies the last counts, as in .NET.
// If there is none, or an empty one, the error is [http.ErrNoCookie].
//
// If the cookie speaks of pieces that are not all there, its own text is the
// value: "chunks-2". Whatever number it has, no more is allocated than came.
func (c Chunks) Get(r *http.Request, name string) (string, error) {
	in := receive(r, name)
	value := unescape(in[""])
	pieces := in.pieces(countOf(value))
	if pieces == nil {
		pieces = []string{in[""]}
	}
	size := 0
	for _, piece := range pieces {
		size += len(piece)
	}
	switch {
	case value == "":
		return "", http.ErrNoCookie
	case size > c.maxSize():
		return "", fmt.Errorf("%w: %d characters came", ErrTooLarge, size)
	}
	for i := range pieces {
		pieces[i] = unescape(pieces[i])
	}
	return strings.Join(pieces, ""), nil
}

// pieces returns the n pieces of a value, or nil if n is 0 or not all are there.
func (in received) pieces(n int) []string {
	if n >= len(in) { // one is the cookie that told n
		return nil
	}
	var all []string
	for i := range n {
		piece := in["c"+strconv.Itoa(i+1)]
		if piece == "" {
			return nil
		}
		all = append(all, piece)
	}
	return all
}

const countPrefix = "chunks-"

// countOf returns how many pieces a cookie's value speaks of, 0 if it does not.
// .NET reads "chunks-" and decimal digits up to the largest int32.
func countOf(value string) int {
	digits, ok := strings.CutPrefix(value, countPrefix)
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil {
		return 0
	}
	return int(n)
}

// Set sets a cookie with c's name, value and attributes, or as many as it takes.
// What the response set before under this name, path and domain is replaced.
// Attributes are written as .NET does, in lower case and its order, because how
// large a chunk is depends on their length; [http.SameSiteDefaultMode] writes
// none. Values are percent-escaped, which nothing in a payload needs.
//
// A name, path or domain that no cookie can have, a value beyond MaxSize
// ([ErrTooLarge]) and attributes that leave no room are errors, and then nothing
// is set.
func (c Chunks) Set(w http.ResponseWriter, cookie *http.Cookie) error {
	if err := check(cookie); err != nil {
		return err
	}
	if len(cookie.Value) > c.maxSize() {
		return fmt.Errorf("%w: it has %d characters, at most %d are allowed", ErrTooLarge, len(cookie.Value), c.maxSize())
	}
	lines, err := c.cut(cookie)
	if err != nil {
		return err
	}
	unset(w.Header(), cookie, func(name string) bool { return name == cookie.Name || isPiece(cookie.Name, name) })
	for _, line := range lines {
		w.Header().Add("Set-Cookie", line)
	}
	return nil
}

// cut returns the Set-Cookie headers of a cookie.
func (c Chunks) cut(cookie *http.Cookie) ([]string, error) {
	size := c.ChunkSize
	if size == 0 {
		size = DefaultChunkSize
	}
	value := cookie.Value
	frame := len(setCookie(cookie, cookie.Name, ""))
	if size > frame+len(value) {
		return []string{setCookie(cookie, cookie.Name, value)}, nil
	}
	if size < frame+10 {
		return nil, fmt.Errorf("cookies: name and attributes of the cookie %q have %d characters and leave no room for data in %d", cookie.Name, frame, size)
	}
	room := size - frame - len("C99") // that there might be a hundred pieces .NET ignores too
	n := (len(value) + room - 1) / room
	lines := []string{setCookie(cookie, cookie.Name, countPrefix+strconv.Itoa(n))}
	for i := 1; i <= n; i++ {
		piece := value[:min(room, len(value))]
		value = value[len(piece):]
		lines = append(lines, setCookie(cookie, cookie.Name+"C"+strconv.Itoa(i), piece))
	}
	return lines, nil
}

// Delete tells the browser to forget a cookie and the pieces of it that the
// request brought. Path and domain must be those it was set with. What the
// response set before under this name, path and domain is taken back.
func (c Chunks) Delete(w http.ResponseWriter, r *http.Request, cookie *http.Cookie) error {
	if err := check(cookie); err != nil {
		return err
	}
	gone := *cookie
	gone.Expires, gone.MaxAge = epoch(), 0
	unset(w.Header(), cookie, func(name string) bool { return name == cookie.Name || isPiece(cookie.Name, name) })
	w.Header().Add("Set-Cookie", setCookie(&gone, cookie.Name, ""))
	in := receive(r, cookie.Name)
	for i := 1; i <= countOf(unescape(in[""])); i++ {
		if in["c"+strconv.Itoa(i)] == "" {
			break // it speaks of more than came
		}
		w.Header().Add("Set-Cookie", setCookie(&gone, cookie.Name+"C"+strconv.Itoa(i), ""))
	}
	return nil
}

// isPiece reports whether name is that of a piece of the cookie whole.
func isPiece(whole, name string) bool {
	number, ok := strings.CutPrefix(name, whole+"C")
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}

func (c Chunks) maxSize() int {
	if c.MaxSize == 0 {
		return DefaultMaxSize
	}
	return c.MaxSize
}
