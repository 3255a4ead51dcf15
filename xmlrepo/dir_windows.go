package xmlrepo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// openNonblock is not needed: no named pipe lives in a directory.
const openNonblock = 0

// mayPass says whether reading again may help: while another process has the
// file open for itself.
func mayPass(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}

// setMode does nothing: the directory's access control list is inherited.
func setMode(*os.File, fs.FileMode) error { return nil }

// copyAccess does nothing: the owner follows from the directory too.
func copyAccess(*os.File, fs.FileInfo) error { return nil }

// syncDir does nothing: NTFS writes names to its journal by itself.
func syncDir(*os.Root) error { return nil }

// links is unknown. It matters on NFS only.
func links(fs.FileInfo) uint64 { return 0 }

// inode is unknown without opening the file.
func inode(fs.FileInfo) uint64 { return 0 }

// renameNoReplace renames a file unless the new name is taken.
func renameNoReplace(root *os.Root, from, to string) error {
	old, err := windows.UTF16PtrFromString(filepath.Join(root.Name(), from))
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(filepath.Join(root.Name(), to))
	if err != nil {
		return err
	}
	return windows.MoveFileEx(old, name, windows.MOVEFILE_WRITE_THROUGH)
}

// setOwner has nothing to do: owners come with the directory's ACL.
func setOwner(*os.Root, *os.File) error { return nil }
