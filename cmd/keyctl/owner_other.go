//go:build !unix

package main

import "io/fs"

// ownerOf knows nothing where files have no numbered owners.
func ownerOf(fs.FileInfo) (uid int, ok bool) { return 0, false }
