// Package command is the command line. Each verb has a file of its own, to be
// read from top to bottom: options, constructor, run function. What verbs share
// is in app.go (dependencies), flags.go and network.go (flags), lists.go (lists
// of inputs), print.go, results.go and tally.go (output), errors.go (errors and
// exit codes) and hints.go (next steps). Start at [Run].
package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "artifact",
		Short: "Upload build artifacts to a Remote Cache",
		Long: `Upload build artifacts to Vercel's Remote Cache, or to any server with the
same API, and run such a server yourself.`,
		Example: `  artifact put out.tar.zst
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
	root.SetFlagErrorFunc(a.mistake)
	a.common.register(root.PersistentFlags())
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
	add(groupArtifacts, newPutCommand(a), newVerifyCommand(a), newGetCommand(a), newStatCommand(a))
	add(groupAccount, newLoginCommand(a), newLogoutCommand(a), newStatusCommand(a))
	add(groupServer, newServeCommand(a))
	root.AddCommand(newVersionCommand(), newEnvironmentTopic(a), newExitCodesTopic(), newListsTopic(), newNetworkTopic(a))
	root.AddCommand(newStrangerCommands()...)
	addHelpCommand(root)
	addCompletionCommand(root)
	a.makeUsageErrors(root)
	if len(a.env.Args) > 0 && strings.HasPrefix(a.env.Args[0], cobra.ShellCompRequestCmd) {
		completeFromHelp(root) // a shell asks: nobody else needs it
	}
	return root
}

// The groups of commands in help. Commands in none have nothing to do with
// caches.
const (
	groupArtifacts = "artifacts"
	groupAccount   = "account"
	groupServer    = "server"
)

// addHelpCommand adds cobra's command help, in our words.
func addHelpCommand(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, _ := root.Find([]string{"help"})
	help.Use, help.RunE = "help [COMMAND|TOPIC]", runHelp
	help.Short, help.Long = "Explain a command or a topic", ""
	help.Example = "  artifact help put\n  artifact help environment"
	completeTopics(help)
}

// addCompletionCommand adds cobra's command completion, in our words.
func addCompletionCommand(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	completion, _, _ := root.Find([]string{"completion"})
	completion.Short = "Print a completion script for a shell"
	completion.Long = "Print a script that completes commands, flags and their values in a shell. The\nhelp of each shell's command says where to put it."
	completion.Example = "  source <(artifact completion bash)\n  artifact completion fish | source"
	// Without a function it takes any argument.
	completion.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

// makeUsageErrors marks what cobra finds wrong with arguments as the user's
// mistake.
func (a *app) makeUsageErrors(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return a.mistake(cmd, err)
			}
			return nil
		}
	}
	for _, child := range cmd.Commands() {
		a.makeUsageErrors(child)
	}
}

// mistake returns what cobra or pflag finds wrong with a command line as a usage
// error. The environment, which was not looked at yet, says how to print it; a
// wrong value there is not what the error is about.
func (a *app) mistake(cmd *cobra.Command, err error) error {
	_ = setFromEnvironment(cmd.Flags(), a.env.Getenv)
	return flagError(err)
}

// runHelp prints help. Other than cobra's, it fails for an unknown topic.
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

// Tree returns the whole command line, for programs that describe it, such
// as the generator of the manual. Its commands must not be run, only asked
// for their help.
func Tree() *cobra.Command {
	env := Env{LookupEnv: func(string) (string, bool) { return "", false }}
	return newRootCommand(&app{env: env, streams: env.openStreams()})
}

// strangers are flags and commands of other tools that people try by habit,
// with what to do instead.
var strangers = map[string]string{
	"--token":    "Set ARTIFACT_TOKEN, or log in once with artifact login: every user of this machine can read an argument.",
	"--insecure": insteadOfInsecure,
	"-k":         insteadOfInsecure,
	"--header":   insteadOfHeader,
	"-H":         insteadOfHeader,
	"--cacert":   "Trust your server's own certificate with --ca-cert FILE.",
	"--cert":     "Show a client certificate with --client-cert FILE --client-key FILE.",
	"upload":     insteadOfUpload,
	"push":       insteadOfUpload,
	"download":   insteadOfDownload,
	"pull":       insteadOfDownload,
	"ls":         insteadOfList,
	"list":       insteadOfList,
}

// newStrangerCommands makes the commands among the strangers. Each is hidden,
// takes all arguments and fails.
func newStrangerCommands() []*cobra.Command {
	var commands []*cobra.Command
	for name, next := range strangers {
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
