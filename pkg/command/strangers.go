package command

import (
	"fmt"

	"github.com/spf13/cobra"
)

// strangers are the flags and commands of other tools that people try by habit,
// and what to do instead.
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

const (
	insteadOfInsecure = "Certificates are always checked. Trust your server's own with --ca-cert FILE."
	insteadOfHeader   = "Put the lines Name: value into a file for --header-file FILE, or into ARTIFACT_HEADERS: every user of this machine can read an argument."
	insteadOfUpload   = "Upload with artifact put FILE."
	insteadOfDownload = "Download with artifact get ID -o FILE."
	insteadOfList     = "The cache cannot list what it holds. Ask for known ids with artifact stat ID..."
)

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
				return &usageError{err: fmt.Errorf("unknown command %q", name), next: next}
			},
		})
	}
	return commands
}
