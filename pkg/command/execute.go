package command

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

// stopTime is how long a command may take to end after a signal.
const stopTime = time.Second

// execute runs the command line. Some of what a command may wait for cannot be
// interrupted: to open a FIFO that nobody writes to, or to write to a pipe that
// nobody reads. After a signal that is left behind, and err is the signal's.
func (a *app) execute(ctx context.Context, root *cobra.Command) (err error, ended bool) {
	finished := make(chan error, 1)
	go func() {
		defer func() {
			if fault := recover(); fault != nil {
				finished <- &faultError{fault, debug.Stack()}
			}
		}()
		finished <- root.ExecuteContext(ctx)
	}()
	select {
	case err := <-finished:
		return err, true
	case <-ctx.Done():
	}
	select {
	case err := <-finished:
		return err, true
	case <-time.After(stopTime):
	}
	interrupt := Interrupt{}
	if !errors.As(context.Cause(ctx), &interrupt) || a.unhurried.Load() {
		return <-finished, true
	}
	return interrupt, false
}

// faultError is a panic.
type faultError struct {
	fault any
	stack []byte
}

func (e *faultError) Error() string { return fmt.Sprintf("a fault of this program: %v", e.fault) }

func (a *app) reportFault(e *faultError) int {
	fmt.Fprintf(a.streams.screen, "artifact: %v\n%s", e, e.stack)
	return exitFault
}
