package command

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// putOptions are the command line of put.
type putOptions struct {
	listOptions
	packOptions
	recursive, failFast, warnOnly, noSign bool

	turboCache string // its directory, or turboCacheDefault

	leftOut  *atomic.Int64 // files that recursive skipped
	shard    transfer.Shard
	like     transfer.Input // what all inputs have in common
	parts    keyParts
	metadata metadataOptions
	uploader transfer.Uploader
	key      keyOptions
	network  networkOptions
}

func newPutCommand(a *app) *cobra.Command {
	o := putOptions{leftOut: new(atomic.Int64)}
	o.like.Algorithm, o.uploader.Scheme = transfer.SHA256, artifact.SchemeV2
	cmd := &cobra.Command{
		Use:   "put [FILE...|-]",
		Short: "Upload files, standard input or a packed directory",
		Long: `Upload files, or standard input, to the cache, and print the id and the name of
each. The id is --hash, or derived from a key (artifact help id), or the digest
of the bytes. A stream is first written to a temporary file. If a file changes
while it is read, its upload is aborted and the exit code is 7.
For lists and directories, see: artifact help lists`,
		Example: `  artifact put out.tar.zst
  pg_dump shop | zstd | artifact put -
  artifact put --pack dist
  find . -name '*.zst' -print0 | artifact put --files-from - -0 --skip-existing`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args = args
			err := runPut(cmd.Context(), a, o)
			if err != nil && o.warnOnly && !is[Interrupt](context.Cause(cmd.Context())) {
				return &warning{err}
			}
			return err
		},
	}
	flags := cmd.Flags()
	parsedFlag(flags, &o.like.ID, "hash", "ID", "id to store under (default: the digest)", artifact.ParseID)
	o.parts.register(flags)
	parsedFlag(flags, &o.like.Algorithm, "algorithm", "sha256|sha512|blake3", "digest for ids (default sha256)", transfer.ParseAlgorithm)
	flags.BoolVar(&o.warnOnly, "warn-only", false, "print failures and exit 0")
	flags.BoolVar(&o.uploader.DryRun, "dry-run", false, "only print what would be uploaded")
	flags.BoolVar(&o.uploader.Verify, "verify", false, "download again and compare")
	parsedFlag(flags, &o.uploader.Scheme, "signature-version", "v2|v1", "use v1 for turbo up to 2.9.17 (default v2)", artifact.ParseScheme)
	flags.BoolVar(&o.noSign, "no-sign", false, "do not sign, even if a signature key is set")
	flags.BoolVarP(&o.recursive, "recursive", "r", false, "upload every file below a directory")
	o.packOptions.register(flags, "upload one archive of directories and files")
	fileFlag(flags, &o.turboCache, "turbo-cache", "", "upload turbo's local cache (default .turbo/cache)")
	flags.Lookup("turbo-cache").NoOptDefVal = turboCacheDefault
	flags.BoolVar(&o.uploader.SkipExisting, "skip-existing", false, "skip what the cache already has")
	flags.BoolVar(&o.failFast, "fail-fast", false, "start no more uploads after a failure")
	parsedFlag(flags, &o.shard, "shard", "I/N", "upload only the I-th of N parts of the list", transfer.ParseShard)
	o.listOptions.register(flags)
	o.key.register(flags)
	o.metadata.register(flags)
	o.network.register(flags)
	readEnvironment(flags, "algorithm", "warn-only", "verify", "signature-version", "no-sign", "skip-existing", "fail-fast", "shard")
	return cmd
}

func runPut(ctx context.Context, a *app, o putOptions) error {
	if err := o.parts.resolve(ctx, &o.like.ID); err != nil {
		return err
	}
	single, inputs, err := o.inputs(a)
	if err != nil {
		return err
	}
	// First, because small uploads wait for git.
	detection := a.newDetection(ctx, o.metadata)
	defer detection.stop()
	if single != nil || !o.uploader.SkipExisting { // a list may be there already
		detection.start()
	}
	resolver, s, err := a.resolve(o.network)
	if err != nil {
		return err
	}
	uploader := o.uploader
	uploader.SpoolDir, uploader.Describe = a.env.Getenv("TMPDIR"), detection.describe
	uploader.Root, uploader.CheckArchive = workingDirectory(), func(path string, reason error) {
		a.warn(fmt.Sprintf("%s: turbo would not restore it: %v", path, reason))
	}
	if !o.noSign && o.metadata.tag == "" {
		if uploader.Signer, err = a.signer(o.key, s); err != nil {
			return err
		}
	}
	// A dry run needs the cache only with --skip-existing, and only if
	// authorized.
	if !uploader.DryRun || uploader.SkipExisting {
		if err := a.authorize(ctx, o.network, resolver, &s); err != nil && (!uploader.DryRun || isUsage(err)) {
			return err
		}
	}
	// A dry run does not need it, but must report wrong settings.
	cache, err := a.newClient(s, o.network, limitJobs(o.jobs))
	if err != nil {
		return err
	}
	if !s.Token.IsEmpty() {
		uploader.Client = cache
	}
	if single == nil {
		return a.putAll(ctx, uploader, inputs, o)
	}
	shown := a.showTransfer(single.Path)
	uploader.Progress = shown
	showPacking(single, shown)
	result := uploader.Put(ctx, *single)
	shown.End()
	return a.printPut(result, uploader.DryRun)
}

// putAll uploads a list, and prints each result and then a summary.
func (a *app) putAll(ctx context.Context, uploader transfer.Uploader, inputs transfer.Inputs, o putOptions) error {
	if uploader.Client == nil && uploader.SkipExisting {
		a.warn("no credential: not checking what the cache already has")
	}
	tally := &tally{app: a, done: "uploaded", began: time.Now(), tolerant: o.warnOnly}
	if uploader.DryRun {
		tally.done, tally.began = "to upload", time.Time{}
	}
	shown := a.progress().BeginMany("uploading")
	o.expect(ctx, shown)
	batch := transfer.Batch{Jobs: limitJobs(o.jobs), FailFast: o.failFast, Progress: shown}
	err := printList(ctx, tally, shown, uploader.PutAll(ctx, inputs, batch), func(r transfer.Result) error {
		switch r.Status {
		case transfer.Skipped:
			tally.skipped++
		case transfer.Uploaded, transfer.Planned:
			tally.bytes += r.Size
		}
		return a.printPut(r, uploader.DryRun)
	})
	tally.leftOut = int(o.leftOut.Load())
	switch {
	case err != nil:
		return err
	case tally.total+tally.leftOut == 0:
		a.warn("nothing was uploaded: the list is empty")
	case tally.failed > 0:
		return tally.err()
	default:
		a.note(tally.text())
	}
	return nil
}

// wouldDo is the message of a dry run for each status.
var wouldDo = map[transfer.Status]string{transfer.Planned: "would upload ", transfer.Skipped: "would skip "}

// printPut prints a result and returns its error, if any.
func (a *app) printPut(r transfer.Result, dryRun bool) error {
	err := withName("uploading", r.Path, r.Err)
	if dryRun && err == nil {
		a.note(wouldDo[r.Status] + r.Path)
	}
	switch {
	case a.common.json && err != nil && r.Path == "": // an invalid entry
		a.printJSON(failureJSON{newErrorJSON(err)})
		return a.printed(err)
	case a.common.json:
		a.printJSON(newPutJSON(r, err))
		return a.printed(err)
	case err != nil:
		return err
	case a.common.quiet:
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
