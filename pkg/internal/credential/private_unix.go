//go:build unix

package credential

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// openPrivate opens a file of secrets that others must not be able to read.
func openPrivate(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		if errors.Is(err, unix.ELOOP) {
			return nil, errors.New("it is a symbolic link")
		}
		return nil, usertext.FileReason(err)
	}
	info, err := file.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = fmt.Errorf("%w (mode %04o), so the token in it may be known: revoke it, then remove the file", ErrExposed, info.Mode().Perm())
	}
	if err != nil {
		_ = file.Close()
		return nil, usertext.FileReason(err)
	}
	return file, nil
}

// openLock opens the file to lock.
func openLock(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
}

// checkOwner refuses to write files as root in the home of the user who called
// sudo, whose id is in SUDO_UID, since that user could not change them.
func checkOwner(dir, sudoUID string) error {
	caller, err := strconv.Atoi(sudoUID)
	if err != nil || caller == 0 || os.Geteuid() != 0 {
		return nil
	}
	for ; ; dir = filepath.Dir(dir) {
		var status unix.Stat_t
		err := unix.Stat(dir, &status)
		if errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir) {
			continue
		}
		if err == nil && int(status.Uid) == caller {
			return errors.New("it belongs to the user who called sudo: run this without sudo")
		}
		return nil
	}
}

func isNoDirectory(err error) bool { return errors.Is(err, unix.ENOTDIR) }
