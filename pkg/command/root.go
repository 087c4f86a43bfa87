// Package command is the command line. Each command has its own file, to be read
// from top to bottom: options, constructor, run function. Commands share app.go
// (dependencies), flags.go and network.go (flags), lists.go (lists of inputs),
// print.go, results.go and tally.go (output), errors.go (errors and exit codes)
// and hints.go (next steps). Start at [Run].
package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func newRootCommand(a *app) *cobra.Command {
	var showVersion bool
	root := &cobra.Command{
		Use:   "artifact",
		Short: "Upload build artifacts to a Remote Cache",
		Long:  `Upload build artifacts to Vercel's Remote Cache or a server with the same API.`,
		Example: `  artifact put out.tar.zst
  artifact serve -- artifact put out.tar.zst`,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if showVersion {
				return printVersion(cmd)
			}
			return cmd.Help()
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return setFromEnvironment(cmd.Flags(), a.env.Getenv)
		},
	}
	// First, because the commands that cobra adds copy these.
	root.SetIn(a.env.Stdin)
	root.SetOut(a.streams.results)
	root.SetErr(a.streams.screen)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { showHelp(cmd, a.helpWidth()) })
	root.SetUsageFunc(func(cmd *cobra.Command) error { return showUsage(cmd, a.helpWidth()) })
	root.SetFlagErrorFunc(a.toUsageError)
	a.common.register(root.PersistentFlags())
	// Cobra's own flag prints with text/template, which makes the linker keep every
	// exported method: a fifth of the program.
	root.Flags().BoolVar(&showVersion, "version", false, "print the version")
	root.AddGroup(
		&cobra.Group{ID: groupArtifacts, Title: "Artifacts"},
		&cobra.Group{ID: groupAccount, Title: "Account"},
		&cobra.Group{ID: groupServer, Title: "Server"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, cmd := range commands {
			cmd.GroupID = group
		}
		root.AddCommand(commands...)
	}
	add(groupArtifacts, newPutCommand(a), newVerifyCommand(a), newGetCommand(a), newStatCommand(a), newIDCommand(a))
	add(groupAccount, newLoginCommand(a), newLogoutCommand(a), newStatusCommand(a))
	add(groupServer, newServeCommand(a))
	root.AddCommand(newVersionCommand(), newEnvironmentTopic(a), newExitCodesTopic(), newListsTopic(), newNetworkTopic(a))
	root.AddCommand(newForeignCommands()...)
	addHelpCommand(root)
	addCompletionCommand(root)
	a.makeUsageErrors(root)
	if len(a.env.Args) > 0 && strings.HasPrefix(a.env.Args[0], cobra.ShellCompRequestCmd) {
		completeFromHelp(root) // only for a shell's completion
	}
	return root
}

// The groups of commands in help. Commands without a group have nothing to do
// with caches.
const (
	groupArtifacts = "artifacts"
	groupAccount   = "account"
	groupServer    = "server"
)

// addHelpCommand adds cobra's command help, with our texts.
func addHelpCommand(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, _ := root.Find([]string{"help"})
	help.Use, help.RunE = "help [COMMAND|TOPIC]", runHelp
	help.Short, help.Long = "Explain a command or a topic", ""
	help.Example = "  artifact help put\n  artifact help environment"
	completeTopics(help)
}

// completions are the help and examples for the completion script of each shell.
var completions = map[string][2]string{
	"bash": {"The first line is for the current shell, the second for all new ones. Both need the\npackage bash-completion.",
		"  source <(artifact completion bash)\n  artifact completion bash > /etc/bash_completion.d/artifact"},
	"fish": {"The first line is for the current shell, the second for all new ones.",
		"  artifact completion fish | source\n  artifact completion fish > ~/.config/fish/completions/artifact.fish"},
	"powershell": {"The first line is for the current shell, the second for all new ones.",
		"  artifact completion powershell | Out-String | Invoke-Expression\n  artifact completion powershell >> $PROFILE"},
	"zsh": {"The first line is for the current shell, the second for all new ones. Both need\ncompletion to be on: autoload -U compinit; compinit",
		"  source <(artifact completion zsh)\n  artifact completion zsh > \"${fpath[1]}/_artifact\""},
}

