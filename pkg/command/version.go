package command

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release, commit and date are set with -ldflags "-X …" in a release.
var release, commit, date string

// version returns the version of the release, or else the one that the Go
// toolchain recorded.
func version() string {
	text := release
	if info, ok := debug.ReadBuildInfo(); ok && text == "" {
		text = info.Main.Version
	}
	if text == "" {
		text = "(devel)"
	}
	if commit != "" {
		text += fmt.Sprintf(" (%s, %s)", commit, date)
	}
	return text
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Long:    `Print the version and the commit that it was built from.`,
		Example: "  artifact version",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return printVersion(cmd) },
	}
}

func printVersion(cmd *cobra.Command) error {
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "artifact %s\n", version())
	return err
}
