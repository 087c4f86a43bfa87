//go:build darwin || linux

package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// checkSpace reports a full disk before a body of size bytes is read. A file
// system may fill up all the same while the body is written.
func checkSpace(file *os.File, size int64) error {
	var disk unix.Statfs_t
	if unix.Fstatfs(int(file.Fd()), &disk) != nil || disk.Bsize <= 0 || disk.Blocks == 0 {
		return nil // a file system without a block count
	}
	full := func(err error) error { return &os.PathError{Op: "allocate", Path: file.Name(), Err: err} }
	switch need := uint64(size) / uint64(disk.Bsize); { //nolint:gosec // neither is negative
	case need > disk.Blocks:
		return full(unix.EFBIG)
	case need > disk.Bavail:
		return full(unix.ENOSPC)
	}
	return nil
}
