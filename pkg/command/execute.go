package command

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// stopTime is how long a command may take to end after a signal.
const stopTime = time.Second

// execute runs the command line. Some of what a command may wait for cannot be
// interrupted: to open a FIFO that nobody writes to, or to write to a pipe that
// nobody reads. After a signal that is left behind, and err is the signal's.
func (a *app) execute(ctx context.Context, root *cobra.Command) (err error, ended bool) {
	finished := make(chan error, 1)
	go func() { finished <- fault.Catch(func() error { return root.ExecuteContext(ctx) }) }()
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
