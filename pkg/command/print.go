package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/provenance"
	"github.com/artifact-cli/artifact/pkg/internal/redact"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// streams are standard output and standard error, behind filters for secrets
// and control characters.
type streams struct {
	redactor       *redact.Redactor
	revealing      io.Writer // standard output without the filter
	log            io.Writer // standard error, likewise
	results        *strictWriter
	onTerminal     bool // results are
	screen         *ui.Screen
	stdout, stderr *redact.Writer
}

func (e Env) openStreams() *streams {
	redactor := new(redact.Redactor)
	stdout, stderr := redactor.Writer(e.Stdout), redactor.Writer(e.Stderr)
	screen := ui.NewScreen(stderr, func() int { return ui.Columns(e.Stderr) })
	results := &strictWriter{next: stdout}
	onTerminal := ui.IsTerminal(e.Stdout)
	if onTerminal { // mostly the one that the bar is on
		results.next = screen.Beside(stdout)
	}
	return &streams{
		redactor:  redactor,
		revealing: e.Stdout,
		log:       e.Stderr,
		results:   results, onTerminal: onTerminal,
		screen: screen,
		stdout: stdout,
		stderr: stderr,
	}
}

// reveal prints a result that is meant to show a secret, past the filter.
func (s *streams) reveal(text string) error {
	_, err := io.WriteString(s.revealing, text)
	if err != nil {
		return &outputError{err}
	}
	return nil
}

// revealToLog prints a line to standard error past the filter, to make a
// secret known to a CI's log. Whole lines are not mixed with others.
func (s *streams) revealToLog(line string) { _, _ = io.WriteString(s.log, line) }

// flush writes what was held back because a secret might have begun there.
func (s *streams) flush() {
	if err := s.stdout.Flush(); s.results.err == nil {
		s.results.err = err
	}
	_ = s.stderr.Flush() // nobody is left to be told
}

// strictWriter remembers the first error, so that no command has to check each
// line that it prints, and none succeeds without its results.
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

// hide hides a secret in everything printed from now on.
func (a *app) hide(secret string) { a.streams.redactor.Add(secret) }

// say prints a message, unless -q is given.
func (a *app) say(format string, args ...any) {
	if !a.common.quiet {
		fmt.Fprintln(a.streams.screen, printable.Text(fmt.Sprintf(format, args...)))
	}
}

// warn prints a warning, unless -q is given.
func (a *app) warn(text string) {
	if a.common.quiet {
		return
	}
	colours := ui.NewPalette(a.common.color, a.env.Stderr, a.env.Getenv)
	fmt.Fprintf(a.streams.screen, "%s %s\n", colours.Warning("artifact: warning:"), printable.Text(text))
}

// note prints a line that is good to know, unless -q is given.
func (a *app) note(text string) {
	if !a.common.quiet {
		a.printLine(text)
	}
}

// printError prints an error as one line, and the stack of a panic below it.
func (a *app) printError(err error) {
	colours := ui.NewPalette(a.common.color, a.env.Stderr, a.env.Getenv)
	fmt.Fprintf(a.streams.screen, "%s %s\n", colours.Error("artifact:"), printable.Text(err.Error()))
	if broken, ok := errors.AsType[*fault.Error](err); ok {
		_, _ = a.streams.screen.Write(broken.Stack)
	}
}

// printHint prints the next step after an error, which may take several lines.
func (a *app) printHint(next string) {
	for line := range strings.Lines(next) {
		a.printLine("hint: " + strings.TrimSuffix(line, "\n"))
	}
}

func (a *app) printLine(text string) {
	fmt.Fprintf(a.streams.screen, "artifact: %s\n", printable.Text(text))
}

// printResult prints one line of results. Programs get names byte by byte; a
// terminal gets them escaped.
func (a *app) printResult(line string) {
	if a.streams.onTerminal {
		line = printable.Text(line)
	}
	fmt.Fprintln(a.streams.results, line) // the writer keeps its error
}

// printJSON prints one object on one line.
func (a *app) printJSON(object any) {
	var line strings.Builder
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(object) // every one of ours can be encoded
	a.printResult(strings.TrimSuffix(line.String(), "\n"))
}

// progress returns how to show transfers.
func (a *app) progress() *ui.Progress {
	style := ui.Silent
	if !a.common.quiet {
		style = ui.ChooseStyle(a.common.progress, a.env.Stderr, a.env.Getenv)
	}
	// A CI's log keeps each frame of a bar, even if the job has a terminal.
	if style == ui.Bar && a.common.progress == ui.Auto && provenance.DetectCI(a.env.LookupEnv).Detected {
		style = ui.Lines
	}
	return ui.NewProgress(a.streams.screen, style)
}

// beginOne begins to show the transfer of a single artifact.
func (a *app) beginOne(name string) *ui.Transfer {
	a.shown = a.progress().Begin(a.streams.redactor.String(name)) // whose beginning a bar cuts
	return a.shown
}

// noteRetry prints a line for each retry.
func (a *app) noteRetry(r client.Retry, retries uint64) {
	if a.shown != nil {
		a.shown.Pause(r.Pause)
	}
	if a.common.quiet {
		return
	}
	line := fmt.Sprintf("artifact: %s; trying again in %s (%d of %d)",
		r.Err, r.Pause.Round(100*time.Millisecond), r.Attempt, retries)
	fmt.Fprintln(a.streams.screen, printable.Text(line))
}

// trace returns a function that prints a line for each request, or nil
// without --verbose.
func (a *app) trace() func(client.Exchange) {
	if !a.common.verbose {
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
