package xmlrepo

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A new directory under the path is told, and then so is what changes in it.
func toldOfTheNew(t *testing.T, d *Dir, changes <-chan struct{}, of string) {
	t.Helper()
	told(t, changes, of)
	write(t, d, "new.xml", "<k/>")
	told(t, changes, "a change after "+of)
}

func TestWatchOfAMissingDirectory(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	d := watchable(t, filepath.Join(top, "a", "b", "keys"), eventsOnly(t).poll)
	must(t, os.RemoveAll(filepath.Join(top, "a")))
	changes := startWatch(t, d)
	must(t, d.Store(t.Context(), key1))
	toldOfTheNew(t, d, changes, "the directory and its parents, made by a Store")
	must(t, os.RemoveAll(d.path))
	told(t, changes, "removed")
	must(t, os.RemoveAll(filepath.Join(top, "a")))
	rest(changes)
	must(t, os.MkdirAll(d.path, 0o700))
	toldOfTheNew(t, d, changes, "made again, with its parents")
}

// However the making of the parents falls between the looks.
func TestWatchOfADirectoryThatComesStepByStep(t *testing.T) {
	t.Parallel()
	for range 3 {
		top := t.TempDir()
		d := watchable(t, filepath.Join(top, "a", "b", "c", "keys"), eventsOnly(t).poll)
		must(t, os.RemoveAll(filepath.Join(top, "a")))
		changes := startWatch(t, d)
		for _, dir := range []string{"a", "a/b", "a/b/c", "a/b/c/keys"} {
			must(t, os.Mkdir(filepath.Join(top, filepath.FromSlash(dir)), 0o700))
			time.Sleep(rand.N(2 * coalescing))
		}
		write(t, d, "a.xml", "<k/>")
		deadline := time.After(soon)
		for seen := false; !seen; {
			select {
			case <-changes:
				list, err := d.Elements(t.Context())
				must(t, err)
				seen = len(list) == 1
			case <-deadline:
				t.Fatal("not told of the element in the new directory")
			}
		}
		rest(changes)
		write(t, d, "b.xml", "<k/>")
		told(t, changes, "the next element")
	}
}

// The new directory often has the inode number of the old one, and must not be
// taken for it.
func TestWatchOfADirectoryRemovedAndMadeAgain(t *testing.T) {
	t.Parallel()
	d := eventsOnly(t)
	changes := startWatch(t, d)
	const rounds = 3
	same := 0
	for range rounds {
		before, err := os.Stat(d.path)
		must(t, err)
		must(t, os.RemoveAll(d.path))
		must(t, os.Mkdir(d.path, 0o700))
		if after, err := os.Stat(d.path); err == nil && os.SameFile(before, after) {
			same++
		}
		toldOfTheNew(t, d, changes, "removed and made again")
	}
	t.Logf("%d of %d new directories had the old one's inode number", same, rounds)
}

func TestWatchOfADirectoryMovedAway(t *testing.T) {
	t.Parallel()
	d := eventsOnly(t)
	aside, other := d.path+".old", d.path+".new"
	write(t, d, "a.xml", "<k/>")
	changes := startWatch(t, d)
	must(t, os.Rename(d.path, aside))
	told(t, changes, "moved away")
	must(t, os.WriteFile(filepath.Join(aside, "b.xml"), []byte("<k/>"), 0o600))
	if n := rest(changes); n != 0 {
		t.Errorf("%d values for a change in the directory that was moved away", n)
	}
	must(t, os.Mkdir(other, 0o700))
	must(t, os.Rename(other, d.path))
	toldOfTheNew(t, d, changes, "another moved in")
	must(t, os.Rename(d.path, other))
	must(t, os.Rename(aside, d.path))
	toldOfTheNew(t, d, changes, "the first moved back")
}

// Whatever link on the way is made to lead elsewhere: the last, one that the
// last leads to, or one in the middle.
func TestWatchOfADirectoryBehindLinks(t *testing.T) {
	t.Parallel()
	for _, moved := range []string{"way/keys", "hop/here", "current"} {
		t.Run(filepath.Base(moved), func(t *testing.T) {
			t.Parallel()
			top := t.TempDir()
			at := func(name string) string { return filepath.Join(top, filepath.FromSlash(name)) }
			for _, dir := range []string{"real-1", "real-2", "hop", "way", "way-2"} {
				must(t, os.Mkdir(at(dir), 0o700))
			}
			lead := func(name, target string) {
				t.Helper()
				if err := os.Symlink(target, at("new")); err != nil {
					t.Skipf("no symbolic links here: %v", err)
				}
				must(t, os.Rename(at("new"), at(name)))
			}
			lead("way/keys", filepath.Join("..", "hop", "here"))
			lead("hop/here", at("real-1"))
			lead("current", "way")
			d := watchable(t, at("current/keys"), eventsOnly(t).poll)
			changes := startWatch(t, d)
			write(t, d, "a.xml", "<k/>")
			told(t, changes, "a change at the end of the links")

			if moved == "current" {
				lead("way-2/keys", at("real-2"))
				lead("current", "way-2")
			} else {
				lead(moved, at("real-2"))
			}
			toldOfTheNew(t, d, changes, moved+" re-pointed")
			wantNames(t, d, "new")
			must(t, os.RemoveAll(at("real-2")))
			told(t, changes, "the target removed")
			must(t, os.Mkdir(at("real-2"), 0o700))
			toldOfTheNew(t, d, changes, "the target made again")
		})
	}
}

// A Secret is mounted as links to links: names lead through "..data" to a
// directory with a date, and an update makes a new one and swaps "..data".
func TestWatchOfAKubernetesVolume(t *testing.T) {
	t.Parallel()
	for _, sub := range []string{"", "keys"} {
		t.Run("items in "+filepath.Join("volume", sub), func(t *testing.T) {
			t.Parallel()
			volume := watchable(t, filepath.Join(t.TempDir(), "volume"), never)
			at := func(name string) string { return filepath.Join(volume.path, name) }
			update := func(version, content string) {
				t.Helper()
				write(t, volume, filepath.Join("..v"+version, sub, "key.xml"), content)
				link(t, volume, "..v"+version, "..data_tmp")
				must(t, os.Rename(at("..data_tmp"), at("..data")))
			}
			update("1", "<a/>")
			top := "key.xml" // what the volume shows is a link to the item, or to its directory
			if sub != "" {
				top = sub
			}
			link(t, volume, filepath.Join("..data", top), top)

			d := watchable(t, filepath.Join(volume.path, sub), eventsOnly(t).poll)
			changes := startWatch(t, d)
			for version, content := range []string{"<b/>", "<c/>", "<d/>"} {
				update(string(rune('2'+version)), content)
				told(t, changes, "..data swapped")
				must(t, os.RemoveAll(at("..v"+string(rune('1'+version)))))
				rest(changes)
				list, err := d.Elements(t.Context())
				must(t, err)
				if want := content[:2] + " />"; len(list) != 1 || string(list[0].XML) != want {
					t.Fatalf("elements %v after the swap, want %s", list, want)
				}
			}
		})
	}
}
