//go:build unix

package main

import "syscall"

// writable returns why this user may not add files to a directory. It asks, and
// does not try: whoever only looks writes nothing.
func writable(dir string) error {
	const writeAndSearch = 2 | 1
	return syscall.Access(dir, writeAndSearch)
}
