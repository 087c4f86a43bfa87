package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// alternatives matches the value name of a flag that takes a few words only,
// such as auto|always|never. SLUG|team_ID does not match: SLUG is a
// placeholder.
var alternatives = regexp.MustCompile(`^[a-z0-9]+(\|[a-z0-9]+)+$`)

// completeFromHelp adds completions from the help texts: the words of a flag with
// alternatives, directories for DIRECTORY, and file names for FILE, LIST and
// SUMS.
func completeFromHelp(cmd *cobra.Command) {
	for _, flags := range []*pflag.FlagSet{cmd.LocalNonPersistentFlags(), cmd.PersistentFlags()} {
		flags.VisitAll(func(flag *pflag.Flag) {
			if err := cmd.RegisterFlagCompletionFunc(flag.Name, valuesOf(flag)); err != nil {
				panic(err) // the flag exists, and has none yet
			}
		})
	}
	if !cmd.HasSubCommands() && cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
		if strings.Contains(cmd.Use, "FILE") {
			cmd.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
		}
	}
	for _, child := range cmd.Commands() {
		completeFromHelp(child)
	}
}

// valuesOf returns what completes the value of a flag.
func valuesOf(flag *pflag.Flag) cobra.CompletionFunc {
	name, _ := pflag.UnquoteUsage(flag)
	switch word, _, _ := strings.Cut(name, "|"); {
	case alternatives.MatchString(name):
		return cobra.FixedCompletions(strings.Split(name, "|"), cobra.ShellCompDirectiveNoFileComp)
	case word == "FILE" || word == "LIST" || word == "SUMS":
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
	case word == "DIRECTORY":
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	default:
		return cobra.NoFileCompletions
	}
}

// completeServed completes the command that serve runs: after --, a program on
// PATH, or a file if its name has a slash; and then files.
func (a *app) completeServed(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if !slices.Contains(a.env.Args, "--") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if len(args) > 0 || strings.ContainsRune(filepath.ToSlash(typed), '/') {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var found []cobra.Completion
	for _, dir := range filepath.SplitList(a.env.Getenv("PATH")) {
		entries, _ := os.ReadDir(dir) // a missing directory has no programs
		for _, entry := range entries {
			if !strings.HasPrefix(entry.Name(), typed) {
				continue
			}
			if _, err := exec.LookPath(filepath.Join(dir, entry.Name())); err == nil {
				found = append(found, entry.Name())
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), cobra.ShellCompDirectiveNoFileComp
}

// completeTopics adds topics to the completions of help.
func completeTopics(help *cobra.Command) {
	commands := help.ValidArgsFunction
	help.ValidArgsFunction = func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		found, directive := commands(cmd, args, typed)
		if len(args) > 0 {
			return found, directive
		}
		for _, topic := range cmd.Root().Commands() {
			if topic.IsAdditionalHelpTopicCommand() && strings.HasPrefix(topic.Name(), typed) {
				found = append(found, cobra.CompletionWithDesc(topic.Name(), topic.Short))
			}
		}
		return found, directive
	}
}
