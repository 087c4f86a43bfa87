package command

import (
	"fmt"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
)

// noteRetry prints a line for each further try.
func (a *app) noteRetry(r client.Retry) {
	if a.shown != nil {
		a.shown.Pause(r.Pause)
	}
	if a.global.quiet {
		return
	}
	line := fmt.Sprintf("artifact: %s; trying again in %s (%d of %d)",
		r.Err, r.Pause.Round(100*time.Millisecond), r.Attempt, a.global.retries)
	fmt.Fprintln(a.streams.screen, printable.Text(line))
}

// trace prints a line for each request, under --verbose.
func (a *app) trace() func(client.Exchange) {
	if !a.global.verbose {
		return nil
	}
	return func(e client.Exchange) {
		line := fmt.Sprintf("%s %s: ", e.Method, e.URL)
		if e.Err != nil {
			line += e.Err.Error()
		} else {
			line += fmt.Sprintf("%d %s", e.Status, e.Protocol)
		}
		line += fmt.Sprintf(" in %v", e.Elapsed.Round(time.Millisecond/10))
		if e.RequestID != "" {
			line += ", request " + e.RequestID
		}
		fmt.Fprintln(a.streams.screen, printable.Text(line))
	}
}
