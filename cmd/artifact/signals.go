package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/artifact-cli/artifact/pkg/command"
)

// untilSignal makes a context that ends with the first signal that asks the
// program to stop; a second one stops it at once. A signal that is ignored
// already, as by nohup, stays so.
func untilSignal() context.Context {
	var wanted []os.Signal
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(sig) {
			wanted = append(wanted, sig)
		}
	}
	if len(wanted) == 0 {
		return context.Background()
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		// Beside everything else: the runtime takes a while. Until then a
		// signal ends the program as it would end any.
		received := make(chan os.Signal, 1)
		signal.Notify(received, wanted...)
		if sig, ok := (<-received).(syscall.Signal); ok {
			signal.Stop(received)
			cancel(command.Interrupt{Signal: sig})
		}
	}()
	return ctx
}
