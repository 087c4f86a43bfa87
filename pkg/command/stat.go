package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// statOptions are the command line of stat.
type statOptions struct {
	listOptions
	sums      string
	algorithm transfer.Algorithm
	parts     keyParts
	network   networkOptions
}

func newStatCommand(a *app) *cobra.Command {
	var o statOptions
	cmd := &cobra.Command{
		Use:   "stat [HASH...]",
		Short: "Show what the cache knows about artifacts",
		Long: `Show the size, duration, revision, hash of uncommitted changes and tag of
artifacts, as far as the cache reports them. With -q, print only the ids that
exist. The exit code is 6 if one does not exist.

Lists work as for put and verify. If an entry names a file without an id, the id
is the digest of the file; a file whose id is given is not opened.`,
		Example: `  artifact stat "$HASH"
  artifact stat --json "$HASH" | jq .size
  artifact stat -c sums
  find dist -type f -print0 | artifact stat --files-from - -0`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args = args
			return runStat(cmd.Context(), a, o)
		},
	}
	flags := cmd.Flags()
	fileFlag(flags, &o.sums, "check,c", "SUMS|-", "read ids from this file, as put or put -q prints them")
	o.algorithm = transfer.SHA256
	parsedFlag(flags, &o.algorithm, "algorithm", "sha256|sha512|blake3", "digest algorithm for ids of files (default sha256)", transfer.ParseAlgorithm)
	o.parts.register(flags)
	o.listOptions.register(flags)
	o.network.register(flags)
	readEnvironment(flags, "algorithm")
	return cmd
}

func runStat(ctx context.Context, a *app, o statOptions) error {
	if len(o.parts) > 0 {
		if o.sums != "" || o.isListed() || len(o.args) > 0 {
			return usage("--key replaces ids and lists")
		}
		id, err := o.parts.id(ctx)
		if err != nil {
			return err
		}
		o.args = []string{string(id)}
	}
	inputs, err := o.inputs(a)
	if err != nil {
		return err
	}
	jobs := limitJobs(o.jobs)
	cache, _, err := a.authorizedClient(ctx, o.network, jobs)
	if err != nil {
		return err
	}
	verifier := transfer.Verifier{Client: cache, Jobs: jobs}
	if len(o.args) == 1 {
		for result := range verifier.LookUp(ctx, inputs) {
			if ctx.Err() == nil { // otherwise it failed because ctx ended
				return a.printed(a.printStat(result))
			}
		}
		return context.Cause(ctx)
	}
	shown := a.progress().BeginMany("looking up")
	verifier.ListProgress = shown
	o.expect(ctx, shown)
	tally := &tally{app: a, done: "found"}
	if err := printList(ctx, tally, shown, verifier.LookUp(ctx, inputs), a.printStat); err != nil {
		return err
	}
	if tally.total == 0 {
		a.warn("nothing was looked up: the list is empty")
	}
	return tally.err()
}

// inputs returns the list to look up.
func (o *statOptions) inputs(a *app) (transfer.Inputs, error) {
	if err := o.check("HASH"); err != nil {
		return nil, err
	}
	switch {
	case o.sums != "" && (o.isListed() || len(o.args) > 0):
		return nil, usage("--check replaces ids and other lists")
	case o.sums != "":
		return openList("--check", o.sums, a.env.Stdin, transfer.List.IDs)
	case o.isListed():
		return o.open(a.env.Stdin, transfer.Input{Algorithm: o.algorithm})
	case len(o.args) == 0:
		return nil, usage("nothing to look up: name an id, a --key, -c SUMS or a list of files")
	}
	inputs, err := parseIDs(o.args)
	return listOf(inputs...), err
}

// printStat prints a result and returns its error, if any.
func (a *app) printStat(result transfer.LookedUp) error {
	err := withName("looking up", result.Path, result.Err)
	switch {
	case a.common.json && err != nil:
		a.printJSON(foundJSON{Hash: result.ID, Path: result.Path, Base64: pathBase64(result.Path), Error: newErrorJSON(err)})
	case a.common.json:
		a.printJSON(newFoundJSON(result.Found, result.Found.Size, result.Path))
	case err != nil:
	case a.common.quiet:
		a.printResult(string(result.ID))
	default:
		a.printFound(result.Found, result.Path)
	}
	return err
}

// printFound prints a description of an artifact.
func (a *app) printFound(found client.Found, path string) {
	fmt.Fprintln(a.streams.results, printable.Text(string(found.ID)))
	fact := func(name, value string) {
		if value != "" {
			fmt.Fprintf(a.streams.results, "  %-10s  %s\n", name, printable.Text(value))
		}
	}
	fact("path", path)
	switch {
	case found.Size < 0:
		fact("size", "unknown")
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
