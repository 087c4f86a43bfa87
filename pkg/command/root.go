// Package command is the command line: one file for each verb, and around them
// what all of them share. It turns errors into exit codes ([exitCode]) and adds
// the next step to them; everything below it is neutral. Start at [Run].
package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// app is what the commands of one run share.
type app struct {
	env     Env
	streams *streams
	global  globalOptions
}

// Run parses the arguments, runs the command and returns the exit code, which
// is that of `artifact help exit-codes`.
func Run(ctx context.Context, env Env) int {
	a := &app{env: env, streams: env.openStreams()}
	root := newRootCommand(a)
	root.SetArgs(env.Args)
	root.SetIn(env.Stdin)
	root.SetOut(a.streams.results)
	root.SetErr(a.streams.screen)
	defer a.streams.flush()
	err := root.ExecuteContext(ctx)
	if err == nil && a.streams.results.err != nil {
		err = &outputError{a.streams.results.err}
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
	root.SetVersionTemplate("artifact {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{command: cmd.CommandPath(), err: err}
	})
	a.global.register(root.PersistentFlags())
	root.AddCommand(
		newPutCommand(a),
		newServeCommand(a),
		newVersionCommand(),
		newExitCodesTopic(),
		newEnvironmentTopic(),
	)
	makeUsageErrors(root)
	return root
}

// makeUsageErrors marks what cobra finds wrong with arguments as the user's
// mistake.
func makeUsageErrors(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return &usageError{command: cmd.CommandPath(), err: err}
			}
			return nil
		}
	}
	for _, child := range cmd.Commands() {
		makeUsageErrors(child)
	}
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
		a.printJSON(struct {
			Error *errorJSON `json:"error"`
		}{newErrorJSON(err)})
	}
	colours := ui.NewPalette(a.global.color, a.env.Stderr, a.env.Getenv)
	fmt.Fprintf(a.streams.screen, "%s %s\n", colours.Error("artifact:"), printable.Text(err.Error()))
	if next := hint(err); next != "" {
		fmt.Fprintln(a.streams.screen, next)
	}
}
