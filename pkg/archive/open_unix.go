//go:build unix

package archive

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// openFlags keep a FIFO that took a file's place from blocking.
const openFlags = os.O_RDONLY | unix.O_NONBLOCK

// storable returns why this system cannot store a file of this name, or "".
func storable(name string) string {
	for part := range strings.SplitSeq(name, "/") {
		if len(part) > unix.NAME_MAX {
			return fmt.Sprintf("this system cannot store a name of more than %d bytes", unix.NAME_MAX)
		}
	}
	return ""
}

// checkPlace returns an error if files of a staging directory cannot be moved to
// dir: it is read-only, or on another file system.
func checkPlace(dir, staging *os.Root) error {
	opened, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer opened.Close()
	if err := unix.Faccessat(int(opened.Fd()), ".", unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return err
	}
	from, err := staging.Open(".")
	if err != nil {
		return err
	}
	defer from.Close()
	var here, there unix.Stat_t
	if err := unix.Fstat(int(opened.Fd()), &there); err != nil {
		return err
	}
	if err := unix.Fstat(int(from.Fd()), &here); err != nil {
		return err
	}
	if here.Dev != there.Dev {
		return errOtherFileSystem
	}
	return nil
}
