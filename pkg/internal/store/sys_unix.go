//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openFlags keep an open from waiting for the other end of a FIFO that somebody
// put in a file's place. They mean nothing for a regular file.
const openFlags = unix.O_NONBLOCK

// syncDirectory writes the names in a directory to the disk.
func syncDirectory(root *os.Root, name string) error {
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		// This file system does without.
		err = nil
	}
	return errors.Join(err, dir.Close())
}

func isNoSpace(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}

func isTooLarge(err error) bool { return errors.Is(err, unix.EFBIG) }

// checkRoom holds size bytes against a disk of so many blocks, of which so many
// are free. A file system that counts no blocks says nothing.
func checkRoom(size, block, blocks, free uint64) error {
	if block == 0 || blocks == 0 {
		return nil
	}
	switch need := size / block; {
	case need > blocks:
		return unix.EFBIG
	case need > free:
		return unix.ENOSPC
	}
	return nil
}
