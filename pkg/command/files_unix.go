//go:build unix

package command

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// checkPrivate rejects a file of secrets that others can read, unless this user
// cannot change that.
func checkPrivate(file *os.File) error {
	info, err := file.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 && !isFixed(file) {
		return errReadByOthers
	}
	return err
}

// readOnlyMount is ST_RDONLY on Linux and MNT_RDONLY on macOS.
const readOnlyMount = 1

// isFixed reports whether a file is on a mount that this user cannot change.
// Docker, BuildKit and Kubernetes mount secrets read-only. With Podman, the file
// and every directory up to the mount belong to another user and are not
// writable.
func isFixed(file *os.File) bool {
	fd := int(file.Fd())
	var system unix.Statfs_t
	if unix.Fstatfs(fd, &system) == nil && uint64(system.Flags)&readOnlyMount != 0 { //nolint:gosec,unconvert // they are bits, of another type on macOS
		return true
	}
	path, err := filepath.EvalSymlinks(file.Name()) // Kubernetes' files are links
	if err == nil {
		path, err = filepath.Abs(path)
	}
	var at unix.Stat_t
	if err != nil || unix.Fstat(fd, &at) != nil {
		return false
	}
	for mount := at.Dev; int(at.Uid) != os.Geteuid() && !isWritable(path); {
		path = filepath.Dir(path)
		switch err := unix.Stat(path, &at); {
		case err != nil:
			return false
		case at.Dev != mount:
			return true
		case path == "/": // the root file system is not such a mount
			return false
		}
	}
	return false
}

func isWritable(path string) bool {
	return unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS) == nil
}
