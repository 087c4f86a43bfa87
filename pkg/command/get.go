package command

import (
	"context"
	"errors"
	"fmt"

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
	key                     keyOptions
	network                 networkOptions
}

func newGetCommand(a *app) *cobra.Command {
	var o getOptions
	cmd := &cobra.Command{
		Use:   "get HASH [-o FILE|-]",
		Short: "Download an artifact",
		Long: `Download an artifact to a file, or to standard output.

The file appears when everything has come and is right: its length; its digest,
where the id is one of 64 or 128 hexadecimal digits (--algorithm NAME|none says
outright what the id is); and its signature, where a signature key is set. A
failed download leaves nothing. What goes to standard output is checked when it
has gone out: then the exit code is 7.

A signature of turbo's first scheme, v1, does not fix where the id ends and the
bytes begin: one for build-1 may fit build-12. --require-signature v2 refuses it.`,
		Example: `  artifact get "$HASH" -o out.tar.zst
  artifact get "$HASH" | zstd -d | tar -xf -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("name one artifact by its id")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.hash = args[0]
			return runGet(cmd.Context(), a, o)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.output, "output", "o", "-", "`FILE|-` to write to")
	flags.StringVar(&o.algorithm, "algorithm", "", "what the id is a digest by: `sha256|sha512|blake3|none` (default: what it looks like)")
	parsedFlag(flags, &o.scheme, "require-signature", "accept signatures of this scheme only: `v2`, of turbo 2.9.18 and later", parseRequired)
	flags.BoolVar(&o.allowUnproven, "allow-unproven", false, "accept an answer whose end cannot be proved by a length, digest or signature")
	o.key.register(flags)
	o.network.register(flags)
	readEnvironment(flags, "require-signature", "allow-unproven")
	return cmd
}

// parseRequired parses the scheme that signatures must have: v1 proves less, so
// there is no use in requiring it.
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
	switch {
	case o.output == "":
		return usage("--output: the name of the file is empty, as that of a variable that is not set")
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
	target := transfer.StreamTarget(a.env.Stdout, "standard output")
	if o.output != "-" {
		if target, err = transfer.OpenTarget(o.output); err != nil {
			return unusable("%w", err)
		}
	}
	shown := a.beginOne(o.hash)
	defer shown.End()
	downloader.Progress = shown
	done, err := downloader.Get(ctx, id, digests, target)
	err = errors.Join(err, target.Close())
	shown.End()
	if err != nil {
		return err
	}
	if a.common.json {
		a.printJSON(newFoundJSON(done.Found, done.Size, o.output))
	}
	a.noteSchemes(map[transfer.Signature]int{done.Signature: 1})
	return nil
}
