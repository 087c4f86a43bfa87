package command

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/digest"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// putOptions are the command line of put.
type putOptions struct {
	args      []string
	hash      optional
	algorithm string
	metadata  metadataOptions
	key       keyOptions
	scheme    string
	noSign    bool
	verify    bool
	warnOnly  bool
	dryRun    bool
}

func newPutCommand(a *app) *cobra.Command {
	var o putOptions
	cmd := &cobra.Command{
		Use:   "put [FILE|-]",
		Short: "Upload a file or standard input",
		Long: `Upload a file, or standard input, to the cache, and print the id that it is
stored under and its name.

The id is what --hash gives, else the digest of the bytes. A stream (-, a FIFO,
<(…), or piped standard input where no FILE is named) is kept in a temporary
file first, since the API must be told the size before the first byte.

If the file changes while it is read, the upload is broken off so that the
cache never holds it, and the exit code is 7. A program that writes to the file
through a shared memory mapping cannot be noticed.`,
		Example: `  artifact put out.tar.zst
  tar -cf - dist | zstd | artifact put -
  HASH=$(artifact put -q out.tar.zst)
  artifact put --hash "$KEY" --duration 12.5s out.tar.zst
  artifact put --verify --signature-key-file key out.tar.zst`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args = args
			err := runPut(cmd.Context(), a, o)
			if interrupt := (Interrupt{}); err != nil && o.warnOnly && !errors.As(context.Cause(cmd.Context()), &interrupt) {
				return &warning{err}
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.Var(&o.hash, "hash", "`ID` to store under (default: the digest of the bytes)")
	flags.StringVar(&o.algorithm, "algorithm", string(digest.SHA256), "digest that an id is derived with: `sha256|sha512|blake3`")
	flags.BoolVar(&o.warnOnly, "warn-only", false, "print failures and exit 0, for a CI step that must not fail")
	flags.BoolVar(&o.dryRun, "dry-run", false, "say what would be uploaded; needs no network and no credential")
	flags.BoolVar(&o.verify, "verify", false, "download it again and compare, before it counts as uploaded")
	flags.StringVar(&o.scheme, "signature-version", string(artifact.SchemeV2), "scheme to sign by: `v2|v1`, v1 for turbo up to 2.9.17")
	flags.BoolVar(&o.noSign, "no-sign", false, "do not sign, though there is a signature key")
	o.key.register(flags)
	o.metadata.register(flags)
	for _, name := range []string{"algorithm", "warn-only", "verify", "signature-version", "no-sign"} {
		readsEnvironment(flags, name)
	}
	return cmd
}

func runPut(ctx context.Context, a *app, o putOptions) error {
	input, err := o.input(a.env.Stdin)
	if err != nil {
		return err
	}
	given, err := o.metadata.parse()
	if err != nil {
		return err
	}
	resolver, s, err := a.resolve()
	if err != nil {
		return err
	}
	detection := a.startDetection(ctx, o.metadata, given)
	defer detection.stop()
	uploader := transfer.Uploader{SpoolDir: a.env.Getenv("TMPDIR"), Describe: detection.describe, Verify: o.verify}
	if uploader.Scheme, uploader.Signer, err = o.signing(a, s); err != nil {
		return err
	}
	if !o.dryRun {
		if err := a.authorize(ctx, resolver, &s); err != nil {
			return err
		}
	}
	// A dry run needs none, but must find what is wrong with its settings.
	cache, err := a.newClient(s)
	if err != nil {
		return err
	}
	if !o.dryRun {
		uploader.Client = cache
	}
	shown := a.progress().Begin(input.Path)
	uploader.Progress = shown
	result := uploader.Put(ctx, input)
	shown.End()
	a.printDetection(detection)
	return a.printPut(result)
}

// signing is how to sign. The signer is nil where nothing is signed: there is
// no key, or a tag is given.
func (o putOptions) signing(a *app, s settings.Settings) (artifact.Scheme, *artifact.Signer, error) {
	scheme, err := artifact.ParseScheme(o.scheme)
	if err != nil {
		return "", nil, usage("--signature-version: %w", err)
	}
	if o.noSign || o.metadata.tag != "" {
		return scheme, nil, nil
	}
	signer, err := a.signer(o.key, s)
	if signer == nil && err == nil {
		err = s.CheckSignature()
	}
	return scheme, signer, err
}

// input finds out what is to be uploaded, without opening it.
func (o putOptions) input(stdin *os.File) (transfer.Input, error) {
	input := transfer.Input{Path: "-"}
	switch {
	case len(o.args) > 1 && o.hash.given:
		return input, usage("one --hash is for one input, and %d are given", len(o.args))
	case len(o.args) > 1:
		return input, usage("put takes one input, and %d are given", len(o.args))
	case len(o.args) == 1 && o.args[0] == "":
		return input, usage("the name of the input is empty, as that of a variable that is not set")
	case len(o.args) == 1:
		input.Path = o.args[0]
	case ui.IsTerminal(stdin):
		return input, usage("no input: name a file, or pipe one in")
	default:
		input.RefuseEmpty = true
	}
	if input.Path == "-" {
		input.Stream = stdin
	}
	if o.hash.given { // also without a value: a key that was lost is no reason to derive one
		id, err := artifact.ParseID(o.hash.text)
		if err != nil {
			return input, usage("--hash: %w", err)
		}
		input.ID = id
	}
	algorithm, err := digest.Parse(o.algorithm)
	if err != nil {
		return input, usage("--algorithm: %w", err)
	}
	input.Algorithm = algorithm
	return input, nil
}

func usage(format string, args ...any) error {
	return &usageError{command: "artifact put", err: fmt.Errorf(format, args...)}
}

// progress is how the transfer is shown.
func (a *app) progress() *ui.Progress {
	style := ui.Silent
	if !a.global.quiet {
		style = ui.ChooseStyle(a.global.progress, a.env.Stderr, a.env.Getenv)
	}
	return ui.NewProgress(a.streams.screen, style)
}
