package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// The values of --log.
const (
	logText = "text"
	logJSON = "json"
)

func parseLog(text string) (string, error) {
	if text != logText && text != logJSON {
		return "", fmt.Errorf("%q is neither %s nor %s", text, logText, logJSON)
	}
	return text, nil
}

// serveLog is what serve reports on standard error.
type serveLog struct {
	app        *app
	hasCommand bool
	style      ui.Style // of the line that shows the traffic
	all        bool     // log all requests and removals, not only failures
}

// newServeLog returns the log of serve. By default it has all requests, unless a
// terminal shows the traffic on one line, or belongs to a command. If the log is
// JSON, the messages of a become records too.
func (a *app) newServeLog(o serveOptions) *serveLog {
	log := &serveLog{app: a, hasCommand: len(o.command) > 0}
	if o.log == logJSON {
		a.records = newRecords(a.streams.screen)
	} else if !log.hasCommand {
		log.style = a.progressStyle()
	}
	byDefault := !log.hasCommand && log.style != ui.Bar
	log.all = a.common.verbose || !a.common.quiet && (byDefault || o.log != "")
	return log
}

// newRecords returns a logger that writes one JSON object per line. These keys are
// documented.
func newRecords(screen *ui.Screen) *slog.Logger {
	return slog.New(slog.NewJSONHandler(screen, &slog.HandlerOptions{ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
		switch attr.Key {
		case slog.TimeKey:
			return slog.String("time", attr.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z07:00"))
		case slog.LevelKey:
			return slog.String("level", strings.ToLower(attr.Value.String()))
		case slog.MessageKey:
			return slog.String("message", attr.Value.String())
		}
		return attr
	}}))
}

// logs reports whether to log a request. Failures of the server are always logged:
// clients only learn that the log has the reason. So are broken connections, except
// for those of a command, which reports them.
func (l *serveLog) logs(r server.Access) bool {
	if r.Routine {
		return l.app.common.verbose
	}
	return l.all || r.Failed || r.Err != nil && !l.hasCommand
}

// request logs a request.
func (l *serveLog) request(r server.Access) {
	if !l.logs(r) {
		return
	}
	if l.app.records != nil {
		l.app.recordRequest(r)
		return
	}
	line := fmt.Sprintf("%s %s %d %s", r.Method, r.Path, r.Status, r.Duration.Round(time.Millisecond/10))
	if r.Received > 0 {
		line += ", " + ui.Size(r.Received) + " received"
	}
	if r.Sent > 0 {
		line += ", " + ui.Size(r.Sent) + " sent"
	}
	if r.Err != nil {
		line += ": " + errorText(r.Err)
	}
	l.app.printDated(line)
	if broken, ok := errors.AsType[*fault.Error](r.Err); ok {
		_, _ = l.app.streams.screen.Write(broken.Stack)
	}
}

// printDated prints a line of the log.
func (a *app) printDated(line string) {
	fmt.Fprintln(a.streams.screen, time.Now().Format(time.TimeOnly), printable.Text(line))
}

func (a *app) recordRequest(r server.Access) {
	level := slog.LevelInfo
	attributes := []slog.Attr{
		slog.String("method", r.Method), slog.String("path", r.Path), slog.Int("status", r.Status),
		slog.Float64("seconds", r.Duration.Round(time.Microsecond).Seconds()),
		slog.Int64("received", r.Received), slog.Int64("sent", r.Sent),
	}
	if r.Err != nil {
		level = slog.LevelWarn
		attributes = append(attributes, slog.String("error", printable.Text(errorText(r.Err))))
	}
	if r.Failed {
		level = slog.LevelError
	}
	if broken, ok := errors.AsType[*fault.Error](r.Err); ok {
		attributes = append(attributes, slog.String("stack", string(broken.Stack)))
	}
	a.records.LogAttrs(context.Background(), level, "request", attributes...)
}

// warning logs an error that concerns no request.
func (l *serveLog) warning(err error) {
	l.app.printError(err)
	l.app.printHint(l.app.hint(err))
}

var removedBecause = map[store.Reason]string{
	store.Expired: "older than --max-age", store.Evicted: "to stay below --max-size",
}

// removal logs what the store removed.
func (l *serveLog) removal(r store.Removal) {
	switch {
	case !l.all:
	case l.app.records != nil:
		l.app.records.Info("removed", "reason", string(r.Reason), "artifacts", r.Artifacts, "bytes", r.Bytes)
	default:
		what := "1 artifact"
		if r.Artifacts != 1 {
			what = fmt.Sprintf("%d artifacts", r.Artifacts)
		}
		l.app.printDated(fmt.Sprintf("removed %s, %s, %s", what, ui.Size(r.Bytes), removedBecause[r.Reason]))
	}
}

// show reports that cache serves at a URL, and shows its traffic on a terminal
// until the returned function is called, which sums it up.
func (l *serveLog) show(cache *server.Server, url string) (end func()) {
	a := l.app
	switch {
	case a.records != nil:
		a.note("serving at " + url)
	case ui.IsTerminal(a.env.Stderr):
		a.note("serving at " + url + "; press Ctrl-C to stop")
	}
	if l.style != ui.Bar {
		return func() {}
	}
	look := func() ui.Traffic { return ui.Traffic(cache.Totals()) }
	_, host, _ := strings.Cut(url, "://")
	serving := ui.NewProgress(a.streams.screen, l.style).BeginServing(host, look)
	return func() {
		serving.End()
		a.note(look().String())
	}
}
