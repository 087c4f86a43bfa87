package command

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// alternatives is how a flag's help names its value where only a few words are
// taken, as in auto|always|never. SLUG|team_ID is none: SLUG stands for others.
var alternatives = regexp.MustCompile(`^[a-z0-9]+(\|[a-z0-9]+)+$`)

// completeFromHelp makes a shell complete what the help texts say: the words of
// a flag with alternatives, directories for DIRECTORY, names of files for FILE,
// LIST and SUMS, and nothing where any of these would be a wrong guess.
func completeFromHelp(cmd *cobra.Command) {
	for _, flags := range []*pflag.FlagSet{cmd.LocalNonPersistentFlags(), cmd.PersistentFlags()} {
		flags.VisitAll(func(flag *pflag.Flag) {
			if err := cmd.RegisterFlagCompletionFunc(flag.Name, valuesOf(flag)); err != nil {
				panic(err) // the flag is there, and has no other
			}
		})
	}
	if !cmd.HasSubCommands() && cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = argumentsOf(cmd)
	}
	for _, child := range cmd.Commands() {
		completeFromHelp(child)
	}
}

// valuesOf completes the value of a flag.
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

// argumentsOf completes what stands beside the flags.
func argumentsOf(cmd *cobra.Command) cobra.CompletionFunc {
	if strings.Contains(cmd.Use, "FILE") || strings.Contains(cmd.Use, "COMMAND") {
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
	}
	return cobra.NoFileCompletions
}

// completeTopics adds the topics without a command to what help completes.
func completeTopics(help *cobra.Command) {
	commands := help.ValidArgsFunction
	help.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		found, directive := commands(cmd, args, begun)
		if len(args) > 0 {
			return found, directive
		}
		for _, topic := range cmd.Root().Commands() {
			if topic.IsAdditionalHelpTopicCommand() && strings.HasPrefix(topic.Name(), begun) {
				found = append(found, cobra.CompletionWithDesc(topic.Name(), topic.Short))
			}
		}
		return found, directive
	}
}
