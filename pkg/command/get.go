package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// getOptions are the command line of get.
type getOptions struct {
	hash, output, algorithm string
	scheme                  artifact.Scheme // the only one to accept
	allowUnproven           bool
	archive                 unpackOptions
	key                     keyOptions
	network                 networkOptions
}

func newGetCommand(a *app) *cobra.Command {
	var o getOptions
	cmd := &cobra.Command{
		Use:   "get HASH [-o FILE|-]",
		Short: "Download an artifact, or unpack one",
		Long: `Download an artifact to a file, or to standard output.

The file appears only once everything has arrived and is correct: the length,
the digest if the id has 64 or 128 hexadecimal digits (--algorithm overrides
this guess), and the signature if a signature key is set. A failed download
leaves nothing behind. Standard output is checked after the bytes have been
written; if they are wrong, the exit code is 7.

An archive of put --pack or turbo is restored with --unpack: its files take their
places only if every entry is good. Existing files are replaced, directories are
merged, and everything else stays. An archive may name any file below the
directory; use --only to restore what you expect.

Signatures of turbo's first scheme, v1, do not separate the id from the bytes: a
signature for build-1 may fit build-12. --require-signature v2 refuses them.`,
		Example: `  artifact get "$HASH" -o out.tar.zst
  artifact get "$HASH" --unpack --only 'dist/**'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("give the id of one artifact")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.hash = args[0]
			return runGet(cmd.Context(), a, o)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	o.output = "-"
	stringFlag(flags, &o.output, "output,o", "FILE|-", "write to this file (default: standard output)")
	stringFlag(flags, &o.algorithm, "algorithm", "sha256|sha512|blake3|none", "digest algorithm of the id (default: guessed from its length)")
	parsedFlag(flags, &o.scheme, "require-signature", "v2", "accept only signatures of turbo 2.9.18 and later", parseRequired)
	flags.BoolVar(&o.allowUnproven, "allow-unproven", false, "accept an answer without a length, digest or signature to prove it complete")
	o.archive.register(flags)
	o.key.register(flags)
	o.network.register(flags)
	readEnvironment(flags, "require-signature", "allow-unproven")
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
	id, err := artifact.ParseID(o.hash)
	if err != nil {
		return usage("%w", err)
	}
	digests, err := digestsOf(id, o.algorithm)
	if err != nil {
		return usage("--algorithm: %w", err)
	}
	if err := o.archive.check(o.output); err != nil {
		return err
	}
	target := o.archive.target(a)
	switch {
	case target != nil:
	case o.output == "":
		return usage("--output: the file name is empty: check the variable that it comes from")
	case o.output == "-" && a.common.json:
		return usage("--json needs -o FILE: the bytes go to standard output")
	case o.output == "-" && ui.IsTerminal(a.env.Stdout):
		return usage("standard output is a terminal: artifact get %s -o FILE", shellQuote(notAFlag(o.hash)))
	}
	cache, s, err := a.authorizedClient(ctx, o.network, 1)
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
	if target == nil {
		if target, err = o.openTarget(a); err != nil {
			return err
		}
	}
	shown := a.showTransfer(o.hash)
	defer shown.End()
	downloader.Progress = shown
	done, err := downloader.Get(ctx, id, digests, target)
	err = errors.Join(err, target.Close())
	shown.End()
	if err != nil {
		return err
	}
	if a.common.json && !o.archive.list {
		a.printJSON(newFoundJSON(done.Found, done.Size, o.place()))
	}
	a.noteSchemes(map[transfer.Signature]int{done.Signature: 1})
	return nil
}

// openTarget opens what the bytes of the artifact go to.
func (o *getOptions) openTarget(a *app) (*transfer.Target, error) {
	if o.output == "-" {
		return transfer.StreamTarget(a.env.Stdout, "standard output"), nil
	}
	target, err := transfer.OpenTarget(o.output)
	if err != nil {
		return nil, unusable("%w", err)
	}
	return target, nil
}

// place returns the file, or the directory of unpacked files.
func (o *getOptions) place() string {
	if o.archive.unpack {
		return cmp.Or(filepath.ToSlash(o.archive.dir), ".")
	}
	return o.output
}
