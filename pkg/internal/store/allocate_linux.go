package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate takes the room for size bytes before the first one is written, so
// that a full disk is known before a body is read. Where the file system
// cannot, a full disk shows later.
func allocate(file *os.File, size int64) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var full error
	if err := conn.Control(func(fd uintptr) { full = allocateTo(int(fd), size) }); err != nil {
		return err
	}
	if full != nil {
		return &os.PathError{Op: "allocate", Path: file.Name(), Err: full}
	}
	return nil
}

// allocateTo fails only where there is no room.
func allocateTo(fd int, size int64) error {
	// A file system may fill itself up before it finds that it is too small,
	// and be full for everybody in the meantime. So it is asked first.
	var disk unix.Statfs_t
	if unix.Fstatfs(fd, &disk) == nil {
		if err := checkRoom(uint64(size), uint64(disk.Bsize), disk.Blocks, disk.Bavail); err != nil { //nolint:gosec // sizes are not negative
			return err
		}
	}
	for {
		err := unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, 0, size)
		switch {
		case errors.Is(err, unix.EINTR):
		case isNoSpace(err), isTooLarge(err):
			return err
		default:
			return nil
		}
	}
}
