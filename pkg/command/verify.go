package command

import (
	"cmp"
	"context"
	"errors"
	"iter"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// verifyOptions are the command line of verify.
type verifyOptions struct {
	listOptions
	packOptions
	sums      string
	archive   bool
	hash      artifact.ID
	parts     keyParts
	algorithm string
	quick     bool
	key       keyOptions
	network   networkOptions
}

func newVerifyCommand(a *app) *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify [FILE...|-]",
		Short: "Check that the cache holds exactly what you have",
		Long: `Download what the cache holds and compare it byte by byte with what you have.
Nothing is stored. If a signature key is set, signatures of both of turbo's
schemes are checked too.

Without a FILE the bytes are checked against the id: 64 hexadecimal digits must
be their SHA-256 or BLAKE3, and 128 their SHA-512. Any other id is not a digest,
and only a signature can verify the bytes. --algorithm overrides this guess.

It prints a line for each artifact, in the order given:
  PATH: OK | MISSING | DIFFERS | BAD SIGNATURE | UNVERIFIABLE | UNSAFE
UNVERIFIABLE means that there is nothing to check against, and UNSAFE that turbo
would not restore it (--archive). An empty list prints a warning and exits 0;
empty SUMS prove nothing and exit 7.`,
		Example: `  artifact verify out.tar.zst
  artifact put dist/*.zst > sums && artifact verify -c sums
  artifact verify --hash "$KEY" out.tar.zst
  artifact verify --quick dist/*.zst`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args = args
			return runVerify(cmd.Context(), a, o)
		},
	}
	flags := cmd.Flags()
	fileFlag(flags, &o.sums, "check,c", "SUMS|-", "read ids and names from this file, as put or sha256sum prints them")
	parsedFlag(flags, &o.hash, "hash", "ID", "id that it is stored under (default: the digest)", artifact.ParseID)
	o.parts.register(flags)
	stringFlag(flags, &o.algorithm, "algorithm", "sha256|sha512|blake3|none", "digest for ids (default sha256)")
	flags.BoolVar(&o.quick, "quick", false, "only check presence and size")
	flags.BoolVar(&o.archive, "archive", false, "also check that turbo would restore it")
	o.packOptions.register(flags, "compare what put --pack makes of directories and files")
	o.listOptions.register(flags)
	o.key.register(flags)
	o.network.register(flags)
	readEnvironment(flags, "algorithm")
	return cmd
}

func runVerify(ctx context.Context, a *app, o verifyOptions) error {
	if err := o.parts.resolve(ctx, &o.hash); err != nil {
		return err
	}
	single, inputs, err := o.inputs(a)
	if err != nil {
		return err
	}
	jobs := limitJobs(o.jobs)
	cache, s, err := a.authorizedClient(ctx, o.network, jobs)
	if err != nil {
		return err
	}
	verifier := transfer.Verifier{Client: cache, Jobs: jobs, Archive: o.archive, Root: workingDirectory()}
	results := verifier.Quick
	if !o.quick {
		results = verifier.All
		if verifier.Signer, err = a.signer(o.key, s); err != nil {
			return err
		}
	}
	if single == nil {
		shown := a.progress().BeginMany("verifying")
		verifier.ListProgress = shown
		o.expect(ctx, shown)
		return a.printVerifications(ctx, shown, results(ctx, inputs), o.sums != "")
	}
	shown := a.showTransfer(cmp.Or(single.Path, string(single.ID)))
	defer shown.End()
	verifier.Jobs, verifier.Progress = 1, shown
	showPacking(single, shown)
	for result := range results(ctx, listOf(*single)) {
		shown.End()
		if ctx.Err() == nil { // otherwise it failed because ctx ended
			err := a.printVerification(result)
			if err == nil {
				a.noteSchemes(map[transfer.Signature]int{result.Signature: 1})
			}
			return a.printed(err)
		}
	}
	return context.Cause(ctx)
}

