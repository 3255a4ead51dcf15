package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// location is where a ring is kept, as the command line or the environment says.
type location struct {
	kind kind
	path string   // of a directory or a SQLite file, absolute
	url  *url.URL // of a server, without our own parameters
	ours url.Values
}

// kind is a kind of store.
type kind int

const (
	directory kind = iota
	redisList
	postgresTable
	mysqlTable
	sqliteTable
)

// schemes are the kinds by what a URL begins with.
func schemes() map[string]kind {
	return map[string]kind{
		"file": directory, "redis": redisList, "rediss": redisList,
		"postgres": postgresTable, "postgresql": postgresTable,
		"mysql": mysqlTable, "mariadb": mysqlTable, "sqlite": sqliteTable,
	}
}

// ringLocation returns where the ring is: what was asked for, else ASP.NET's own
// directory.
func (p *program) ringLocation() (location, error) {
	store, dir := p.store, p.dir
	switch {
	case store != "" && dir != "":
		return location{}, usagef("--store and --dir exclude each other")
	case store == "" && dir == "":
		if store, dir = p.getenv("KEYCTL_STORE"), p.getenv("KEYCTL_DIR"); store != "" && dir != "" {
			return location{}, usagef("$KEYCTL_STORE and $KEYCTL_DIR are both set: say which ring is meant with --store or --dir")
		}
		if store != "" {
			return p.parseLocation("$KEYCTL_STORE", store)
		}
	case store != "":
		return p.parseLocation("--store", store)
	}
	if dir == "" {
		var err error
		if dir, err = p.ownDirectory(); err != nil {
			return location{}, err
		}
	}
	return location{kind: directory, path: dir}, nil
}

// ownDirectory is where ASP.NET Core keeps its ring by itself.
func (p *program) ownDirectory() (string, error) {
	home, below := "HOME", []string{".aspnet", "DataProtection-Keys"}
	if runtime.GOOS == "windows" {
		home, below = "LOCALAPPDATA", []string{"ASP.NET", "DataProtection-Keys"}
	}
	root := p.getenv(home)
	if root == "" {
		return "", usagef("no key directory: neither --dir nor $KEYCTL_DIR nor $%s is set, and no store either", home)
	}
	return filepath.Join(append([]string{root}, below...)...), nil
}

// parseLocation understands the text of a flag, a variable or an argument, which
// from names. No error repeats the text: it may hold a password.
func (p *program) parseLocation(from, text string) (location, error) {
	if name, ok := strings.CutPrefix(text, "env:"); ok {
		if name == "" {
			return location{}, usagef("%s: env: wants the name of a variable behind it", from)
		}
		if from, text = "$"+name, p.getenv(name); text == "" {
			return location{}, usagef("%s is not set", from)
		}
	}
	l, err := parseStore(text)
	if err != nil {
		return l, usagef("%s: %w", from, err)
	}
	return l, nil
}

// parseStore understands a URL, or a path.
func parseStore(text string) (location, error) {
	scheme, rest, _ := strings.Cut(text, ":")
	k, known := schemes()[strings.ToLower(scheme)]
	if !known {
		return pathStore(text)
	}
	u, err := url.Parse(text)
	if err != nil {
		return location{}, errEscape
	}
	l := location{kind: k}
	if k == directory || k == sqliteTable {
		if l.path, err = localPath(u); err != nil {
			return l, err
		}
	} else if !strings.HasPrefix(rest, "//") {
		return l, fmt.Errorf("%s: wants // behind it", u.Scheme)
	} else if strings.ContainsAny(u.EscapedPath(), "@:") || strings.Contains(u.RawQuery, "@") || strings.Contains(text, "#") {
		return l, errEscape // or a part of a password would be a database, and told in an error
	}
	driver := u.Query()
	l.ours = url.Values{}
	for _, name := range parametersOf(k) {
		if driver.Has(name) {
			l.ours[name] = driver[name]
			driver.Del(name)
		}
	}
	if k == directory && len(driver) > 0 {
		return l, errors.New("a directory takes no parameters")
	}
	u.RawQuery = driver.Encode()
	l.url = u
	return l, nil
}

var errEscape = errors.New("this URL cannot be understood; in a user's name and password write % as %25, @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and a blank as %20")

// pathStore takes a text that is no URL for a directory. What looks like the
// address of a server in the spelling of some driver must not become one, with a
// new ring in it and the password for its name.
func pathStore(text string) (location, error) {
	name := text[len(filepath.VolumeName(text)):]
	scheme, _, isURL := strings.Cut(text, "://")
	switch {
	case isURL && url.PathEscape(scheme) == scheme && !strings.ContainsAny(scheme, "@:=&"):
		return location{}, fmt.Errorf("no store begins with %s:// (see keyctl help stores)", scheme)
	case text == "":
		return location{}, errors.New("the store is empty")
	case strings.ContainsAny(name, "@=;:,'\"") || strings.Contains(name, "//"):
		return location{}, errors.New("this is neither a URL that keyctl knows (keyctl help stores) nor the plain path of a directory, which --dir takes whatever it looks like")
	}
	return location{kind: directory, path: text}, nil
}

// parametersOf are the parameters of a URL that are not the driver's.
func parametersOf(k kind) []string {
	switch k {
	case redisList:
		return []string{"key", "channel"}
	case postgresTable, mysqlTable, sqliteTable:
		return []string{"table", "schema", "id_column", "name_column", "xml_column"}
	}
	return nil
}

// localPath is the file that a URL names: scheme:///absolute, or scheme:relative.
func localPath(u *url.URL) (string, error) {
	if u.Host != "" && u.Host != "localhost" || u.User != nil {
		return "", fmt.Errorf("%s:// names a file of this machine: write three slashes before an absolute path, %s:///…", u.Scheme, u.Scheme)
	}
	path := u.Path
	if u.Opaque != "" {
		var err error
		if path, err = url.PathUnescape(u.Opaque); err != nil {
			return "", errors.New("the path has a % that is not followed by two hexadecimal digits")
		}
	}
	if runtime.GOOS == "windows" && len(path) > 2 && path[0] == '/' && path[2] == ':' {
		path = path[1:] // file:///C:/keys
	}
	if path == "" || path == "/" {
		return "", errors.New("the URL has no path")
	}
	return filepath.Abs(filepath.FromSlash(path))
}

// place names a store to a person: a URL that would find it again, but for the
// user, the password and what concerns the driver.
func (l location) place(scheme, host, path string) string {
	u := url.URL{Scheme: scheme, Host: host, Path: path, RawQuery: l.ours.Encode()}
	return u.String()
}

// secretsIn finds what may be a password in a text that has a URL in it: all
// between the scheme and the last @ of a word, and parameters called password.
func secretsIn() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`(://)\S*(@)`),
		regexp.MustCompile(`(?i)(pass(?:word|wd)?=)[^&\s"']+()`),
	}
}

// quoted is what somebody has typed in a wrong place, unless that may be where a
// store is.
func quoted(text string) string {
	if strings.ContainsAny(text, "@=:") {
		return "(not shown here: it may hold a password)"
	}
	return strconv.Quote(text)
}

// withoutPasswords is a text as it may be shown.
func withoutPasswords(text string) string {
	if !strings.Contains(text, "://") && !strings.Contains(strings.ToLower(text), "pass") {
		return text
	}
	for _, pattern := range secretsIn() {
		text = pattern.ReplaceAllString(text, "${1}…${2}")
	}
	return text
}

// parameter returns one of our own parameters; empty if it is not given.
func (l location) parameter(name string) string {
	return cmp.Or(slices.Concat(l.ours[name], []string{""})...)
}
