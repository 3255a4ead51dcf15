package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"dataprotection.example/keyring"
)

// The exit statuses.
const (
	exitDone   = 0
	exitFailed = 1 // something did not work
	exitUsage  = 2 // the command line is wrong
	exitUnmet  = 3 // a check failed, or nothing suitable was found
)

// failure is an error with the exit status it means, and a hint at what to do.
type failure struct {
	status int
	err    error
	hint   string // may be empty
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usagef says that the command line is wrong.
func usagef(format string, args ...any) error {
	return &failure{exitUsage, fmt.Errorf(format, args...), ""}
}

// failed gives err a hint.
func failed(err error, hint string) error { return &failure{exitFailed, err, hint} }

// unmet says that nothing suitable was found.
func unmet(err error, hint string) error { return &failure{exitUnmet, err, hint} }

// asFailure finds out what an error of a command means. understood tells
// whether the command had begun: before that, only cobra complains, and always
// about the command line.
func asFailure(err error, understood bool) *failure {
	f := &failure{exitFailed, err, ""}
	if found := (*failure)(nil); errors.As(err, &found) {
		f.status, f.hint = found.status, found.hint
	} else if !understood {
		f.status = exitUsage
	}
	if f.hint == "" {
		f.hint = hintFor(err)
	}
	return f
}

// hintFor knows what to do about the errors that any command may meet.
func hintFor(err error) string {
	away := (*elsewhereError)(nil)
	switch {
	case errors.Is(err, keyring.ErrEncryptorRequired):
		return "give the certificate with --certificate; create --unencrypted makes a key in clear text beside encrypted ones"
	case errors.As(err, &away):
		return away.hint()
	case errors.Is(err, keyring.ErrDecryptionKeyMissing):
		return "give the certificate and its private key with --certificate"
	case errors.Is(err, fs.ErrPermission):
		return "run keyctl as the user that the servers run as"
	}
	return hintOfStore(err)
}

// plain is the text of an error for a person, and for JSON: without the names of
// our packages, without passwords, and on one line.
func plain(err error) string {
	text := err.Error()
	for _, pkg := range []string{"keyring: ", "xmlrepo: ", "protector: ", "atrest: ", "xmldoc: ", "dotnet: ", "redisrepo: ", "sqlrepo: "} {
		text = strings.TrimPrefix(text, pkg)
		text = strings.ReplaceAll(text, ": "+pkg, ": ")
		text = strings.ReplaceAll(text, "\n"+pkg, "\n")
	}
	return withoutPasswords(strings.NewReplacer(":\n\t", ": ", "\n", "; ", "\t", "").Replace(text))
}
