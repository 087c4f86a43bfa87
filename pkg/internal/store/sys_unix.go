//go:build unix

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openFlags keep open from blocking on a FIFO.
const openFlags = unix.O_NONBLOCK

// syncDirectory flushes a directory to the disk.
func syncDirectory(root *os.Root, name string) error {
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		err = nil // this file system does not need it
	}
	return errors.Join(err, dir.Close())
}

func isNoSpace(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}

func isTooLarge(err error) bool { return errors.Is(err, unix.EFBIG) }
