package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// openFlags: nothing in a directory can make an open wait here.
const openFlags = 0

// tryLock takes the lock on an open file, which ends with the process or when
// the file is closed, and reports false where another holder has it. An error
// means that there are no locks on this file system.
func tryLock(file *os.File) (bool, error) {
	conn, err := file.SyscallConn()
	if err != nil {
		return false, err
	}
	var lockErr error
	if err := conn.Control(func(fd uintptr) {
		lockErr = windows.LockFileEx(windows.Handle(fd),
			windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	}); err != nil {
		return false, err
	}
	if errors.Is(lockErr, windows.ERROR_LOCK_VIOLATION) || errors.Is(lockErr, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	return lockErr == nil, lockErr
}

// syncDirectory does nothing: a directory cannot be flushed here, and NTFS
// keeps a journal of its names.
func syncDirectory(*os.Root, string) error { return nil }

func isNoSpace(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}

func isTooLarge(err error) bool { return errors.Is(err, windows.ERROR_FILE_TOO_LARGE) }
