package command

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// tally counts the printed results of a list, and sums them up in one line.
type tally struct {
	app      *app
	done     string    // the outcome of those that did not fail, such as "uploaded"
	began    time.Time // of the uploads; zero if nothing is sent
	tolerant bool      // failures are warnings

	total, failed, skipped int
	notTried               int   // because the run had stopped
	leftOut                int   // links and special files below a directory
	bytes                  int64 // uploaded

	code      int // of all failures, or of a mixture
	groups    []failureGroup
	ungrouped int
}

// failureGroup is failures of one kind.
type failureGroup struct {
	failureKind
	reason string // of the first failure
	count  int
}

// failureKind is what makes failures equal.
type failureKind struct {
	code int
	next string // what to do about all of them
	why  string // a common reason, if it says more
}

// maxGroups limits how many kinds of failures are listed.
const maxGroups = 16

// add counts one artifact, and prints its error, if any. A common cause is
// printed once, until an artifact succeeds.
func (t *tally) add(err error) {
	t.total++
	if err == nil {
		t.app.said.Clear()
		return
	}
	isNew := t.app.isNew(commonCause(err))
	if isNew {
		t.app.printError(err)
	}
	if is[*transfer.NotTriedError](err) {
		t.notTried++
		return
	}
	if t.tolerant && isNew {
		t.app.annotate(err)
	}
	kind := failureKind{code: ExitCode(err), next: t.app.hint(err)}
	if answered, ok := errors.AsType[*client.Error](err); ok {
		kind.why = answered.NetworkCause()
	} else if input, ok := errors.AsType[*transfer.InputError](err); ok {
		kind.why = input.Reason()
	} else if output, ok := errors.AsType[*transfer.OutputError](err); ok {
		kind.why = output.Reason()
	}
	if t.failed++; t.failed == 1 {
		t.code = kind.code
	}
	if kind.code != t.code {
		t.code = exitFault
	}
	for i, group := range t.groups {
		if group.failureKind == kind {
			t.groups[i].count++
			return
		}
	}
	if len(t.groups) == maxGroups {
		t.ungrouped++
		return
	}
	t.groups = append(t.groups, failureGroup{kind, reasonOf(err), 1})
}

// printList prints and counts each result of a list. When it returns, shown has
// ended. If ctx ends early, it prints a summary.
func printList[R any](ctx context.Context, t *tally, shown *ui.Many, results iter.Seq[R], print func(R) error) error {
	defer shown.End()
	for result := range results {
		t.add(print(result))
		if err := t.app.streams.results.err; err != nil {
			return err
		}
	}
	shown.End()
	cause := context.Cause(ctx)
	switch {
	case cause == nil:
	case t.total == 0:
		t.app.note("interrupted before the first result")
	default:
		t.app.note("interrupted: " + t.text())
	}
	return cause
}

// text sums up the list.
func (t *tally) text() string {
	var parts []string
	count := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	if t.total == 1 {
		count(t.failed, "artifact failed")
	} else {
		count(t.failed, fmt.Sprintf("of %d artifacts failed", t.total))
	}
	count(t.total-t.failed-t.notTried-t.skipped, t.done)
	count(t.skipped, "skipped")
	count(t.notTried, "not tried")
	count(t.leftOut, "left out")
	text := strings.Join(parts, ", ")
	if t.bytes > 0 {
		text += "; " + ui.Size(t.bytes)
	}
	if t.bytes > 0 && !t.began.IsZero() {
		elapsed := max(time.Since(t.began).Round(time.Millisecond), time.Millisecond)
		text += fmt.Sprintf(" in %s (%s)", elapsed, ui.Rate(float64(t.bytes)/elapsed.Seconds()))
	}
	return text
}

// err returns an error with the summary, or nil if nothing failed.
func (t *tally) err() error {
	if t.failed == 0 {
		return nil
	}
	return &artifactError{&batchError{t}}
}

// printGroups prints the hint for each kind of failure, after its count and
// reason if there are several.
func (a *app) printGroups(batch *batchError) {
	several := len(batch.groups) > 1
	for _, group := range batch.groups {
		if several {
			a.printLine(fmt.Sprintf("%d failed: %s", group.count, group.reason))
		}
		a.printHint(group.next)
	}
	if batch.ungrouped > 0 {
		a.printLine(fmt.Sprintf("%d failed for other reasons", batch.ungrouped))
	}
}

// reasonOf returns the text of an error without the artifact's name.
func reasonOf(err error) string {
	if answered, ok := errors.AsType[*client.Error](err); ok {
		return answered.Reason()
	}
	if input, ok := errors.AsType[*transfer.InputError](err); ok {
		return input.Reason()
	}
	if output, ok := errors.AsType[*transfer.OutputError](err); ok {
		return output.Reason()
	}
	if line, ok := errors.AsType[*transfer.ListError](err); ok {
		return line.Err.Error()
	}
	return err.Error()
}

// batchError reports that some of several artifacts failed.
type batchError struct{ *tally }

func (e *batchError) exitCode() int { return e.code }

func (e *batchError) Error() string { return e.text() }

// annotate shows a tolerated failure as a warning on GitHub. It hides secrets
// first, since the filter does not recognize them in a command's escapes.
func (a *app) annotate(err error) {
	if a.onGitHub() {
		fmt.Fprint(a.streams.screen, workflowCommand("warning", a.streams.redactor.String(printable.Text(err.Error()))))
	}
}
