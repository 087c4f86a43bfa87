package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// getOptions are the command line of get.
type getOptions struct {
	listOptions
	sums, output    string
	parts           keyParts
	algorithm       string
	scheme          artifact.Scheme // the only one to accept
	first, failFast bool
	allowUnproven   bool
	archive         unpackOptions
	key             keyOptions
	network         networkOptions
}

func newGetCommand(a *app) *cobra.Command {
	var o getOptions
	cmd := &cobra.Command{
		Use:   "get [ID...]",
		Short: "Download artifacts, or unpack one",
		Long: `Download an artifact to standard output or, with -o, to a file. Several ids and
lists are downloaded to files below -C DIR, which are named as in SUMS or after
the id; for each, the id and the name are printed in the order given.

A file appears only once everything has arrived and is correct: the length, the
digest if the id has 64 or 128 hexadecimal digits, and the signature if a
signature key is set. Standard output is checked after the bytes have been
written; if they are wrong, the exit code is 7.

With --unpack, an archive of put --pack or turbo is restored. Its files take
their places only if every entry is good. An archive may name any file below the
directory, so use --only to restore what you expect.

A signature of turbo's first scheme, v1, for build-1 may fit build-12.`,
		Example: `  artifact get "$HASH" -o out.tar.zst
  artifact get "$HASH" --unpack --only 'dist/**'
  artifact get -c sums -C restored
  artifact get --first "$NEW" "$OLD" -o deps.tar`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args = args
			return runGet(cmd.Context(), a, o)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	fileFlag(flags, &o.output, "output,o", "FILE|-", "write to this file (default: -)")
	flags.BoolVar(&o.first, "first", false, "download the first that exists")
	o.parts.register(flags)
	stringFlag(flags, &o.algorithm, "algorithm", "sha256|sha512|blake3|none", "digest of the id (default guessed)")
	parsedFlag(flags, &o.scheme, "require-signature", "v2", "refuse v1, of turbo up to 2.9.17", parseRequired)
	flags.BoolVar(&o.allowUnproven, "allow-unproven", false, "accept what may be incomplete")
	o.archive.register(flags)
	fileFlag(flags, &o.sums, "check,c", "SUMS|-", "read ids and names from this file, as put or sha256sum prints them")
	flags.BoolVar(&o.failFast, "fail-fast", false, "start no more downloads after a failure")
	o.registerLines(flags, "ids")
	o.key.register(flags)
	o.network.register(flags)
	readEnvironment(flags, "require-signature", "allow-unproven", "fail-fast")
	return cmd
}

// parseRequired parses the scheme that signatures must have. Only v2 can be
// required: v1 proves less.
func parseRequired(text string) (artifact.Scheme, error) {
	if text != string(artifact.SchemeV2) {
		return "", fmt.Errorf("only v2 can be required, not %q", text)
	}
	return artifact.SchemeV2, nil
}

func runGet(ctx context.Context, a *app, o getOptions) error {
	if err := o.checkInputs(a); err != nil {
		return err
	}
	if len(o.parts) > 0 {
		id, err := o.parts.id(ctx)
		if err != nil {
			return err
		}
		o.args = []string{string(id)}
	}
	ids, list, err := o.inputs(a)
	if err != nil {
		return err
	}
	jobs := 1
	if list != nil {
		jobs = limitJobs(o.jobs)
	}
	cache, s, err := a.authorizedClient(ctx, o.network, jobs)
	if err != nil {
		return err
	}
	downloader := transfer.Downloader{Client: cache, Scheme: o.scheme, AllowUnproven: o.allowUnproven}
	if downloader.Signer, err = a.signer(o.key, s); err != nil {
		return err
	}
	if downloader.Signer == nil && o.scheme != "" {
		return usage("--require-signature: there is no signature key to check with")
	}
	if list != nil {
		return a.getAll(ctx, downloader, list, o)
	}
	return a.getFirst(ctx, downloader, ids, o)
}

// checkInputs rejects invalid combinations.
func (o *getOptions) checkInputs(a *app) error {
	sources := 0
	for _, given := range []bool{len(o.args) > 0, len(o.parts) > 0, o.sums != "", o.filesFrom != ""} {
		if given {
			sources++
		}
	}
	if err := o.archive.check(o.output); err != nil {
		return err
	}
	switch {
	case sources == 0:
		return usage("nothing to download: name an id, a --key, -c SUMS or --files-from LIST")
	case sources > 1:
		return usage("give ids, a key, --check or --files-from, but only one of them")
	case o.first && (o.sums != "" || o.filesFrom != "" || o.archive.dir != "" && !o.archive.unpack):
		return usage("--first takes ids, and -o FILE or --unpack")
	case o.null && o.filesFrom == "":
		return usage("--null needs --files-from")
	case o.jobs == 0:
		return usage("--jobs: must be at least 1")
	case o.isMany() && o.output != "":
		return usage("--output is for a single artifact: use -C DIR")
	case o.isMany() && o.archive.isGiven():
		return usage("--unpack and --list are for a single artifact")
	case o.isMany() || o.archive.isGiven():
	case cmp.Or(o.output, "-") == "-" && a.common.json:
		return usage("--json needs -o FILE: the bytes go to standard output")
	case o.output == "" && ui.IsTerminal(a.env.Stdout) && len(o.args) == 1:
		return usage("standard output is a terminal: artifact get %s -o FILE", shellQuote(notAFlag(o.args[0])))
	case o.output == "" && ui.IsTerminal(a.env.Stdout):
		return usage("standard output is a terminal: use -o FILE")
	}
	return nil
}

// isMany reports whether the artifacts become files below a directory.
func (o *getOptions) isMany() bool {
	return o.archive.dir != "" && !o.archive.unpack || o.sums != "" || o.filesFrom != "" || len(o.args) > 1 && !o.first
}

// inputs returns what to download: ids, of which the first that exists counts, or a
// list.
func (o *getOptions) inputs(a *app) (ids []transfer.Input, list transfer.Inputs, err error) {
	switch {
	case o.sums != "":
		list, err = openList("--check", o.sums, a.env.Stdin, transfer.List.IDs)
	case o.filesFrom != "":
		list, err = openList("--files-from", o.filesFrom, a.env.Stdin, func(list transfer.List) transfer.Inputs {
			return list.BareIDs(o.terminator())
		})
	default:
		if ids, err = parseIDs(o.args); err == nil && o.isMany() {
			list = listOf(ids...)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	for i := range ids {
		if err := o.setDigests(&ids[i]); err != nil {
			return nil, nil, err
		}
	}
	if list == nil {
		return ids, nil, nil
	}
	return nil, o.withDigests(list), nil
}

// withDigests returns a list with the digests that its ids may be.
func (o *getOptions) withDigests(list transfer.Inputs) transfer.Inputs {
	return func(yield func(transfer.Input, error) bool) {
		for input, err := range list {
			if err == nil {
				err = o.setDigests(&input)
			}
			if !yield(input, err) {
				return
			}
		}
	}
}

// setDigests sets the digests that an id may be.
func (o *getOptions) setDigests(input *transfer.Input) (err error) {
	if input.Digests, err = digestsOf(input.ID, o.algorithm); err != nil {
		err = usage("--algorithm: %w", err)
	}
	return err
}

// getFirst downloads the first of some artifacts that exists.
func (a *app) getFirst(ctx context.Context, downloader transfer.Downloader, ids []transfer.Input, o getOptions) error {
	target, err := o.target(a)
	if err != nil {
		return err
	}
	var done transfer.Downloaded
	for _, input := range ids {
		shown := a.showTransfer(string(input.ID))
		downloader.Progress = shown
		done, err = downloader.Get(ctx, input.ID, input.Digests, target)
		shown.End()
		if !errors.Is(err, client.ErrNotFound) {
			break
		}
	}
	if errors.Is(err, client.ErrNotFound) && len(ids) > 1 {
		err = fmt.Errorf("none of these %d artifacts exists: %w", len(ids), err)
	}
	if err = errors.Join(err, target.Close()); err != nil {
		return err
	}
	if a.common.json && !o.archive.list {
		a.printJSON(newFoundJSON(done.Found, done.Size, o.place()))
	}
	a.noteSchemes(map[transfer.Signature]int{done.Signature: 1})
	return nil
}

// target opens what the bytes of a single artifact go to.
func (o *getOptions) target(a *app) (*transfer.Target, error) {
	switch {
	case o.archive.isGiven():
		return o.archive.target(a), nil
	case cmp.Or(o.output, "-") == "-":
		return transfer.StreamTarget(output{a.env.Stdout}, "standard output"), nil
	}
	return transfer.OpenTarget(o.output)
}

// place returns the file, or the directory of unpacked files.
func (o *getOptions) place() string {
	if o.archive.unpack {
		return cmp.Or(filepath.ToSlash(o.archive.dir), ".")
	}
	return o.output
}
