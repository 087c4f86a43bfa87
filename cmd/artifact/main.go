// Artifact uploads build artifacts to a Remote Cache. See its package command
// for the commands.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"runtime/debug"

	"github.com/artifact-cli/artifact/pkg/command"
)

func main() {
	// net/http logs what hostile servers do; users see only errors.
	log.SetOutput(io.Discard)
	// Most of what a list of small files leaves is garbage at once. With half as many
	// collections it takes a tenth less of the processor's time, and 5 MiB more.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
	command.CatchBrokenPipes()
	ctx, passOn := untilSignal()
	code := command.Run(ctx, command.Env{
		Args:        os.Args[1:],
		Stdin:       os.Stdin,
		Stdout:      os.Stdout,
		Stderr:      os.Stderr,
		LookupEnv:   os.LookupEnv,
		Environ:     os.Environ,
		PassSignals: passOn,
	})
	command.CleanUp()
	if interrupt := (command.Interrupt{}); errors.As(context.Cause(ctx), &interrupt) && code == interrupt.ExitCode() {
		dieOf(interrupt.Signal)
	}
	os.Exit(code)
}
