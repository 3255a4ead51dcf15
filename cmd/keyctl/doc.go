// Command keyctl manages an ASP.NET Core Data Protection key ring from a shell:
// it makes, lists, revokes and deletes keys, says which one protects and why,
// and protects, opens and inspects payloads. It watches a ring, explains what is
// wrong with it, and makes a key when one is needed. It makes the certificates that keys
// are encrypted with at rest, and encrypts a whole ring to another one.
//
//	keyctl [--dir DIR] [-o text|json] COMMAND
//
// Scripts may rely on what it prints and returns. Data goes to standard output
// and everything else to standard error, one "keyctl: what" a line. The exit
// status is 0 when done, 1 when something failed, 2 when the command line is
// wrong and 3 when a check failed or nothing suitable was found. With -o json,
// fields may be added in later versions and none changes.
//
// Three things it does only after showing what would happen and asking, or with
// --yes: revoking keys that nobody has named, deleting, and encrypting anew. What
// only looks (list, show, default, inspect, unprotect, watch, doctor) never writes,
// not even the directory; and nothing does where $DATAPROTECTION_READ_ONLY is set.
//
// Package main reads from the outside in: main.go is the process, root.go the
// command tree, one file a subcommand; store.go finds the ring, keyview.go and
// output.go say how it is shown, certificates.go has what opens it, protection.go
// says what would, the files examine… say what is wrong, flags.go and times.go what
// may be typed, exit.go what an error turns into.
package main
