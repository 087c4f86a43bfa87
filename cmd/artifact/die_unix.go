//go:build unix

package main

import (
	"context"
	"errors"
	"os/signal"
	"syscall"

	"github.com/artifact-cli/artifact/pkg/command"
)

// dieOf ends the process by the signal that ended ctx, where code says that it
// was stopped by it, so that a shell's loop around it ends too: an exit code
// alone would not tell it.
func dieOf(ctx context.Context, code int) {
	var interrupt command.Interrupt
	if !errors.As(context.Cause(ctx), &interrupt) || code != interrupt.ExitCode() {
		return
	}
	signal.Reset(interrupt.Signal)
	if syscall.Kill(syscall.Getpid(), interrupt.Signal) == nil {
		select {} // until the signal arrives
	}
}
