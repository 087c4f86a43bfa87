package command

import (
	"fmt"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// tally counts what became of several artifacts, each of whose results was
// printed already.
type tally struct {
	app           *app
	total, failed int
	code          int    // of all failures, or of a mixture
	next          string // what to do about all of them
}

// add counts one artifact, and prints its error, if it has one.
func (t *tally) add(err error) {
	t.total++
	if err == nil {
		return
	}
	t.app.printError(err)
	code, next := exitCode(err), hint(err)
	if t.failed++; t.failed == 1 {
		t.code, t.next = code, next
	}
	if code != t.code {
		t.code = exitFault
	}
	if next != t.next {
		t.next = ""
	}
}

// err is nil where nothing failed.
func (t *tally) err() error {
	if t.failed == 0 {
		return nil
	}
	return &artifactError{&batchError{failed: t.failed, total: t.total, code: t.code, next: t.next}}
}

// batchError is what several artifacts came to.
type batchError struct {
	failed, total int
	code          int
	next          string
}

func (e *batchError) Error() string {
	if e.total == 1 {
		return "1 artifact failed"
	}
	return fmt.Sprintf("%d of %d artifacts failed", e.failed, e.total)
}

// printError prints an error as one line.
func (a *app) printError(err error) {
	colours := ui.NewPalette(a.global.color, a.env.Stderr, a.env.Getenv)
	fmt.Fprintf(a.streams.screen, "%s %s\n", colours.Error("artifact:"), printable.Text(err.Error()))
}

// warn prints a line that nobody has to act on, unless only errors are wanted.
func (a *app) warn(text string) {
	if a.global.quiet {
		return
	}
	colours := ui.NewPalette(a.global.color, a.env.Stderr, a.env.Getenv)
	fmt.Fprintf(a.streams.screen, "%s %s\n", colours.Warning("artifact: warning:"), printable.Text(text))
}

// note prints a line that is good to know, unless only errors are wanted.
func (a *app) note(text string) {
	if !a.global.quiet {
		fmt.Fprintf(a.streams.screen, "artifact: %s\n", printable.Text(text))
	}
}
