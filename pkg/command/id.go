package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// idOptions are the command line of id.
type idOptions struct {
	listOptions
	algorithm transfer.Algorithm
	parts     keyParts
}

func newIDCommand(a *app) *cobra.Command {
	o := idOptions{listOptions: listOptions{jobs: defaultJobs}, algorithm: transfer.SHA256}
	cmd := &cobra.Command{
		Use:   "id [FILE...|-]",
		Short: "Print the id of files or of a key, offline",
		Long: `Print the id that put derives from the bytes of each FILE, or the one that it
derives from a key. Nothing is sent.

A key is what an artifact is built from: texts and files, in the order of the
flags. Its id is the first 48 hexadecimal digits of the SHA-256 of these bytes,
for each part: text or file, a NUL, the length in bytes in decimal digits, a
NUL, and the text or the bytes of the file. Names of files do not count. put,
get, verify and stat take the same flags.`,
		Example: `  artifact id dist.tar.gz
  artifact id --key "deps $(uname -sm)" --key-file package-lock.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args = args
			return runID(cmd.Context(), a, o)
		},
	}
	flags := cmd.Flags()
	parsedFlag(flags, &o.algorithm, "algorithm", "sha256|sha512|blake3", "digest for the ids of files (default sha256)", transfer.ParseAlgorithm)
	o.parts.register(flags)
	readEnvironment(flags, "algorithm")
	return cmd
}

func runID(ctx context.Context, a *app, o idOptions) error {
	if err := o.checkFiles(); err != nil {
		return err
	}
	switch {
	case len(o.parts) > 0 && len(o.args) > 0:
		return usage("give FILE or a key, but not both")
	case len(o.parts) > 0:
		id, err := o.parts.id(ctx)
		if err != nil {
			return err
		}
		return a.printID(transfer.Identified{ID: id, Size: -1})
	case len(o.args) == 0:
		return usage("nothing to identify: name a file, - for standard input, or a --key")
	}
	inputs := named(o.args, a.env.Stdin, transfer.Input{Algorithm: o.algorithm})
	if len(inputs) == 1 {
		shown := a.showTransfer(inputs[0].Path)
		result := transfer.Identify(ctx, inputs[0], shown)
		shown.End()
		return a.printed(a.printID(result))
	}
	tally := &tally{app: a, done: "identified"}
	shown := a.progress().BeginMany("hashing")
	o.expect(ctx, shown)
	err := printList(ctx, tally, shown, transfer.IdentifyAll(ctx, listOf(inputs...), limitJobs(o.jobs), shown), a.printID)
	if err != nil {
		return err
	}
	return tally.err()
}

// idJSON is a result of id as --json prints it. Scripts rely on the names.
type idJSON struct {
	Path       string      `json:"path,omitempty"`
	PathBase64 string      `json:"pathBase64,omitempty"`
	Hash       artifact.ID `json:"hash,omitempty"`
	Algorithm  string      `json:"algorithm,omitempty"`
	Size       *int64      `json:"size,omitempty"`
	Error      *errorJSON  `json:"error,omitempty"`
}

// printID prints a result and returns its error, if any. The id of a key has no
// path.
func (a *app) printID(r transfer.Identified) error {
	switch {
	case a.common.json:
		a.printJSON(idJSON{
			Path: r.Path, PathBase64: pathBase64(r.Path), Hash: r.ID, Algorithm: string(r.Algorithm), Size: known(r.Size),
			Error: newErrorJSON(r.Err),
		})
	case r.Err != nil:
	case a.common.quiet || r.Path == "":
		a.printResult(string(r.ID))
	default:
		a.printResult(ui.SumLine(string(r.ID), r.Path))
	}
	return r.Err
}
