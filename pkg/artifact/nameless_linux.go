package artifact

import (
	"os"
	"syscall"
)

// oTmpfile is O_TMPFILE of open(2), which package syscall does not have; the
// value holds for every architecture that Go runs on.
const oTmpfile = 0x400000 | syscall.O_DIRECTORY

// createNameless makes a file that never has a name. Some file systems cannot
// (overlays on old kernels, NFS): there it loses its name at once.
func createNameless(dir string) (*os.File, error) {
	file, err := os.OpenFile(dir, os.O_RDWR|oTmpfile, 0o600)
	if err == nil {
		return file, nil
	}
	return createUnlinked(dir)
}
