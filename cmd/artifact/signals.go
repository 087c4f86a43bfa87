package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/artifact-cli/artifact/pkg/command"
)

// withSignals makes a context that ends with the first signal that asks the
// program to stop; a second one stops it at once. A signal that is ignored
// already, as by nohup, stays so.
func withSignals() (ctx context.Context, stop func()) {
	var wanted []os.Signal
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(sig) {
			wanted = append(wanted, sig)
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	if len(wanted) == 0 {
		return ctx, func() { cancel(nil) }
	}
	received := make(chan os.Signal, 1)
	signal.Notify(received, wanted...)
	go func() {
		if sig, ok := (<-received).(syscall.Signal); ok {
			signal.Stop(received)
			cancel(command.Interrupt{Signal: sig})
		}
	}()
	return ctx, func() { signal.Stop(received); cancel(nil) }
}
