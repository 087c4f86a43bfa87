package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// openFlags are not needed: there are no FIFOs in directories.
const openFlags = 0

// syncDirectory does nothing: Windows cannot flush a directory, and NTFS has a
// journal.
func syncDirectory(*os.Root, string) error { return nil }

func isNoSpace(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}

func isTooLarge(err error) bool { return errors.Is(err, windows.ERROR_FILE_TOO_LARGE) }
