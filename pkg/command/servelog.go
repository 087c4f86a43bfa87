package command

import (
	"fmt"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// logAccess prints a line for each request.
func (a *app) logAccess(request server.Access) {
	line := fmt.Sprintf("%s %s %s %d %s", time.Now().Format(time.TimeOnly), request.Method, request.Path,
		request.Status, request.Duration.Round(time.Millisecond/10))
	if request.Received > 0 {
		line += ", " + ui.Size(request.Received) + " received"
	}
	if request.Sent > 0 {
		line += ", " + ui.Size(request.Sent) + " sent"
	}
	if request.Err != nil {
		line += ": " + errorText(request.Err)
	}
	fmt.Fprintln(a.streams.screen, printable.Text(line))
}
