package command

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
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
		redactor: redactor,
		results:  results, onTerminal: onTerminal,
		screen: screen,
		stdout: stdout,
		stderr: stderr,
	}
}

// flush writes what was held back because a secret might have begun there.
func (s *streams) flush() {
	if err := s.stdout.Flush(); s.results.err == nil {
		s.results.err = err
	}
	_ = s.stderr.Flush() // there is nowhere left to report an error
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

// reveal prints a result that contains a secret, unfiltered.
func (a *app) reveal(text string) error {
	if _, err := io.WriteString(a.env.Stdout, text); err != nil {
		return &outputError{err}
	}
	return nil
}

// hide hides a secret in everything printed from now on.
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
		a.printLabelled("artifact: warning:", text, ui.Palette.Warning)
	}
}

// note prints a line that is good to know, unless -q is given.
func (a *app) note(text string) {
	if !a.common.quiet {
		a.printLine(text)
	}
}

// printError prints an error as one line, and the stack of a panic below it.
func (a *app) printError(err error) {
	a.printLabelled("artifact:", errorText(err), ui.Palette.Error)
	if broken, ok := errors.AsType[*fault.Error](err); ok {
		_, _ = a.streams.screen.Write(broken.Stack)
	}
}

// errorText returns the text of an error in one line. Those of joined errors have
// one for each.
func errorText(err error) string {
	text := err.Error()
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		if joined, ok := inner.(interface{ Unwrap() []error }); ok {
			var lines, parts []string
			for _, part := range joined.Unwrap() {
				lines, parts = append(lines, part.Error()), append(parts, errorText(part))
			}
			return strings.Replace(text, strings.Join(lines, "\n"), strings.Join(parts, "; "), 1)
		}
	}
	return text
}

// printHint prints the next step after an error, which may take several lines.
func (a *app) printHint(next string) {
	for line := range strings.Lines(next) {
		a.printLine("hint: " + strings.TrimSuffix(line, "\n"))
	}
}

func (a *app) printLine(text string) { a.printLabelled("artifact:", text, nil) }

// printLabelled prints a line with a label before it, which is painted if paint
// is not nil.
func (a *app) printLabelled(label, text string, paint func(ui.Palette, string) string) {
	line := strings.TrimPrefix(a.fold(label+" "+text), label)
	if paint != nil {
		label = paint(ui.NewPalette(a.common.color, a.env.Stderr, a.env.Getenv), label)
	}
	fmt.Fprintln(a.streams.screen, label+line)
}

// fold makes a line fit the terminal, if it goes to one. Secrets are hidden
// first: the filter does not recognize one that is broken.
func (a *app) fold(line string) string {
	return a.streams.screen.Fold(a.streams.redactor.String(printable.Text(line)))
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

// commonCause returns what an error says that is not about one artifact: that the
// server cannot be reached, that one request for many has failed, or that the run
// had ended. It is empty for all others.
func commonCause(err error) string {
	if untried, ok := errors.AsType[*transfer.NotTriedError](err); ok {
		return untried.Err.Error()
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

// causes are common causes that were printed since something has succeeded.
type causes struct {
	mu   sync.Mutex
	said []string
}

// add reports whether a cause is new. An empty one always is.
func (c *causes) add(cause string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cause == "" {
		return true
	}
	isNew := !slices.Contains(c.said, cause)
	if isNew {
		c.said = append(c.said, cause)
	}
	return isNew
}

func (c *causes) forget() {
	c.mu.Lock()
	c.said = nil
	c.mu.Unlock()
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
	if a.common.quiet || !a.said.add(cause) {
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