// inputs returns the input or the list to verify.
func (o *verifyOptions) inputs(a *app) (single *transfer.Input, list transfer.Inputs, err error) {
	if err := o.checkInputs(); err != nil {
		return nil, nil, err
	}
	if o.sums != "" {
		list, err = openList("--check", o.sums, a.env.Stdin, transfer.List.Sums)
		return nil, list, err
	}
	if o.hash != "" && len(o.args) == 0 { // only the cache has its bytes
		digests, err := digestsOf(o.hash, o.algorithm)
		if err != nil {
			return nil, nil, usage("--algorithm: %w", err)
		}
		return &transfer.Input{ID: o.hash, Remote: true, Digests: digests}, nil, nil
	}
	like := transfer.Input{ID: o.hash}
	if like.Algorithm, err = transfer.ParseAlgorithm(cmp.Or(o.algorithm, string(transfer.SHA256))); err != nil {
		return nil, nil, usage("--algorithm: %w", err)
	}
	if o.pack {
		single, err = o.packOptions.input(o.args, like)
		return single, nil, err
	}
	if o.isListed() {
		list, err = o.open(a.env.Stdin, like)
		return nil, list, err
	}
	inputs := named(o.args, a.env.Stdin, like)
	if len(inputs) == 1 {
		return &inputs[0], nil, nil
	}
	return nil, listOf(inputs...), nil
}

// checkInputs rejects invalid combinations.
func (o *verifyOptions) checkInputs() error {
	if err := o.checkFiles(); err != nil {
		return err
	}
	if err := o.packOptions.check(o.args, o.isListed()); err != nil {
		return err
	}
	switch {
	case len(o.exclude) > 0 && !o.pack:
		return usage("--exclude needs --pack")
	case o.archive && o.quick:
		return usage("--archive reads the whole artifact, which --quick does not download")
	case o.sums != "" && (o.isListed() || len(o.args) > 0 || o.hash != "" || o.algorithm != ""):
		return usage("--check replaces files, --hash, --key and other lists")
	case o.hash != "" && (o.isListed() || len(o.args) > 1 && !o.pack):
		return usage("--hash and --key are for a single input")
	case o.hash == "" && o.sums == "" && !o.isListed() && len(o.args) == 0:
		return usage("nothing to verify: name a file, -c SUMS, --hash ID or --key TEXT")
	}
	return nil
}

// verifyJSON is a result of verify as --json prints it. Scripts rely on the
// names.
type verifyJSON struct {
	Path       string      `json:"path,omitempty"`
	PathBase64 string      `json:"pathBase64,omitempty"`
	Hash       artifact.ID `json:"hash,omitempty"`
	Status     string      `json:"status"`
	Size       *int64      `json:"size,omitempty"`
	Signature  string      `json:"signature,omitempty"`
	Error      *errorJSON  `json:"error,omitempty"`
}

// printVerification prints a result and returns its error, if any.
func (a *app) printVerification(r transfer.Verification) error {
	err := withName("verifying", r.Path, r.Err)
	if a.common.json {
		a.printJSON(verifyJSON{
			Path: r.Path, PathBase64: pathBase64(r.Path), Hash: r.ID, Status: string(r.Verdict), Size: known(r.Size),
			Signature: string(r.Signature), Error: newErrorJSON(err),
		})
		return err
	}
	if word := verdictWords[r.Verdict]; word != "" && (!a.common.quiet || r.Verdict != transfer.Verified) {
		a.printResult(ui.VerdictLine(r.Name(), word))
	}
	return err
}

// verdictWords are the verdicts as printed. A failed check has an error instead.
var verdictWords = map[transfer.Verdict]string{
	transfer.Verified: "OK", transfer.Missing: "MISSING", transfer.Different: "DIFFERS",
	transfer.BadSignature: "BAD SIGNATURE", transfer.Unverifiable: "UNVERIFIABLE",
	transfer.Unsafe: "UNSAFE",
}

var errNothingListed = errors.New("nothing was verified: the list is empty")

// printVerifications prints the results of a list and a summary. A list may be
// empty, as for put; empty SUMS fail, as for sha256sum -c.
func (a *app) printVerifications(ctx context.Context, shown *ui.Many, results iter.Seq[transfer.Verification], sums bool) error {
	tally := &tally{app: a, done: "verified"}
	signed := map[transfer.Signature]int{}
	err := printList(ctx, tally, shown, results, func(result transfer.Verification) error {
		signed[result.Signature]++
		return a.printVerification(result)
	})
	switch {
	case err != nil:
		return err
	case tally.total == 0 && sums:
		return &transfer.Mismatch{Name: "the list", Err: errNothingListed}
	case tally.total == 0:
		a.warn(errNothingListed.Error())
	}
	a.noteSchemes(signed)
	return tally.err()
}
