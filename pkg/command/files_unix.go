//go:build unix

package command

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// The errors of a file of secrets that others can read.
var (
	errReadByOthers = errors.New("others can read it: run chmod 600 on it")
	errForeign      = errors.New("others can read it, and it belongs to another user: use a copy with mode 600")
)

// checkPrivate rejects a file or FIFO of secrets that others can read, unless this
// user cannot change that. A device keeps no secrets, and reading a directory fails.
func checkPrivate(file *os.File) error {
	var status unix.Stat_t
	err := unix.Fstat(int(file.Fd()), &status)
	kind := status.Mode & unix.S_IFMT
	switch {
	case err != nil || status.Mode&0o077 == 0 || kind != unix.S_IFREG && kind != unix.S_IFIFO || isFixed(file):
		return err
	case int(status.Uid) != os.Geteuid() && os.Geteuid() != 0:
		return errForeign
	}
	return errReadByOthers
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
