package store

import (
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
	if err := conn.Control(func(fd uintptr) { full = allocateTo(fd, size) }); err != nil {
		return err
	}
	if full != nil {
		return &os.PathError{Op: "allocate", Path: file.Name(), Err: full}
	}
	return nil
}

// allocateTo fails only where there is no room.
func allocateTo(fd uintptr, size int64) error {
	var disk unix.Statfs_t
	if unix.Fstatfs(int(fd), &disk) == nil {
		if err := checkRoom(uint64(size), uint64(disk.Bsize), disk.Blocks, disk.Bavail); err != nil {
			return err
		}
	}
	room := unix.Fstore_t{Flags: unix.F_ALLOCATEALL, Posmode: unix.F_PEOFPOSMODE, Length: size}
	if err := unix.FcntlFstore(fd, unix.F_PREALLOCATE, &room); isNoSpace(err) || isTooLarge(err) {
		return err
	}
	return nil
}
