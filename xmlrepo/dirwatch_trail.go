package xmlrepo

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// maxLinks is how many links a trail follows, as many as Linux does.
const maxLinks = 40

// trail is the way from a path to the directory that it means, free of links:
// what has to be watched to hear of changes in the directory, and of another
// one taking its place. It is the path itself only where no link is involved;
// in Kubernetes a "keys" may lead to "..data/keys" and that to a directory
// whose name is a date, and what changes is "..data".
type trail struct {
	dir   string        // the directory; empty if there is none
	names []string      // what decides: each link on the way, and where it ends
	watch []string      // the directories in which that happens
	ids   []fs.FileInfo // and which ones these are
}

// findTrail follows path.
func findTrail(path string) trail {
	var t trail
	links := 0
	if end, ok := t.follow(path, &links); ok {
		t.names = append(t.names, end)
		if info, err := os.Stat(end); err == nil && info.IsDir() {
			t.dir = end
			t.watch = append(t.watch, end)
		}
	}
	if parentsAreCheap() {
		for _, name := range t.names {
			if parent := filepath.Dir(name); !slices.Contains(t.watch, parent) {
				t.watch = append(t.watch, parent)
			}
		}
	}
	for _, dir := range t.watch {
		info, _ := os.Stat(dir) // nil equals nothing
		t.ids = append(t.ids, info)
	}
	return t
}

// follow returns path without its links, having noted them, or false after
// noting where the way ends that path does not go.
func (t *trail) follow(path string, links *int) (string, bool) {
	parent := filepath.Dir(path)
	if parent == path {
		return path, true
	}
	parent, ok := t.follow(parent, links)
	if !ok {
		return "", false
	}
	place := filepath.Join(parent, filepath.Base(path))
	info, err := os.Lstat(place)
	if err == nil && info.Mode()&fs.ModeSymlink == 0 {
		return place, true
	}
	t.names = append(t.names, place)
	if err != nil {
		return "", false
	}
	target, err := os.Readlink(place)
	if *links++; err != nil || *links > maxLinks {
		return "", false
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(parent, target)
	}
	return t.follow(target, links)
}

// leads reports whether an event at path may be one that changes the trail.
func (t trail) leads(path string) bool {
	return slices.Contains(t.names, path) || slices.Contains(t.watch, path)
}

func (t trail) equal(other trail) bool {
	return t.dir == other.dir && slices.Equal(t.names, other.names) && slices.Equal(t.watch, other.watch) &&
		slices.EqualFunc(t.ids, other.ids, os.SameFile)
}

// parentsAreCheap says whether a directory can be watched without opening
// everything in it, which nobody wants of a parent that may be /tmp.
func parentsAreCheap() bool {
	switch runtime.GOOS {
	case "darwin", "ios", "dragonfly", "freebsd", "netbsd", "openbsd":
		return false
	}
	return true
}
