package command

import (
	"os"

	"golang.org/x/sys/unix"
)

// inherited returns a standard stream, or a closed file if the caller closed it:
// then reads and writes fail, instead of finding nothing and losing results. Go
// opens /dev/null in the place of a closed descriptor before any of our code
// runs, for reading and writing. Programs that discard several streams do the
// same, but then one opened file is behind more than one of them (daemons), or
// all are /dev/null (Node.js). One that discards standard output alone like that
// (DEVNULL in Python) looks the same as one that closes it: a hint says so.
func inherited(file *os.File) *os.File {
	if file == nil {
		return nil
	}
	fd := file.Fd()
	if !isNull(fd) {
		return file
	}
	const ways = unix.O_ACCMODE | unix.O_APPEND | unix.O_NONBLOCK
	flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
	if err != nil || flags&ways != unix.O_RDWR || isShared(fd, flags) || areAllNull() {
		return file
	}
	null, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return file
	}
	closed := os.NewFile(uintptr(null), file.Name())
	_ = closed.Close()
	return closed
}

// isShared reports whether the opened file behind fd is behind another standard
// stream too: flags belong to the opened file. O_NONBLOCK means nothing to
// /dev/null.
func isShared(fd uintptr, flags int) bool {
	blocking := func(other uintptr) bool {
		of, err := unix.FcntlInt(other, unix.F_GETFL, 0)
		return err == nil && of&unix.O_NONBLOCK == 0
	}
	for other := range uintptr(3) {
		if other == fd || !blocking(other) {
			continue
		}
		_, _ = unix.FcntlInt(fd, unix.F_SETFL, flags|unix.O_NONBLOCK)
		shared := !blocking(other)
		_, _ = unix.FcntlInt(fd, unix.F_SETFL, flags)
		if shared {
			return true
		}
	}
	return false
}

// isNull reports whether a descriptor is /dev/null.
func isNull(fd uintptr) bool {
	var info unix.Stat_t
	return unix.Fstat(int(fd), &info) == nil && info.Rdev == unix.Mkdev(1, 3)
}

// areAllNull reports whether all standard streams are /dev/null, and standard input
// is open for reading only, which Go does not do by itself.
func areAllNull() bool {
	flags, err := unix.FcntlInt(0, unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDONLY && isNull(0) && isNull(1) && isNull(2)
}
