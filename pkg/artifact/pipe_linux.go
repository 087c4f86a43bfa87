package artifact

import (
	"os"
	"syscall"
)

const (
	setPipeSize = 1031 // F_SETPIPE_SZ of fcntl(2), which package syscall does not have
	pipeSize    = 1 << 20
)

// widenPipe lets a pipe hold 1 MiB instead of 64 KiB, so that its writer
// waits less: spooling took 0.7 of the time. Anything else stays as it is.
func widenPipe(file *os.File) {
	raw, err := file.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, setPipeSize, pipeSize)
	})
}
