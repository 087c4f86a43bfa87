package artifact

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// createNameless makes a file that never has a name. Some file systems cannot
// (overlays on old kernels, NFS): there it loses its name at once.
func createNameless(dir string) (*os.File, error) {
	if file, err := os.OpenFile(dir, os.O_RDWR|unix.O_TMPFILE, 0o600); err == nil {
		return file, nil
	}
	return createUnlinked(dir)
}

// widenPipe lets a pipe hold 1 MiB instead of 64 KiB, so that its writer
// waits less: spooling took 0.7 of the time. Anything else stays as it is.
func widenPipe(file *os.File) {
	if raw, err := file.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 1<<20) })
	}
}

func changeTime(sys *syscall.Stat_t) time.Time { return time.Unix(sys.Ctim.Unix()) }
