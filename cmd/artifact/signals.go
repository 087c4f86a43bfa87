package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/artifact-cli/artifact/pkg/command"
)

// untilSignal makes a context that ends with the first signal that asks the
// program to stop; a second one ends the process, unless passOn was called. A
// signal that is ignored already, as by nohup, stays so.
func untilSignal() (ctx context.Context, passOn func()) {
	var wanted []os.Signal
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(sig) {
			wanted = append(wanted, sig)
		}
	}
	if len(wanted) == 0 {
		return context.Background(), func() {}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	var passed atomic.Bool
	received := make(chan os.Signal, 1)
	signal.Notify(received, wanted...)
	go func() {
		for sig := range received {
			interrupt := command.Interrupt{Signal: sig.(syscall.Signal)}
			if ctx.Err() != nil && !passed.Load() {
				command.CleanUp()
				dieOf(interrupt.Signal)
				os.Exit(interrupt.ExitCode())
			}
			cancel(interrupt)
		}
	}()
	return ctx, func() { passed.Store(true) }
}
