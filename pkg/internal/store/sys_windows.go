package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// openFlags: nothing in a directory can make an open wait here.
const openFlags = 0

// syncDirectory does nothing: a directory cannot be flushed here, and NTFS
// keeps a journal of its names.
func syncDirectory(*os.Root, string) error { return nil }

func isNoSpace(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}

func isTooLarge(err error) bool { return errors.Is(err, windows.ERROR_FILE_TOO_LARGE) }
