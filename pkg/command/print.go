package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/provenance"
	"github.com/artifact-cli/artifact/pkg/internal/redact"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// streams are standard output and standard error, behind filters for secrets
// and control characters.
type streams struct {
	redactor       *redact.Redactor
	results        *strictWriter
	onTerminal     bool // results go to a terminal
	screen         *ui.Screen
	stdout, stderr *redact.Writer
}

func (e Env) openStreams() *streams {
	s := &streams{redactor: new(redact.Redactor), onTerminal: ui.IsTerminal(e.Stdout)}
	s.stdout, s.stderr = s.redactor.Writer(output{e.Stdout}), s.redactor.Writer(output{e.Stderr})
	s.screen = ui.NewScreen(s.stderr, func() int { return ui.Columns(e.Stderr) })
	s.results = &strictWriter{next: s.stdout}
	if s.onTerminal { // usually the same terminal as the bar
		s.results.next = s.screen.Beside(s.stdout)
	}
	return s
}

// flush writes what was held back as the possible beginning of a secret.
func (s *streams) flush() {
	if err := s.stdout.Flush(); s.results.err == nil {
		s.results.err = err
	}
	_ = s.stderr.Flush() // there is nowhere left to report an error
}

// strictWriter records the first error, so that commands need not check every
// line, but fail if their results go to a terminal lost.
type strictWriter struct {
	next io.Writer
	err  error
}

func (w *strictWriter) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	_, w.err = w.next.Write(p)
	return len(p), w.err
}

// reveal prints a result that contains a secret, unfiltered.
func (a *app) reveal(text string) error {
	if _, err := io.WriteString(output{a.env.Stdout}, text); err != nil {
		return &outputError{err}
	}
	return nil
}

// hide hides a secret in all output from now on.
func (a *app) hide(secret string) { a.streams.redactor.Add(secret) }

// say prints a message, unless -q is given.
func (a *app) say(format string, args ...any) {
	if !a.common.quiet {
		fmt.Fprintln(a.streams.screen, a.fold(fmt.Sprintf(format, args...)))
	}
}

// warn prints a warning, unless -q is given.
func (a *app) warn(text string) {
	if !a.common.quiet {
		a.printMessage(slog.LevelWarn, text)
	}
}

// note prints an informational line, unless -q is given.
func (a *app) note(text string) {
	if !a.common.quiet {
		a.printLine(text)
	}
}

// printError prints an error on one line, and a panic's stack below it.
func (a *app) printError(err error) {
	broken, isBroken := errors.AsType[*fault.Error](err)
	if isBroken && a.records != nil {
		a.records.Error(printable.Text(errorText(err)), "stack", string(broken.Stack))
		return
	}
	a.printMessage(slog.LevelError, errorText(err))
	if isBroken {
		_, _ = a.streams.screen.Write(broken.Stack)
	}
}

// printHint prints the next step after an error, which may take several lines.
func (a *app) printHint(next string) {
	for line := range strings.Lines(next) {
		a.printLine("hint: " + strings.TrimSuffix(line, "\n"))
	}
}

func (a *app) printLine(text string) { a.printMessage(slog.LevelInfo, text) }

// printMessage prints a line after a coloured label, or as a record.
func (a *app) printMessage(level slog.Level, text string) {
	if a.records != nil {
		a.records.Log(context.Background(), level, printable.Text(text))
		return
	}
	label := "artifact:"
	var paint func(ui.Palette, string) string
	switch level {
	case slog.LevelError:
		paint = ui.Palette.Error
	case slog.LevelWarn:
		label, paint = "artifact: warning:", ui.Palette.Warning
	}
	line := strings.TrimPrefix(a.fold(label+" "+text), label)
	if paint != nil {
		label = paint(ui.NewPalette(a.common.color, a.env.Stderr, a.env.Getenv), label)
	}
	fmt.Fprintln(a.streams.screen, label+line)
}

// fold makes a line fit the terminal, if it goes to one. It hides secrets first,
// since the filter would not recognize a broken one.
func (a *app) fold(line string) string {
	return a.streams.screen.Fold(a.streams.redactor.String(printable.Text(line)))
}

// printResult prints a line of results. A terminal gets it escaped, a program
// unchanged.
func (a *app) printResult(line string) {
	if a.streams.onTerminal {
		line = printable.Text(line)
	}
	fmt.Fprintln(a.streams.results, line) // the writer records errors
}

// printJSON prints one object on one line.
func (a *app) printJSON(object any) {
	var line strings.Builder
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(object) // our objects can all be encoded
	a.printResult(strings.TrimSuffix(line.String(), "\n"))
}

// progress returns how to show transfers.
func (a *app) progress() *ui.Progress { return ui.NewProgress(a.streams.screen, a.progressStyle()) }

func (a *app) progressStyle() ui.Style {
	if a.common.quiet {
		return ui.Silent
	}
	style := ui.ChooseStyle(a.common.progress, a.env.Stderr, a.env.Getenv)
	// A CI's log keeps each frame of a bar, even if the job has a terminal.
	if style == ui.Bar && a.common.progress == ui.Auto && provenance.DetectCI(a.env.LookupEnv).Detected {
		return ui.Lines
	}
	return style
}

// showTransfer shows the transfer of a single artifact.
func (a *app) showTransfer(name string) *ui.Transfer {
	a.shown = a.progress().Begin(a.streams.redactor.String(name)) // before a bar truncates its start
	return a.shown
}

// commonCause returns the reason of an error that does not concern only one
// artifact: the server cannot be reached, a request for many artifacts failed, or
// the run has stopped. It is empty for other errors.
func commonCause(err error) string {
	if notTried, ok := errors.AsType[*transfer.NotTriedError](err); ok {
		return notTried.Err.Error()
	}
	answered, ok := errors.AsType[*client.Error](err)
	if !ok {
		return ""
	}
	failed, isNetwork := errors.AsType[*net.OpError](err)
	if answered.ID == "" || isNetwork && failed.Op != "read" && failed.Op != "write" {
		return cmp.Or(answered.NetworkCause(), answered.Reason())
	}
	return ""
}

// isNew reports whether a cause was not printed since the last success. An empty one
// is not shared with other errors.
func (a *app) isNew(cause string) bool {
	if cause == "" {
		return true
	}
	_, isKnown := a.said.LoadOrStore(cause, true)
	return !isKnown
}

// noteRetry prints a line for each retry, and one for those that have a common
// cause.
func (a *app) noteRetry(r client.Retry, retries uint64) {
	if a.shown != nil {
		a.shown.Pause(r.Pause)
	}
	cause := commonCause(r.Err)
	if cause != "" {
		cause += fmt.Sprintf(", attempt %d", r.Attempt)
	}
	if a.common.quiet || !a.isNew(cause) {
		return
	}
	a.printLine(fmt.Sprintf("%s; trying again in %s (%d of %d)", errorText(r.Err), r.Pause.Round(100*time.Millisecond), r.Attempt, retries))
}

// trace returns a function that prints a line for each request, or nil
// without --verbose.
func trace[E client.Exchange | transport.Exchange](a *app) func(E) {
	if !a.common.verbose {
		return nil
	}
	return func(exchange E) {
		e := client.Exchange(exchange)
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
