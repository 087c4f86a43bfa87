package command

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/artifact"
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

// putAll uploads a list, prints each result as it comes, and then what all of
// them came to.
func (a *app) putAll(ctx context.Context, uploader transfer.Uploader, inputs transfer.Inputs, o putOptions, d *detection) error {
	if uploader.Client == nil && o.skipExisting {
		a.warn("without a credential nobody is asked what the cache has")
	}
	defer holdBallast()()
	began := time.Now()
	tally, sums := tally{app: a}, putSums{}
	shown := a.progress().BeginMany("uploading")
	defer shown.End()
	if o.shard == "" && !o.recursive {
		o.expect(ctx, shown)
	}
	// Results that come together are written together.
	results := a.streams.results
	results.gather = true
	defer results.flush()
	batch := transfer.Batch{Jobs: affordable(o.jobs), FailFast: o.failFast, Progress: shown, Waiting: results.flush}
	for result := range uploader.PutAll(ctx, inputs, batch) {
		sums.add(result)
		if result.Err != nil { // which is told elsewhere, and behind those before it
			results.flush()
		}
		tally.add(a.printPutOfMany(result))
		if results.err != nil {
			return results.err
		}
	}
	results.flush()
	shown.End()
	a.printDetection(d)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	sums.leftOut = int(o.leftOut.Load())
	if sums.total() == 0 {
		a.warn("nothing was uploaded: the list has no entry")
		return nil
	}
	a.note(sums.text(time.Since(began), o.dryRun))
	return tally.err()
}

// printPutOfMany prints a result and returns its error, if it has one.
func (a *app) printPutOfMany(r transfer.Result) error {
	if r.Path == "" && r.Err != nil && a.global.json { // an entry that is no input
		a.printJSON(failureJSON{newErrorJSON(r.Err)})
		return r.Err
	}
	return a.printPut(r)
}

// printPut prints a result and returns its error, if it has one.
func (a *app) printPut(r transfer.Result) error {
	err := underName("uploading", r.Path, r.Err)
	if a.global.json {
		a.printJSON(newPutJSON(r, err))
		return a.printed(err)
	}
	switch {
	case err != nil:
		return err
	case a.global.quiet:
		a.printResult(string(r.ID))
	default:
		a.printResult(ui.SumLine(string(r.ID), r.Path))
	}
	return nil
}

// putJSON is a result of put as --json prints it. Scripts rely on the names.
type putJSON struct {
	Path       string        `json:"path"`
	PathBase64 string        `json:"pathBase64,omitempty"`
	Hash       artifact.ID   `json:"hash,omitempty"`
	Algorithm  string        `json:"algorithm,omitempty"`
	Size       *int64        `json:"size,omitempty"`
	Status     string        `json:"status"`
	URLs       []string      `json:"urls,omitempty"`
	Attempts   int           `json:"attempts,omitempty"`
	Seconds    float64       `json:"seconds"`
	Signed     bool          `json:"signed"`
	Metadata   *metadataJSON `json:"metadata,omitempty"`
	Error      *errorJSON    `json:"error,omitempty"`
}

func newPutJSON(r transfer.Result, err error) putJSON {
	shown := putJSON{
		Path: r.Path, Hash: r.ID, Algorithm: string(r.Algorithm), Status: string(r.Status),
		URLs: r.URLs.List(), Attempts: r.Attempts, Seconds: r.Elapsed.Round(time.Microsecond).Seconds(), Error: newErrorJSON(err),
		PathBase64: pathBase64(r.Path), Size: known(r.Size), Signed: r.Signed,
	}
	if r.Status == transfer.NotSent {
		shown.Status = string(transfer.Failed)
	}
	if r.Err == nil {
		shown.Metadata = newMetadataJSON(r.Metadata)
	}
	return shown
}

// putSums are what several uploads came to.
type putSums struct {
	uploaded, skipped, failed, notSent int

	leftOut int   // links and special files below a directory
	bytes   int64 // uploaded
}

func (s *putSums) add(r transfer.Result) {
	switch r.Status {
	case transfer.Uploaded, transfer.Planned:
		s.uploaded++
		s.bytes += r.Size
	case transfer.Skipped:
		s.skipped++
	case transfer.NotSent:
		s.notSent++
	default:
		s.failed++
	}
}

func (s *putSums) total() int { return s.uploaded + s.skipped + s.failed + s.notSent + s.leftOut }

func (s *putSums) text(elapsed time.Duration, dryRun bool) string {
	done := "uploaded"
	if dryRun {
		done = "to upload"
	}
	text := fmt.Sprintf("%d %s, %d skipped, %d failed, %d not sent", s.uploaded, done, s.skipped, s.failed, s.notSent)
	if s.leftOut > 0 {
		text += fmt.Sprintf(", %d left out", s.leftOut)
	}
	text += fmt.Sprintf("; %s in %s", ui.Size(s.bytes), elapsed.Round(10*time.Millisecond))
	if s.bytes > 0 && !dryRun {
		text += fmt.Sprintf(" (%s)", ui.Rate(float64(s.bytes)/elapsed.Seconds()))
	}
	return text
}
