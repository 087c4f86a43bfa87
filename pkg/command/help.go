package command

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// A group is flags or commands under one title.
type group struct {
	title string
	names []string
}

// flagGroups are in the order in which a help text shows them, the flags of a
// command alone before those of all. What stands in none comes first.
var flagGroups = []group{
	{"Lists", []string{"files-from", "null", "manifest", "check", "recursive", "shard", "jobs", "skip-existing", "fail-fast"}},
	{"Metadata", []string{"ci", "interactive", "sha", "dirty-hash", "duration", "no-git"}},
	{"Signature", []string{"signature-key-file", "signature-version", "no-sign", "tag"}},
	{"Cache", []string{"api", "team"}},
	{"CI identity", []string{"oidc", "oidc-audience", "oidc-client-id", "oidc-token-url", "oidc-issuer", "oidc-policy-id"}},
	{"Output", []string{"json", "quiet", "verbose", "progress", "color"}},
	{"Network", []string{
		"ca-cert", "client-cert", "client-key", "proxy", "header-file", "preflight", "allow-http", "http2", "retries", "timeout", "stall-timeout", "answer-timeout", "limit-rate", "limit-requests",
	}},
}

// commandGroups are the commands of the root; what stands in none comes last.
var commandGroups = []group{
	{"Artifacts", []string{"put", "verify", "get", "stat"}},
	{"Account", []string{"login", "logout", "status"}},
	{"Server", []string{"serve"}},
}

// The widths of help texts: narrower than this no word may fit, and wider ones
// are hard to read. Where the width is not known, it is the narrowest that
// terminals are made with.
const (
	narrowestHelp = 30
	widestHelp    = 100
	usualHelp     = 80
)

// helpWidth is how wide a help text may be.
func (a *app) helpWidth() int {
	return min(max(cmp.Or(ui.Columns(a.env.Stdout), usualHelp), narrowestHelp), widestHelp)
}

// showHelp is a whole help text.
func showHelp(cmd *cobra.Command, width int) {
	cmd.InheritedFlags() // without which cobra does not know them here
	text := cmp.Or(cmd.Long, cmd.Short)
	fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n", fit(strings.TrimRight(text, "\n"), width))
	if cmd.Runnable() || cmd.HasSubCommands() {
		_ = showUsage(cmd, width) // the writer keeps its error
	}
}

// showUsage is what stands below the description in a help text.
func showUsage(cmd *cobra.Command, width int) error {
	var text strings.Builder
	text.WriteString("Usage:\n")
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&text, "  %s COMMAND [flags]\n", cmd.CommandPath())
	} else {
		fmt.Fprintf(&text, "  %s\n", cmd.UseLine())
	}
	usage := fit(text.String(), width)
	if cmd.HasExample() { // never folded, since they are copied
		usage += fmt.Sprintf("\nExamples:\n%s\n", strings.TrimRight(cmd.Example, "\n"))
	}
	text.Reset()
	showCommands(&text, cmd)
	showFlags(&text, cmd)
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&text, "\n%s COMMAND --help tells more of a command.\n", cmd.CommandPath())
	}
	_, err := io.WriteString(cmd.OutOrStdout(), usage+fit(text.String(), width))
	return err
}

// showCommands lists the commands below cmd by group, and then the topics.
func showCommands(text *strings.Builder, cmd *cobra.Command) {
	rest := slices.DeleteFunc(slices.Clone(cmd.Commands()), func(c *cobra.Command) bool {
		return !c.IsAvailableCommand() && c.Name() != "help" || c.IsAdditionalHelpTopicCommand()
	})
	show := func(title string, commands []*cobra.Command) {
		if len(commands) == 0 {
			return
		}
		fmt.Fprintf(text, "\n%s:\n", title)
		for _, c := range commands {
			fmt.Fprintf(text, "  %-12s %s\n", c.Name(), c.Short)
		}
	}
	for _, g := range commandGroups {
		var grouped []*cobra.Command
		for _, name := range g.names {
			isNamed := func(c *cobra.Command) bool { return c.Name() == name }
			if i := slices.IndexFunc(rest, isNamed); i >= 0 && !cmd.HasParent() {
				grouped, rest = append(grouped, rest[i]), slices.Delete(rest, i, i+1)
			}
		}
		show(g.title, grouped)
	}
	title := "Other commands"
	if cmd.HasParent() {
		title = "Commands"
	}
	show(title, rest)
	show("Topics of "+cmd.CommandPath()+" help", slices.DeleteFunc(slices.Clone(cmd.Commands()), func(c *cobra.Command) bool {
		return !c.IsAdditionalHelpTopicCommand()
	}))
}

// quotedDefault is how pflag shows a text's default, and no other.
var quotedDefault = regexp.MustCompile(`\(default "([^"]*)"\)`)

// showFlags lists a command's flags by group.
func showFlags(text *strings.Builder, cmd *cobra.Command) {
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if groupOf(flag) == "" {
			own.AddFlag(flag)
		}
	})
	show := func(title string, flags *pflag.FlagSet) {
		if flags.HasAvailableFlags() {
			fmt.Fprintf(text, "\n%s:\n%s", title, quotedDefault.ReplaceAllString(flags.FlagUsages(), "(default $1)"))
		}
	}
	show("Flags", own)
	if isAside(cmd) {
		return
	}
	for _, g := range flagGroups {
		grouped := pflag.NewFlagSet("", pflag.ContinueOnError)
		grouped.SortFlags = false
		for _, name := range g.names {
			if flag := cmd.Flags().Lookup(name); flag != nil {
				grouped.AddFlag(flag)
			}
		}
		show(g.title, grouped)
	}
}

// isAside tells whether a command has to do with neither artifacts nor caches,
// so that the flags of all commands are of no use to it.
func isAside(cmd *cobra.Command) bool {
	for ; cmd.HasParent(); cmd = cmd.Parent() {
		if cmd.Parent().HasParent() {
			continue
		}
		return !slices.ContainsFunc(commandGroups, func(g group) bool { return slices.Contains(g.names, cmd.Name()) })
	}
	return false
}

// groupOf is the title that a flag stands under, or nothing.
func groupOf(flag *pflag.Flag) string {
	for _, g := range flagGroups {
		if slices.Contains(g.names, flag.Name) {
			return g.title
		}
	}
	return ""
}
