package command

import (
	"os"

	"golang.org/x/sys/unix"
)

// inherited returns a standard stream, or a closed file if the caller closed it,
// so that reads and writes fail. Before our code runs, Go opens /dev/null for
// reading and writing in place of a closed descriptor. Programs that discard
// several streams do the same, but then streams share an opened file (daemons),
// or all are /dev/null (Node.js). A program that so discards only standard output
// (DEVNULL in Python) looks like one that closes it; a hint explains this.
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

// isShared reports whether fd shares its opened file with another standard
// stream: flags belong to the opened file. O_NONBLOCK has no effect on /dev/null.
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

// areAllNull reports whether all standard streams are /dev/null, and standard
// input is open only for reading, which Go itself does not do.
func areAllNull() bool {
	flags, err := unix.FcntlInt(0, unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDONLY && isNull(0) && isNull(1) && isNull(2)
}
