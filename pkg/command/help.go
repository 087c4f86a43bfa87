package command

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// flagGroups are the groups of flags in a help text, in order. All other flags
// come first.
var flagGroups = []struct {
	title string
	names []string
}{
	{"Lists and directories", []string{
		"files-from", "null", "manifest", "check", "shard", "jobs", "skip-existing", "fail-fast",
		"pack", "unpack", "recursive", "turbo-cache", "directory", "exclude", "only", "list", "max-entries",
	}},
	{"Metadata and signature", []string{
		"ci", "interactive", "sha", "dirty-hash", "duration", "no-git",
		"signature-key-file", "signature-version", "require-signature", "no-sign", "tag",
	}},
	{"Access from other machines", []string{"listen", "host", "token-file", "read-token-file", "tls-cert", "tls-key"}},
	{"Common flags", []string{"api", "team", "json", "quiet", "verbose", "progress", "color"}},
}

// The widths of help texts: narrower ones do not fit a word, and wider ones are
// hard to read. If the width is unknown, it is the usual minimum of terminals.
const (
	narrowestHelp = 30
	widestHelp    = 100
	usualHelp     = 80
)

// helpWidth returns the width of help texts.
func (a *app) helpWidth() int {
	return min(max(cmp.Or(ui.Columns(a.env.Stdout), usualHelp), narrowestHelp), widestHelp)
}

// showHelp prints a whole help text.
func showHelp(cmd *cobra.Command, width int) {
	cmd.InheritedFlags() // makes cobra merge them
	text := cmp.Or(cmd.Long, cmd.Short)
	fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n", fit(strings.TrimRight(text, "\n"), width))
	if cmd.Runnable() || cmd.HasSubCommands() {
		_ = showUsage(cmd, width) // the writer records errors
	}
}

// showUsage prints the help text below the description.
func showUsage(cmd *cobra.Command, width int) error {
	usage := cmd.UseLine()
	if cmd.HasAvailableSubCommands() {
		usage = cmd.CommandPath() + " COMMAND [flags]"
	}
	head := fit("Usage: "+usage+"\n", width)
	if cmd.HasExample() { // never folded, so that they can be copied
		head += fmt.Sprintf("\nExamples:\n%s\n", strings.TrimRight(cmd.Example, "\n"))
	}
	var text strings.Builder
	showCommands(&text, cmd)
	showFlags(&text, cmd)
	if topics := topicsOf(cmd); topics != nil {
		fmt.Fprintf(&text, "\nMore: %s help COMMAND, or one of %s\n", cmd.CommandPath(), strings.Join(topics, ", "))
	} else if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&text, "\nMore: %s COMMAND --help\n", cmd.CommandPath())
	}
	_, err := io.WriteString(cmd.OutOrStdout(), head+fit(text.String(), width))
	return err
}

// topicsOf returns the names of the help topics that are not commands.
func topicsOf(cmd *cobra.Command) []string {
	var names []string
	for _, child := range cmd.Commands() {
		if child.IsAdditionalHelpTopicCommand() {
			names = append(names, child.Name())
		}
	}
	return names
}

// showCommands lists the commands below cmd, by group.
func showCommands(text *strings.Builder, cmd *cobra.Command) {
	show := func(title, group string) {
		var lines strings.Builder
		for _, child := range cmd.Commands() {
			if child.GroupID == group && (child.IsAvailableCommand() || child.Name() == "help") {
				fmt.Fprintf(&lines, "  %-10s  %s\n", child.Name(), child.Short)
			}
		}
		if lines.Len() > 0 {
			fmt.Fprintf(text, "\n%s:\n%s", title, lines.String())
		}
	}
	rest := "Commands"
	for _, group := range cmd.Groups() {
		show(group.Title, group.ID)
		rest = "Other commands"
	}
	show(rest, "")
}

// showFlags lists a command's flags by group.
func showFlags(text *strings.Builder, cmd *cobra.Command) {
	groupOf := map[string]string{}
	for _, group := range flagGroups {
		for _, name := range group.names {
			groupOf[name] = group.title
		}
	}
	isRoot := !cmd.HasParent()
	own, takesNetwork := newFlagSet(), false
	own.SortFlags = true
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if _, isNetwork := flag.Annotations[networkAnnotation]; isNetwork {
			takesNetwork = true
		} else if groupOf[flag.Name] == "" || isRoot {
			own.AddFlag(flag)
		}
	})
	show := func(title string, flags *pflag.FlagSet) {
		if flags.HasAvailableFlags() {
			fmt.Fprintf(text, "\n%s:\n%s", title, flags.FlagUsages())
		}
	}
	show("Flags", own)
	if isRoot || isAuxiliary(cmd) {
		return
	}
	for _, group := range flagGroups {
		grouped := newFlagSet()
		for _, name := range group.names {
			if flag := cmd.Flags().Lookup(name); flag != nil {
				grouped.AddFlag(flag)
			}
		}
		show(group.title, grouped)
	}
	if takesNetwork {
		fmt.Fprintf(text, "\nNetwork flags: %s help network\n", cmd.Root().Name())
	}
}

// isAuxiliary reports whether a command has nothing to do with caches, so that
// the common flags do not apply to it.
func isAuxiliary(cmd *cobra.Command) bool {
	for cmd.HasParent() && cmd.Parent().HasParent() {
		cmd = cmd.Parent()
	}
	return cmd.GroupID == ""
}
