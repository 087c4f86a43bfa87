// Artifact uploads build artifacts to a Remote Cache. See its package command
// for the commands.
package main

import (
	"io"
	"log"
	"os"

	"github.com/artifact-cli/artifact/pkg/command"
)

func main() {
	// net/http tells the log what hostile servers do; only errors are for users.
	log.SetOutput(io.Discard)
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
