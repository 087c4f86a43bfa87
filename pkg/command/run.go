package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/identity"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/tempfile"
)

// Run parses the arguments, runs the command and returns the exit code, as in
// `artifact help exit-codes`.
func Run(ctx context.Context, env Env) int {
	env.Stdin, env.Stdout = inherited(env.Stdin), inherited(env.Stdout)
	a := &app{env: env, streams: env.openStreams()}
	// Even unused ones, and before the first error, which may quote the command
	// line.
	for _, name := range slices.Concat(settings.SecretVariables(), identity.SecretVariables()) {
		a.hide(env.Getenv(name))
	}
	for _, value := range headerSecrets(env.Getenv(envHeaders)) {
		a.hide(value)
	}
	for _, arg := range env.Args {
		if strings.Contains(arg, "://") {
			a.hide(passwordOf(arg))
		}
	}
	for _, name := range settings.ProxyVariables() {
		a.hide(passwordOf(env.Getenv(name)))
	}
	return a.run(ctx, newRootCommand(a))
}

// CleanUp removes the temporary files of the process. Call it last.
func CleanUp() { tempfile.RemoveAll() }

// run runs the command line. A panic is printed through the filter too.
func (a *app) run(ctx context.Context, root *cobra.Command) (code int) {
	root.SetArgs(a.env.Args)
	err, ended := a.execute(ctx, root)
	if !ended { // it may be blocked on a stream: print nothing
		_ = a.revokeIdentity()
		return ExitCode(err)
	}
	defer a.streams.flush()
	if broken := fault.Catch(func() error { code = a.conclude(ctx, err); return nil }); broken != nil {
		a.printError(broken)
		return exitFault
	}
	return code
}

// stopTime is how long to wait for a command after a signal.
const stopTime = time.Second

// execute runs the command line. A second after a signal, it abandons a command
// that cannot be interrupted, such as one that opens a FIFO without a writer or
// writes to a pipe without a reader. Then err is the signal's.
func (a *app) execute(ctx context.Context, root *cobra.Command) (err error, ended bool) {
	verb, _, _ := root.Find(a.env.Args)
	finished := make(chan error, 1)
	go func() {
		finished <- fault.Catch(func() error {
			cmd, err := root.ExecuteContextC(ctx)
			if wrong, ok := errors.AsType[*usageError](err); ok && wrong.next == seeHelp {
				wrong.next = fmt.Sprintf(seeHelp, cmd.CommandPath())
			}
			return err
		})
	}()
	select {
	case err := <-finished:
		return err, true
	case <-ctx.Done():
	}
	if verb.Annotations[endsByItself] != "" {
		return <-finished, true
	}
	select {
	case err := <-finished:
		return err, true
	case <-time.After(stopTime):
	}
	interrupt, ok := errors.AsType[Interrupt](context.Cause(ctx))
	if !ok {
		return <-finished, true
	}
	return interrupt, false
}

// endsByItself annotates a command that is not abandoned: it ends after requests
// in flight, or with a command that it runs.
const endsByItself = "artifact_ends_by_itself"

// conclude reports the result of a command, and returns the exit code.
func (a *app) conclude(ctx context.Context, err error) int {
	defer a.endIdentity()
	if unwritten := a.streams.results.err; unwritten != nil && (err == nil || errors.Is(err, unwritten)) {
		err = &outputError{unwritten}
	}
	if err == nil {
		return exitOK
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
		err = cause
	}
	a.report(err)
	if is[*warning](err) {
		return exitOK
	}
	return ExitCode(err)
}

// report prints an error and its hint on standard error, and for --json as an
// object on standard output, unless it was printed with a result.
func (a *app) report(err error) {
	if is[Interrupt](err) || is[*childExit](err) {
		return // the sender of the signal knows, and the command printed its own error
	}
	if a.wantsJSON(err) {
		a.printJSON(failureJSON{newErrorJSON(err)})
	}
	a.printError(err)
	batch, isBatch := errors.AsType[*batchError](err)
	if is[*warning](err) && !isBatch { // failures of a batch were already annotated
		a.annotate(err)
	}
	if answered, ok := errors.AsType[*client.Error](err); ok && a.common.verbose && answered.Code != "" {
		a.note("the server's code for this: " + answered.Code)
	}
	if isBatch {
		a.printGroups(batch)
		return
	}
	a.printHint(a.hint(err))
}

// wantsJSON reports whether to print an error as JSON. A usage error ends the
// parsing of flags early, so it also looks at the remaining arguments.
func (a *app) wantsJSON(err error) bool {
	if is[*artifactError](err) {
		return false
	}
	args := a.env.Args
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return a.common.json || is[*usageError](err) && slices.Contains(args, "--json")
}
