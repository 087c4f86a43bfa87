//go:build darwin || linux

package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// allocate reserves space for size bytes, so that a full disk is detected before
// a body is read, if the file system supports it.
func allocate(file *os.File, size int64) error {
	fd := int(file.Fd())
	err := checkRoom(fd, uint64(size)) //nolint:gosec // a size is not negative
	if err == nil {
		err = preallocate(fd, size)
	}
	if isNoSpace(err) || isTooLarge(err) {
		return &os.PathError{Op: "allocate", Path: file.Name(), Err: err}
	}
	return nil
}

// checkRoom compares size with the free space. Otherwise a file system may fill
// up, for other programs too, before an allocation fails.
func checkRoom(fd int, size uint64) error {
	var disk unix.Statfs_t
	if unix.Fstatfs(fd, &disk) != nil || disk.Bsize <= 0 || disk.Blocks == 0 {
		return nil // a file system without a block count
	}
	switch need := size / uint64(disk.Bsize); { //nolint:gosec // checked above
	case need > disk.Blocks:
		return unix.EFBIG
	case need > disk.Bavail:
		return unix.ENOSPC
	}
	return nil
}
