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
	room := unix.Fstore_t{Flags: unix.F_ALLOCATEALL, Posmode: unix.F_PEOFPOSMODE, Length: size}
	var allocateErr error
	if err := conn.Control(func(fd uintptr) {
		allocateErr = unix.FcntlFstore(fd, unix.F_PREALLOCATE, &room)
	}); err != nil {
		return err
	}
	if isNoSpace(allocateErr) || isTooLarge(allocateErr) {
		return &os.PathError{Op: "preallocate", Path: file.Name(), Err: allocateErr}
	}
	return nil
}
