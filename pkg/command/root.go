// Package command is the command line: one file for each verb, and around them
// what all of them share. It turns errors into exit codes ([exitCode]) and adds
// the next step to them; everything below it is neutral. Start at [Run].
package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/identity"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/tempfile"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// app is what the commands of one run share.
type app struct {
	env     Env
	streams *streams
	global  globalOptions
	// shown is the transfer of a single artifact, once that has begun.
	shown *ui.Transfer
	// identity is set where the job's own was asked for.
	identity *identity.Identity
	// unhurried is for a command that may take its time to end after a signal.
	unhurried atomic.Bool
	// tolerant is for failures that are no more than warnings.
	tolerant bool
}

// Run parses the arguments, runs the command and returns the exit code, which
// is that of `artifact help exit-codes`.
func Run(ctx context.Context, env Env) int {
	env.Stdin, env.Stdout = inherited(env.Stdin), inherited(env.Stdout)
	a := &app{env: env, streams: env.openStreams()}
	// Also those that are not used, and before the first error: it may
	// repeat what somebody typed.
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

// CleanUp removes the temporary files of the process. It is the last that a
// process may do with this package, however it ends.
func CleanUp() { tempfile.RemoveAll() }

// run is the command line behind the filter, which a fault of ours passes too.
func (a *app) run(ctx context.Context, root *cobra.Command) (code int) {
	root.SetArgs(a.env.Args)
	err, ended := a.execute(ctx, root)
	if !ended { // what it waits for may be one of the streams: nothing is said
		a.endIdentity()
		return exitCode(err)
	}
	defer a.streams.flush()
	if broken := fault.Catch(func() error { code = a.conclude(ctx, err); return nil }); broken != nil {
		a.printError(broken)
		return exitFault
	}
	return code
}

// conclude reports what a command came to, and returns the exit code.
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
	if warned := (*warning)(nil); errors.As(err, &warned) {
		return exitOK
	}
	return exitCode(err)
}

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "artifact",
		Short: "Upload build artifacts to a Remote Cache",
		Long: `Upload build artifacts to Vercel's Remote Cache, or to any server that speaks
its API, and run such a server.`,
		Example: `  artifact put out.tar.zst
  tar -cf - dist | zstd | artifact put -
  artifact serve -- artifact put out.tar.zst`,
		Version:       version(),
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return setFromEnvironment(cmd.Flags(), a.env.Getenv)
		},
	}
	// First of all: the commands that cobra adds keep what they find here.
	root.SetIn(a.env.Stdin)
	root.SetOut(a.streams.results)
	root.SetErr(a.streams.screen)
	root.SetVersionTemplate("artifact {{.Version}}\n")
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { showHelp(cmd, a.helpWidth()) })
	root.SetUsageFunc(func(cmd *cobra.Command) error { return showUsage(cmd, a.helpWidth()) })
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		a.chooseForm(cmd)
		return flagError(cmd.CommandPath(), err)
	})
	a.global.register(root.PersistentFlags())
	root.AddCommand(
		newPutCommand(a),
		newVerifyCommand(a),
		newGetCommand(a),
		newStatCommand(a),
		newLoginCommand(a),
		newLogoutCommand(a),
		newStatusCommand(a),
		newServeCommand(a),
		newVersionCommand(),
		newExitCodesTopic(),
		newEnvironmentTopic(a),
	)
	root.AddCommand(newStrangerCommands()...)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, child := range root.Commands() {
		switch child.Name() {
		case "help":
			child.Use, child.RunE = "help [COMMAND|TOPIC]", runHelp
			child.Short, child.Long = "Explain a command or a topic", ""
			completeTopics(child)
			child.Example = "  artifact help put\n  artifact help environment"
		case "completion": // without a function it takes any argument
			child.Short = "Print what completes commands in a shell"
			child.Long = "Print a script that completes commands, flags and their values in a shell. The\nhelp of each says where it goes."
			child.Example = "  source <(artifact completion bash)\n  artifact completion fish | source"
			child.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
	a.makeUsageErrors(root)
	if len(a.env.Args) > 0 && strings.HasPrefix(a.env.Args[0], cobra.ShellCompRequestCmd) {
		completeFromHelp(root) // a shell asks: nobody else needs it
	}
	return root
}

// makeUsageErrors marks what cobra finds wrong with arguments as the user's
// mistake.
func (a *app) makeUsageErrors(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				a.chooseForm(cmd)
				return &usageError{command: cmd.CommandPath(), err: err}
			}
			return nil
		}
	}
	for _, child := range cmd.Commands() {
		a.makeUsageErrors(child)
	}
}

// chooseForm finds out whether a script asked for JSON where the command line
// is wrong: then parsing ends early, and flags behind the mistake and the
// environment have not been looked at.
func (a *app) chooseForm(cmd *cobra.Command) {
	// A value that is wrong too is not what the error is about.
	_ = setFromEnvironment(cmd.Flags(), a.env.Getenv)
	for _, arg := range a.env.Args {
		if arg == "--" {
			return
		}
		a.global.json = a.global.json || arg == "--json"
	}
}

// runHelp is cobra's, but for a topic that does not exist, which is the user's
// mistake like any other.
func runHelp(cmd *cobra.Command, args []string) error {
	topic, rest, err := cmd.Root().Find(args)
	if err == nil && topic.Hidden {
		return topic.RunE(topic, nil)
	}
	if err != nil || len(rest) > 0 {
		return &usageError{command: "artifact", err: fmt.Errorf("no help about %q", strings.Join(args, " "))}
	}
	topic.InitDefaultHelpFlag()
	return topic.Help()
}

// report prints an error and what to do about it: on standard error for
// people, and as an object among the results where a script asked for JSON and
// has not been given it yet.
func (a *app) report(err error) {
	interrupt, child := Interrupt{}, (*childExit)(nil)
	if errors.As(err, &interrupt) || errors.As(err, &child) {
		return // whoever sent the signal knows, and the command has spoken
	}
	known := (*artifactError)(nil)
	if a.global.json && !errors.As(err, &known) {
		a.printJSON(failureJSON{newErrorJSON(err)})
	}
	a.printError(err)
	if !errors.As(err, new(*batchError)) { // the failures have got theirs
		a.annotate(err)
	}
	var answered *client.Error
	if a.global.verbose && errors.As(err, &answered) && answered.Code != "" {
		a.note("the server's code for this: " + answered.Code)
	}
	if batch := (*batchError)(nil); errors.As(err, &batch) {
		a.printGroups(batch)
		return
	}
	a.printHint(a.hint(err))
}