// addCompletionCommand adds cobra's command completion, with our texts.
func addCompletionCommand(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	completion, _, _ := root.Find([]string{"completion"})
	completion.Short = "Print a completion script for a shell"
	completion.Long = "Print a script that completes commands, flags and their values in a shell. The help\nfor each shell shows how to install it."
	completion.Example = "  source <(artifact completion bash)\n  artifact completion fish | source"
	// Without a function it accepts any argument.
	completion.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	for _, shell := range completion.Commands() {
		texts := completions[shell.Name()]
		shell.Short = "Print the completion script for " + shell.Name()
		shell.Long, shell.Example = shell.Short+".\n\n"+texts[0], texts[1]
		shell.DisableFlagsInUseLine = false
		shell.Flags().Lookup("no-descriptions").Usage = "complete without descriptions"
	}
}

// makeUsageErrors turns cobra's errors about arguments into usage errors.
func (a *app) makeUsageErrors(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return a.toUsageError(cmd, err)
			}
			return nil
		}
	}
	for _, child := range cmd.Commands() {
		a.makeUsageErrors(child)
	}
}

// toUsageError turns an error of cobra or pflag into a usage error. It reads flags
// from the environment, which may ask for JSON, and ignores errors there.
func (a *app) toUsageError(cmd *cobra.Command, err error) error {
	_ = setFromEnvironment(cmd.Flags(), a.env.Getenv)
	return flagError(err)
}

// runHelp prints help. Unlike cobra's, it fails for an unknown topic.
func runHelp(cmd *cobra.Command, args []string) error {
	topic, rest, err := cmd.Root().Find(args)
	if err == nil && topic.Hidden {
		return topic.RunE(topic, nil)
	}
	if err != nil || len(rest) > 0 {
		return &usageError{fmt.Errorf("no help for %q", strings.Join(args, " ")), "See artifact --help."}
	}
	topic.InitDefaultHelpFlag()
	return topic.Help()
}

// Tree returns the command line for programs that describe it, such as the
// generator of the manual. Its commands must not be run.
func Tree() *cobra.Command {
	env := Env{LookupEnv: func(string) (string, bool) { return "", false }}
	return newRootCommand(&app{env: env, streams: env.openStreams()})
}

// foreign are flags and commands of other tools that people try out of habit,
// with what to use instead.
var foreign = map[string]string{
	"--token": "Set ARTIFACT_TOKEN, or log in once with artifact login: every user of this machine can read an argument.\n" +
		"For serve, set ARTIFACT_SERVE_TOKEN or use --token-file FILE.",
	"--insecure": insteadOfInsecure,
	"-k":         insteadOfInsecure,
	"--header":   insteadOfHeader,
	"-H":         insteadOfHeader,
	"--cacert":   "Trust your server's own certificate with --ca-cert FILE.",
	"--cert":     "Pass a client certificate with --client-cert FILE --client-key FILE, and serve's own with --tls-cert FILE --tls-key FILE.",
	"upload":     insteadOfUpload,
	"push":       insteadOfUpload,
	"download":   insteadOfDownload,
	"pull":       insteadOfDownload,
	"ls":         insteadOfList,
	"list":       insteadOfList,
}

// newForeignCommands returns commands of other tools. They are hidden, accept all
// arguments and fail.
func newForeignCommands() []*cobra.Command {
	var commands []*cobra.Command
	for name, next := range foreign {
		if name[0] == '-' {
			continue
		}
		commands = append(commands, &cobra.Command{
			Use: name, Hidden: true, DisableFlagParsing: true,
			RunE: func(*cobra.Command, []string) error {
				return &usageError{fmt.Errorf("unknown command %q", name), next}
			},
		})
	}
	return commands
}

const (
	insteadOfInsecure = "Certificates are always checked. Trust your server's own with --ca-cert FILE."
	insteadOfHeader   = "Put the lines Name: value into a file for --header-file FILE, or into ARTIFACT_HEADERS: every user of this machine can read an argument."
	insteadOfUpload   = "Upload with artifact put FILE."
	insteadOfDownload = "Download with artifact get ID -o FILE."
	insteadOfList     = "The cache cannot list what it holds. Ask for known ids with artifact stat ID..."
)
