package command

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// output is standard output or standard error. A write to a broken pipe removes the
// temporary files and then ends the process with SIGPIPE.
type output struct{ file *os.File }

// CatchBrokenPipes makes a write to a broken pipe return an error instead of killing
// the process, so that it can clean up first.
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
