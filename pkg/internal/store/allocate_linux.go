package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate takes the room for size bytes before the first one is written, so
// that a full disk is known before a body is read. Where the file system
// cannot, a full disk shows later.
//
// What can never fit is not tried: ext4 takes all that is left before it
// notices, and until it has given that back, every writer on the disk fails.
func allocate(file *os.File, size int64) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var allocateErr error
	if err := conn.Control(func(fd uintptr) {
		var disk unix.Statfs_t
		if unix.Fstatfs(int(fd), &disk) == nil && disk.Blocks > 0 && uint64(size) > disk.Bfree*uint64(disk.Bsize) {
			allocateErr = unix.ENOSPC
			return
		}
		for {
			allocateErr = unix.Fallocate(int(fd), unix.FALLOC_FL_KEEP_SIZE, 0, size)
			if !errors.Is(allocateErr, unix.EINTR) {
				return
			}
		}
	}); err != nil {
		return err
	}
	if isNoSpace(allocateErr) || isTooLarge(allocateErr) {
		return &os.PathError{Op: "fallocate", Path: file.Name(), Err: allocateErr}
	}
	return nil
}
