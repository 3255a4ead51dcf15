package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"dataprotection.example/keyring"
)

const (
	// backupMark stands between the name of a ring and the time of its backup.
	backupMark = ".backup-"

	backupHint = "give each backup a directory of its own; only that of a run that did not come to its end may be given again"
)

// newBackup names a directory beside the ring that is not there.
func (p *program) newBackup(ring string) string {
	base := ring + backupMark + p.now().UTC().Format("20060102T150405Z")
	name := base
	for n := 2; ; n++ {
		if _, err := os.Lstat(name); err != nil {
			return name
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
}

// checkBackup wants a directory that is not there, or its owner's alone, and not
// the ring. It may hold elements and what is left of their writing: whether those
// are of the ring is seen later.
func checkBackup(dir, ring string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if own, err := os.Stat(ring); err == nil && os.SameFile(own, info) {
		return failed(fmt.Errorf("the backup directory %s is the ring itself", dir), backupHint)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || filepath.Ext(e.Name()) != ".xml" && !isLeftover(e.Name()) {
			return failed(fmt.Errorf("the backup directory %s holds %s, which is no part of a ring", dir, e.Name()), backupHint)
		}
	}
	if runtime.GOOS != "windows" && info.Mode()&0o077 != 0 { // where modes say nothing
		return failed(fmt.Errorf("the backup directory %s is open to other users (%v)", dir, info.Mode()), "chmod 700 it, or let it be made")
	}
	return nil
}

// isLeftover reports whether a file is named like one that was being written.
func isLeftover(name string) bool {
	return strings.HasPrefix(name, ".xmlrepo-") && strings.HasSuffix(name, ".tmp")
}

// plainBackups returns the directories that hold keys in clear text: of the
// backups beside a ring, and of others. Whoever made one may have been killed
// before he could tell.
func plainBackups(ring string, others ...string) []string {
	var plain []string
	for _, dir := range append(backupsBeside(ring), others...) {
		if !slices.ContainsFunc(plain, func(known string) bool { return sameFile(known, dir) }) && holdsPlainKey(dir) {
			plain = append(plain, dir)
		}
	}
	return plain
}

// backupsBeside returns what is named like a backup of the ring, which may be
// none (a ring that is no directory).
func backupsBeside(ring string) []string {
	if ring == "" {
		return nil
	}
	names := []string{ring}
	if target, err := filepath.EvalSymlinks(ring); err == nil && target != ring {
		names = append(names, target)
	}
	var all []string
	for _, name := range names {
		entries, _ := os.ReadDir(filepath.Dir(name))
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), filepath.Base(name)+backupMark) {
				all = append(all, filepath.Join(filepath.Dir(name), e.Name()))
			}
		}
	}
	return all
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// holdsPlainKey reports whether a file in dir is a key in clear text, or the
// beginning of one.
func holdsPlainKey(dir string) bool {
	entries, _ := os.ReadDir(dir)
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		path := filepath.Join(dir, e.Name())
		if element, err := readElement(path); err == nil {
			return keyring.IsPlainKey(element.XML)
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxElement {
			return false
		}
		text, _ := os.ReadFile(path)
		return bytes.Contains(text, []byte("<masterKey"))
	})
}

// examineBackups returns the backups of an encrypted ring that are not.
func examineBackups(s *store, l *keyring.Listing) []keyring.Finding {
	if l == nil || !slices.ContainsFunc(l.Keys, func(k keyring.Key) bool { return k.EncryptedAtRest }) {
		return nil
	}
	var found []keyring.Finding
	for _, dir := range plainBackups(s.dir) {
		found = append(found, keyring.NewFinding(keyring.CodePlainBackup, dir, "the backup of the ring holds keys in clear text"))
	}
	return found
}

// noteBackups says what to do with the backups: with this run's, and with those
// in clear text that an earlier one has left.
func (p *program) noteBackups(backedUp bool, dir string, plain []string) {
	for _, dir := range plain {
		at := shellWord(dir)
		p.warn("the backup %s holds keys in clear text: when every node works, destroy it: find %s -type f -exec shred -u {} + && rmdir %s", dir, at, at)
	}
	if len(plain) > 0 {
		p.note("hint: SSDs, snapshots and copying file systems keep what shred overwrites, and of the replaced files too; only new keys are free of that, with these revoked when they have expired")
	}
	if backedUp && !slices.Contains(plain, dir) {
		p.note("the ring as it was is in %s: it opens with the old certificate; delete it when every node works", dir)
	}
}

// shellWord is text as one word of a shell.
func shellWord(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
