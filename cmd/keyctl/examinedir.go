package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"dataprotection.example/keyring"
)

// clockSkew is how far the clocks of two nodes may lie apart.
const clockSkew = 5 * time.Minute

// directoryFile is a file of a key directory, and what it leads to if it is a link.
type directoryFile struct {
	path string
	info fs.FileInfo
}

// examineStore returns what is the matter with what the ring lies in.
func (p *program) examineStore(ctx context.Context, s *store) []keyring.Finding {
	if s.dir != "" {
		return p.examineDirectory(s.dir)
	}
	if s.examine == nil {
		return nil
	}
	found, err := s.examine(ctx)
	if err != nil {
		found = append(found, keyring.NewFinding(keyring.CodeUnreadableStore, s.place, plain(err)))
	}
	return found
}

// examineDirectory returns what is the matter with the directory and with its
// files as files: modes, owners, dates, names, and where it lies.
func (p *program) examineDirectory(dir string) []keyring.Finding {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return nil // the reading itself has said so
	}
	var found []keyring.Finding
	add := func(code keyring.Code, file, format string, args ...any) {
		found = append(found, keyring.NewFinding(code, file, fmt.Sprintf(format, args...)))
	}
	var files []directoryFile
	for _, name := range elementFiles(dir) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			files = append(files, directoryFile{path, info})
		}
	}
	here := directoryFile{dir, info}
	if runtime.GOOS != "windows" { // where modes say nothing
		examineModes(here, files, add)
		examineOwners(here, files, add)
	}
	p.examineDates(files, add)
	p.examineOthers(dir, add)
	if err := writable(dir); err != nil && !p.readOnly() {
		add(keyring.CodeNotWritable, dir, "this user may not write to the directory (%v), so that no key can be made here", err)
	}
	if kind := p.fileSystem(dir); kind != "" {
		add(keyring.CodeNoEvents, dir, "the directory is on %s, which does not report what other machines change", kind)
	}
	if sign := p.ownLayer(dir); sign != "" {
		add(keyring.CodeNoMount, dir, "the directory is in the container's own layer (%s, and nothing is mounted there)", sign)
	}
	return found
}

// adder takes one finding.
type adder func(code keyring.Code, file, format string, args ...any)

// several says that a finding stands for more than one file.
func several(files []directoryFile) string {
	switch n := len(files) - 1; {
	case n == 0:
		return ""
	case n == 1:
		return " (and so is 1 more)"
	default:
		return fmt.Sprintf(" (and so are %d more)", n)
	}
}

// examineModes looks for what others may read or change. That a group may is only
// worth knowing: nodes that are several users share a ring by it, and Kubernetes
// gives a pod its volumes by it (fsGroup).
func examineModes(dir directoryFile, files []directoryFile, add adder) {
	const others, group = 0o007, 0o070
	if mode := dir.info.Mode(); mode&others != 0 {
		add(keyring.CodeLooseMode, dir.path, "the directory is open to every user of the machine (%v)", mode)
	} else if mode&group != 0 {
		add(keyring.CodeGroupMode, dir.path, "the directory is open to its group (%v)", mode)
	}
	var open, shared []directoryFile
	for _, f := range files {
		switch mode := f.info.Mode(); {
		case mode.Perm()&0o400 == 0:
			add(keyring.CodeUnreadableStore, f.path, "not even the owner of the file may read it (%v)", mode)
		case mode&others != 0:
			open = append(open, f)
		case mode&group != 0:
			shared = append(shared, f)
		}
	}
	if len(open) > 0 {
		add(keyring.CodeLooseMode, open[0].path, "the file is open to every user of the machine (%v)%s", open[0].info.Mode(), several(open))
	}
	if len(shared) > 0 {
		add(keyring.CodeGroupMode, shared[0].path, "the file is open to its group (%v)%s", shared[0].info.Mode(), several(shared))
	}
}

// examineOwners looks for files that the owner of the ring cannot read: one of
// them fails the whole ring for the servers. The owner is the directory's, or
// where that is root, whoever has most of the files.
func examineOwners(dir directoryFile, files []directoryFile, add adder) {
	expected, ok := ownerOf(dir.info)
	if !ok {
		return
	}
	if expected == 0 {
		number := make(map[int]int)
		for _, f := range files {
			owner, _ := ownerOf(f.info)
			number[owner]++
			if number[owner] > number[expected] {
				expected = owner
			}
		}
	}
	var foreign []directoryFile
	for _, f := range files {
		if owner, _ := ownerOf(f.info); owner != expected && expected != 0 && f.info.Mode()&0o044 == 0 {
			foreign = append(foreign, f)
		}
	}
	if len(foreign) > 0 {
		owner, _ := ownerOf(foreign[0].info)
		add(keyring.CodeForeignOwner, foreign[0].path, "the file belongs to user %d, and the ring to user %d, who cannot read it%s",
			owner, expected, several(foreign))
	}
}

// examineDates compares the newest file with the clock: where it comes from
// another machine, its date does too.
func (p *program) examineDates(files []directoryFile, add adder) {
	if len(files) == 0 {
		return
	}
	newest := slices.MaxFunc(files, func(a, b directoryFile) int { return a.info.ModTime().Compare(b.info.ModTime()) })
	if ahead := newest.info.ModTime().Sub(p.now()); ahead > clockSkew {
		add(keyring.CodeClockSkew, newest.path, "the file was written %s from now, by the clock of this machine", inWords(ahead))
	}
}

// examineOthers looks at the files that no node reads.
func (p *program) examineOthers(dir string, add adder) {
	const inProgress = time.Minute
	entries, _ := os.ReadDir(dir)
	var ignored, left []directoryFile
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		f := directoryFile{filepath.Join(dir, e.Name()), info}
		switch name := e.Name(); {
		case isLeftover(name):
			if p.now().Sub(info.ModTime()) > inProgress {
				left = append(left, f)
			}
		case filepath.Ext(name) == ".xml":
		case strings.HasPrefix(name, "key-"), strings.HasPrefix(name, "revocation-"):
			ignored = append(ignored, f)
		}
	}
	if len(ignored) > 0 {
		add(keyring.CodeIgnoredFile, ignored[0].path, "no node reads this file, because its name does not end in .xml%s", several(ignored))
	}
	if len(left) > 0 {
		add(keyring.CodeLeftover, left[0].path, "the file was left by a process that ended while it was writing%s", several(left))
	}
}
