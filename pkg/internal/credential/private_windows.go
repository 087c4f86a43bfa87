package credential

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"

	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// openPrivate opens a file of secrets. Windows protects the user's own directories, and
// has no modes to check.
func openPrivate(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink != 0 {
		return nil, errors.New("it is a symbolic link")
	}
	file, err := os.Open(path)
	return file, usertext.FileReason(err)
}

// openLock opens the file to lock.
func openLock(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}

// checkOwner has nothing to check: there is no sudo.
func checkOwner(string, string) error { return nil }

func isNoDirectory(err error) bool { return errors.Is(err, windows.ERROR_PATH_NOT_FOUND) }
