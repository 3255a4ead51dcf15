//go:build unix

package xmlrepo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openNonblock keeps opening a named pipe from waiting for its other end.
const openNonblock = syscall.O_NONBLOCK

// mayPass says whether reading again may help: after an NFS server has replaced
// the file, while a Samba client holds a lease on it, or when a link went away
// between two looks at it, of which os.Root tells by the error of the first.
func mayPass(err error) bool {
	for _, passing := range []error{syscall.ESTALE, syscall.EAGAIN, syscall.ELOOP, syscall.ENOTDIR} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}

// setMode sets the permission of a file, whatever the umask made of it.
func setMode(f *os.File, mode fs.FileMode) error { return f.Chmod(mode) }

// copyAccess gives a file the mode of another, and its owner and group unless it
// has them, all the way to the disk.
func copyAccess(f *os.File, like fs.FileInfo) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	have, ok := info.Sys().(*syscall.Stat_t)
	want, known := like.Sys().(*syscall.Stat_t)
	if ok && known && (have.Uid != want.Uid || have.Gid != want.Gid) {
		if err := f.Chown(int(want.Uid), int(want.Gid)); err != nil {
			return fmt.Errorf("the new file cannot be given the owner and group of the old one, and nodes might not be able to read it: %w", bare(err))
		}
	}
	if err := f.Chmod(like.Mode().Perm()); err != nil {
		return err
	}
	return f.Sync()
}

// setOwner gives a file that root writes to the owner of the directory: a file
// that root alone can read would keep everybody else from reading the ring.
func setOwner(root *os.Root, f *os.File) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	dir, ok := info.Sys().(*syscall.Stat_t)
	if !ok || dir.Uid == 0 {
		return nil
	}
	return f.Chown(int(dir.Uid), int(dir.Gid))
}

// syncDir makes the names in a directory survive a power cut. Some network file
// systems have no such call and say so; they have nothing to sync.
func syncDir(root *os.Root) error {
	f, err := root.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}

// links returns how many names a file has.
func links(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 0
}

// inode tells a file from its replacement.
func inode(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Ino)
	}
	return 0
}
