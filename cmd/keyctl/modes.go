package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// modeOfRing returns the mode of new files: what their group may read where it may
// read every file that is there, because nodes that are several users fail if one
// of them cannot read one file; else what their owner alone may read.
func modeOfRing(dir string) fs.FileMode {
	const ownerAlone, group, enter = 0o600, 0o640, 0o050
	if info, err := os.Stat(dir); err != nil || info.Mode()&enter != enter {
		return ownerAlone
	}
	names := elementFiles(dir)
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode()&group != group {
			return ownerAlone
		}
	}
	if len(names) == 0 {
		return ownerAlone
	}
	return group
}

// warnOfLooseModes tells of a directory or key files that every user can get at;
// a group may be meant to, and doctor tells of it. What cannot be examined is left to the reading itself, which will say why.
func (p *program) warnOfLooseModes(s *store) {
	dir := s.dir
	if runtime.GOOS == "windows" || dir == "" {
		return // modes say nothing there
	}
	const others = 0o007
	var open []string
	if info, err := os.Stat(dir); err == nil && info.IsDir() && info.Mode()&others != 0 {
		open = append(open, fmt.Sprintf("the directory %s (%v)", dir, info.Mode()))
	}
	entries, _ := os.ReadDir(dir)
	loose, example := 0, ""
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".xml" {
			continue
		}
		file := filepath.Join(dir, e.Name())
		if info, err := os.Stat(file); err == nil && info.Mode()&others != 0 {
			if loose++; loose == 1 {
				example = fmt.Sprintf("%s (%v)", file, info.Mode())
			}
		}
	}
	switch {
	case loose == 1:
		open = append(open, "the file "+example)
	case loose > 1:
		open = append(open, fmt.Sprintf("%d files such as %s", loose, example))
	}
	if len(open) > 0 {
		p.warn("open to every user of the machine: %s", strings.Join(open, ", "))
		p.note("hint: chmod the directory to 700 and the files to 600 (770 and 640 for a group of nodes), and replace keys that others may have read")
	}
}

// warnOfOtherOwner tells of a directory that belongs to another user: a file
// that the servers cannot read fails their whole ring. What root writes becomes
// the owner's, so that root need not be warned.
func (p *program) warnOfOtherOwner(s *store) {
	dir := s.dir
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return
	}
	if owner, ok := ownerOf(info); ok && owner != os.Geteuid() && os.Geteuid() != 0 {
		p.warn("%s belongs to user %d and this is user %d: what is written here, %d alone can read", dir, owner, os.Geteuid(), os.Geteuid())
		p.note("hint: a server that cannot read one file of its ring cannot use the ring: chown new files, or use sudo -u '#%d' keyctl", owner)
	}
}
