package command

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// output is standard output or standard error. If it is a pipe that nobody reads any
// more, the process dies as other programs do, but without its temporary files.
type output struct{ file *os.File }

// CatchBrokenPipes makes writes to pipes that nobody reads fail, so that the process
// can clean up before it dies.
func CatchBrokenPipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

func (o output) Write(p []byte) (int, error) {
	n, err := o.file.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		CleanUp()
		signal.Reset(syscall.SIGPIPE)
		_, _ = o.file.Write(p[n:]) // ends the process, except for PID 1 of a container
		os.Exit(exitSignal + int(syscall.SIGPIPE))
	}
	return n, err
}
