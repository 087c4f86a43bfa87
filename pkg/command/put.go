package command

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/provenance"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// putOptions are the command line of put.
type putOptions struct {
	listOptions
	recursive bool
	exclude   []string
	leftOut   *atomic.Int64 // files that recursive skipped
	shard     string
	hash      optional
	algorithm string
	metadata  metadataOptions
	key       keyOptions
	scheme    string
	noSign    bool
	verify    bool
	warnOnly  bool
	dryRun    bool

	skipExisting, failFast bool
}

func newPutCommand(a *app) *cobra.Command {
	o := putOptions{leftOut: new(atomic.Int64)}
	cmd := &cobra.Command{
		Use:   "put [FILE...|-]",
		Short: "Upload files or standard input",
		Long: `Upload files, or standard input, to the cache, and print for each the id that
it is stored under and its name, in the order given.

The id is what --hash gives, else the digest of the bytes. A stream (-, a FIFO,
<(…), or piped standard input where no FILE is named) is kept in a temporary
file first, since the API must be told the size before the first byte.

If the file changes while it is read, the upload is broken off so that the
cache never holds it, and the exit code is 7. A program that writes to the file
through a shared memory mapping cannot be noticed.

With -r, every regular file below the directory is uploaded, in the order of
their paths. Links to files in the directory are followed. Links that leave it,
links to directories and special files are skipped with a warning. .git is
always left out. --exclude GLOB is matched against the path below the directory:
*.map is for its own files, **/*.map for those at any depth, and docs for all of
the directory docs.

Of several inputs one that fails does not stop the others, unless --fail-fast
is given. What is the same is sent once. An id that a list repeats with other
bytes fails, unless 10,000 other ids stand between: then the last bytes win.
When the credential is refused, the cache is closed or the network lost, the
rest is listed as not sent.`,
		Example: `  artifact put out.tar.zst
  tar -cf - dist | zstd | artifact put -
  artifact put -r dist
  find . -name '*.zst' -print0 | artifact put --files-from - -0 --skip-existing
  HASH=$(artifact put -q out.tar.zst)
  artifact put --hash "$KEY" --duration 12.5s out.tar.zst
  artifact put --verify --signature-key-file key out.tar.zst`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args = args
			a.tolerant = o.warnOnly
			err := runPut(cmd.Context(), a, o)
			if interrupt := (Interrupt{}); err != nil && o.warnOnly && !errors.As(context.Cause(cmd.Context()), &interrupt) {
				return &warning{err}
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.Var(&o.hash, "hash", "`ID` to store under (default: the digest of the bytes)")
	flags.StringVar(&o.algorithm, "algorithm", string(transfer.SHA256), "digest that an id is derived with: `sha256|sha512|blake3`")
	flags.BoolVar(&o.warnOnly, "warn-only", false, "print failures and exit 0, for a CI step that must not fail")
	flags.BoolVar(&o.dryRun, "dry-run", false, "say what would be uploaded; needs no network and no credential")
	flags.BoolVar(&o.verify, "verify", false, "download it again and compare, before it counts as uploaded")
	flags.StringVar(&o.scheme, "signature-version", string(artifact.SchemeV2), "scheme to sign by: `v2|v1`, v1 for turbo up to 2.9.17")
	flags.BoolVar(&o.noSign, "no-sign", false, "do not sign, though there is a signature key")
	flags.BoolVarP(&o.recursive, "recursive", "r", false, "upload each file below a directory")
	flags.StringArrayVar(&o.exclude, "exclude", nil, "with -r, leave out paths that match this `GLOB`; repeatable")
	flags.BoolVar(&o.skipExisting, "skip-existing", false, "send nothing that the cache has already")
	flags.BoolVar(&o.failFast, "fail-fast", false, "begin no further upload when one has failed")
	flags.StringVar(&o.shard, "shard", "", "upload one part of the list only, as `I/N`, for N jobs beside each other")
	o.listOptions.register(flags)
	o.key.register(flags)
	o.metadata.register(flags)
	for _, name := range []string{"algorithm", "warn-only", "verify", "signature-version", "no-sign", "skip-existing", "fail-fast", "shard"} {
		readsEnvironment(flags, name)
	}
	return cmd
}

func runPut(ctx context.Context, a *app, o putOptions) error {
	single, inputs, closeList, err := o.inputs(a)
	defer closeList()
	if err != nil {
		return err
	}
	given, err := o.metadata.parse()
	if err != nil {
		return err
	}
	// First of all: git is what a small upload waits for.
	detection := a.newDetection(ctx, o.metadata, given)
	defer detection.stop()
	if single != nil || !o.skipExisting { // of a list that is there already nothing is sent
		detection.start()
	}
	resolver, s, err := a.resolve()
	if err != nil {
		return err
	}
	uploader := transfer.Uploader{
		SpoolDir: a.env.Getenv("TMPDIR"), Describe: detection.describe, Verify: o.verify,
		SkipExisting: o.skipExisting, DryRun: o.dryRun,
	}
	if uploader.Scheme, uploader.Signer, err = o.signing(a, s); err != nil {
		return err
	}
	// A dry run asks the cache only what it has, and only where it may.
	if !o.dryRun || o.skipExisting {
		if err := a.authorize(ctx, resolver, &s); err != nil && (!o.dryRun || isUsage(err)) {
			return err
		}
	}
	// A dry run needs none, but must find what is wrong with its settings.
	cache, err := a.newClient(s, affordable(o.jobs))
	if err != nil {
		return err
	}
	if !s.Token.IsEmpty() {
		uploader.Client = cache
	}
	if single == nil {
		return a.putAll(ctx, uploader, inputs, o, detection)
	}
	shown := a.beginOne(single.Path)
	uploader.Progress = shown
	result := uploader.Put(ctx, *single)
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
	return scheme, signer, err
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
	// A CI's log keeps each frame of a bar, even if the job has a terminal.
	if style == ui.Bar && a.global.progress == ui.Auto && provenance.DetectCI(a.env.LookupEnv).Detected {
		style = ui.Lines
	}
	return ui.NewProgress(a.streams.screen, style)
}

// beginOne begins to show the transfer of a single artifact.
func (a *app) beginOne(name string) *ui.Transfer {
	a.shown = a.progress().Begin(a.streams.redactor.String(name)) // whose beginning a bar cuts
	return a.shown
}
