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
	sums      string
	hash      artifact.ID
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
		Long: `Download what the cache holds and compare it, byte with byte, with what you
have. Nothing is stored. Where a signature key is set, the signature is checked
too, in both of turbo's schemes.

Without a FILE the bytes are held against the id: one of 64 hexadecimal digits
has to be their SHA-256 or BLAKE3, one of 128 their SHA-512; any other is no
digest, and then only a signature can tell anything. --algorithm NAME|none says
outright what the id is.

A line for each artifact, in the order given:
  PATH: OK | MISSING | DIFFERS | BAD SIGNATURE | UNVERIFIABLE
The last is for one that is there with nothing to hold it against. A list with
no entry is a warning; SUMS with none prove nothing, which is exit 7.`,
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
	flags.StringVarP(&o.sums, "check", "c", "", "take ids and names from `SUMS|-`, as put or sha256sum print them")
	parsedFlag(flags, &o.hash, "hash", "`ID` that it is stored under (default: the digest of the bytes)", artifact.ParseID)
	flags.StringVar(&o.algorithm, "algorithm", "", "digest that an id is derived with: `sha256|sha512|blake3|none`\n(default sha256; without a FILE, what the id looks like)")
	flags.BoolVar(&o.quick, "quick", false, "only ask whether it is there, and of what size")
	o.listOptions.register(flags)
	o.key.register(flags)
	o.network.register(flags)
	readEnvironment(flags, "algorithm")
	return cmd
}

func runVerify(ctx context.Context, a *app, o verifyOptions) error {
	single, inputs, closeList, err := o.inputs(a)
	defer closeList()
	if err != nil {
		return err
	}
	cache, s, err := a.authorizedClient(ctx, o.network, affordable(o.jobs))
	if err != nil {
		return err
	}
	verifier := transfer.Verifier{Client: cache, Jobs: affordable(o.jobs)}
	if !o.quick {
		if verifier.Signer, err = a.signer(o.key, s); err != nil {
			return err
		}
	}
	results := verifier.All
	if o.quick {
		results = verifier.Quick
	}
	if single == nil {
		shown := a.progress().BeginMany("verifying")
		verifier.ListProgress = shown
		o.expect(ctx, shown)
		return a.printVerifications(ctx, shown, results(ctx, inputs), o.sums != "")
	}
	shown := a.beginOne(cmp.Or(single.Path, string(single.ID)))
	defer shown.End()
	verifier.Jobs, verifier.Progress = 1, shown
	var result transfer.Verification
	for result = range results(ctx, listOf(*single)) {
		shown.End()
	}
	return a.printOneVerification(ctx, result)
}

// inputs is what is to be verified: a single input, or a list.
func (o *verifyOptions) inputs(a *app) (single *transfer.Input, list transfer.Inputs, closeList func(), err error) {
	closeList = func() {}
	if err := o.checkAll(); err != nil {
		return nil, nil, closeList, err
	}
	if o.sums != "" {
		sums, closeList, err := openList("--check", o.sums, a.env.Stdin)
		return nil, sums.Sums(), closeList, err
	}
	if o.hash != "" && len(o.args) == 0 {
		single, err := o.remote()
		return single, nil, closeList, err
	}
	like := transfer.Input{ID: o.hash, Algorithm: transfer.SHA256}
	if o.algorithm != "" {
		if like.Algorithm, err = transfer.ParseAlgorithm(o.algorithm); err != nil {
			return nil, nil, closeList, usage("--algorithm: %w", err)
		}
	}
	if len(o.args) == 0 {
		list, closeList, err = o.open(a.env.Stdin, like)
		return nil, list, closeList, err
	}
	inputs := make([]transfer.Input, len(o.args))
	for i, path := range o.args {
		inputs[i] = like
		if inputs[i].Path = path; path == "-" {
			inputs[i].Stream = a.env.Stdin
		}
	}
	if len(inputs) == 1 {
		return &inputs[0], nil, closeList, nil
	}
	return nil, listOf(inputs...), closeList, nil
}

// checkAll refuses what does not fit together.
func (o *verifyOptions) checkAll() error {
	if err := o.listOptions.check("FILE"); err != nil {
		return err
	}
	listed := o.filesFrom != "" || o.manifest != ""
	streams := 0
	for _, path := range o.args {
		if path == "-" {
			streams++
		}
		if path == "" {
			return usage("the name of an input is empty, as that of a variable that is not set")
		}
	}
	switch {
	case o.sums != "" && (listed || len(o.args) > 0 || o.hash != "" || o.algorithm != ""):
		return usage("--check names ids and files by itself")
	case o.hash != "" && (listed || len(o.args) > 1):
		return usage("one --hash is for one input")
	case o.hash == "" && o.sums == "" && !listed && len(o.args) == 0:
		return usage("nothing to verify: name a file, -c SUMS or --hash ID")
	case streams > 1:
		return usage("- is standard input, which can be read once")
	}
	return nil
}

// remote is an artifact whose bytes are in the cache only.
func (o *verifyOptions) remote() (*transfer.Input, error) {
	digests, err := digestsOf(o.hash, o.algorithm)
	if err != nil {
		return nil, usage("--algorithm: %w", err)
	}
	return &transfer.Input{ID: o.hash, Remote: true, Digests: digests}, nil
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

// printVerification prints a result and returns its error, if it has one.
func (a *app) printVerification(r transfer.Verification) error {
	err := underName("verifying", r.Path, r.Err)
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

// verdictWords are what people and scripts read. One that was not reached has
// an error instead.
var verdictWords = map[transfer.Verdict]string{
	transfer.Verified: "OK", transfer.Missing: "MISSING", transfer.Different: "DIFFERS",
	transfer.BadSignature: "BAD SIGNATURE", transfer.Unverifiable: "UNVERIFIABLE",
}

var errNothingListed = errors.New("nothing was verified: the list has no entry")

// printVerifications prints each result as it comes, and what all came to. A list
// may have no entry, as one of put may; sums with none prove nothing, which
// sha256sum does not let pass either.
func (a *app) printVerifications(ctx context.Context, shown *ui.Many, results iter.Seq[transfer.Verification], sums bool) error {
	defer shown.End()
	tally := tally{app: a}
	signed := map[transfer.Signature]int{}
	for result := range results {
		if ctx.Err() != nil {
			break // what comes now was only broken off
		}
		tally.add(a.printVerification(result))
		signed[result.Signature]++
		if a.streams.results.err != nil {
			return a.streams.results.err
		}
	}
	shown.End()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if tally.total == 0 && sums {
		return &transfer.Mismatch{Name: "the list", Err: errNothingListed}
	}
	if tally.total == 0 {
		a.warn(errNothingListed.Error())
	}
	a.noteSchemes(signed)
	return tally.err()
}

func (a *app) printOneVerification(ctx context.Context, result transfer.Verification) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err := a.printVerification(result)
	if err == nil {
		a.noteSchemes(map[transfer.Signature]int{result.Signature: 1})
	}
	return a.printed(err)
}
