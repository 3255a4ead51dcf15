package testdata

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// RingFS returns the key directory of a vector, by Vector.Ring. It is an error
// if there is none.
func RingFS(ring string) (fs.FS, error) {
	entries, err := FS.ReadDir(ring)
	if err != nil || len(entries) == 0 {
		return nil, fmt.Errorf("testdata: no ring %q", ring)
	}
	return fs.Sub(FS, ring)
}

// CopyRing writes the key directory of a vector, by Vector.Ring, into dir, which
// is made if it does not exist. Files are readable by their owner only and
// replace none that is there.
func CopyRing(dir, ring string) error {
	source, err := RingFS(ring)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(source, name)
		if err != nil {
			return err
		}
		file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = file.Write(content)
		if closed := file.Close(); err == nil {
			err = closed
		}
		return err
	})
}
