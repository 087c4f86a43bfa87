package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

func newStatCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "stat HASH...",
		Short: "Show what the cache knows of artifacts",
		Long: `Show the size, the duration, the revision, the hash of uncommitted changes and
the tag of artifacts, as far as the cache tells. Under -q it prints nothing but
the ids of those that are there. The exit code is 6 where one is not there.`,
		Example: `  artifact stat "$HASH"
  artifact stat --json "$HASH" | jq .size`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runStat(cmd.Context(), a, args)
		},
	}
}

func runStat(ctx context.Context, a *app, args []string) error {
	ids := make([]artifact.ID, len(args))
	for i, arg := range args {
		var err error
		if ids[i], err = artifact.ParseID(arg); err != nil {
			return &usageError{command: "artifact stat", err: err}
		}
	}
	cache, _, err := a.authorizedClient(ctx)
	if err != nil {
		return err
	}
	tally := tally{app: a}
	for result := range transfer.LookUp(ctx, cache, defaultJobs, ids) {
		if ctx.Err() != nil {
			break // what comes now was only broken off
		}
		a.printStat(result)
		if len(ids) == 1 {
			return a.printed(result.Err)
		}
		tally.add(result.Err)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return tally.err()
}

// foundJSON is what a cache has, as --json prints it. Scripts rely on the
// names.
type foundJSON struct {
	Hash     artifact.ID   `json:"hash"`
	Size     *int64        `json:"size,omitempty"`
	Metadata *metadataJSON `json:"metadata,omitempty"`
	Tag      string        `json:"tag,omitempty"`
	Path     string        `json:"path,omitempty"`
	Base64   string        `json:"pathBase64,omitempty"`
	Error    *errorJSON    `json:"error,omitempty"`
}

func newFoundJSON(found client.Found, size int64, path string) foundJSON {
	return foundJSON{
		Hash: found.ID, Size: known(size), Metadata: newMetadataJSON(found.Metadata), Tag: found.Metadata.Tag,
		Path: path, Base64: pathBase64(path),
	}
}

func (a *app) printStat(result transfer.LookedUp) {
	switch {
	case a.global.json && result.Err != nil:
		a.printJSON(foundJSON{Hash: result.ID, Error: newErrorJSON(result.Err)})
	case a.global.json:
		a.printJSON(newFoundJSON(result.Found, result.Found.Size, ""))
	case result.Err != nil:
	case a.global.quiet:
		fmt.Fprintln(a.streams.results, result.ID)
	default:
		a.printFound(result.Found)
	}
}

// printFound prints what is known of an artifact, for people.
func (a *app) printFound(found client.Found) {
	fmt.Fprintln(a.streams.results, printable.Text(string(found.ID)))
	fact := func(name, value string) {
		if value != "" {
			fmt.Fprintf(a.streams.results, "  %-10s  %s\n", name, printable.Text(value))
		}
	}
	switch {
	case found.Size < 0:
		fact("size", "not told")
	case found.Size < 1024:
		fact("size", ui.Size(found.Size))
	default:
		fact("size", fmt.Sprintf("%d B (%s)", found.Size, ui.Size(found.Size)))
	}
	if duration := found.Metadata.Duration; duration != nil {
		fact("duration", duration.String())
	}
	fact("revision", found.Metadata.SHA)
	fact("dirty hash", found.Metadata.DirtyHash)
	fact("tag", found.Metadata.Tag)
}
