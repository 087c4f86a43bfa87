//go:build darwin || linux

package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// allocate takes the room for size bytes before the first one is written, so
// that a full disk is known before a body is read. If the file system cannot do
// that, a full disk shows later.
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

// checkRoom compares size with the room on the disk. A file system may fill
// itself up before it finds that it is too small, and be full for everybody in
// the meantime.
func checkRoom(fd int, size uint64) error {
	var disk unix.Statfs_t
	if unix.Fstatfs(fd, &disk) != nil || disk.Bsize <= 0 || disk.Blocks == 0 {
		return nil // a file system that counts no blocks
	}
	switch need := size / uint64(disk.Bsize); { //nolint:gosec // checked above
	case need > disk.Blocks:
		return unix.EFBIG
	case need > disk.Bavail:
		return unix.ENOSPC
	}
	return nil
}
