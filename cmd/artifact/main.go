// Artifact uploads build artifacts to a Remote Cache. See its package command
// for the commands.
package main

import (
	"io"
	"log"
	"os"
	"runtime/debug"

	"github.com/artifact-cli/artifact/pkg/command"
)

// garbagePercent lets the heap grow to 8 MiB before garbage is collected.
const garbagePercent = 200

func main() {
	// net/http tells the log what hostile servers do; only errors are for users.
	log.SetOutput(io.Discard)
	// Little of the heap lives long: the collector would run for each 4 MiB.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	ctx := untilSignal()
	code := command.Run(ctx, command.Env{
		Args:      os.Args[1:],
		Stdin:     os.Stdin,
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
		LookupEnv: os.LookupEnv,
		Environ:   os.Environ,
	})
	dieOf(ctx, code)
	os.Exit(code)
}
