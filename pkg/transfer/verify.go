package transfer

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/hashing"
)

// Verdict is the outcome of a verification.
type Verdict string

// The values of [Verdict].
const (
	Verified     Verdict = "ok"
	Missing      Verdict = "missing"
	Different    Verdict = "differs"
	BadSignature Verdict = "bad-signature"
	Unverifiable Verdict = "unverifiable"
	Unsafe       Verdict = "unsafe" // turbo would not restore it
	Undecided    Verdict = "failed" // the check itself failed
)

// Verification is the result of one input.
type Verification struct {
	// Path is the input's name as given, if it had one.
	Path string
	// ID is empty if it could not be determined.
	ID artifact.ID
	// Size is the size of the artifact in the cache, in bytes, and -1 if
	// unknown.
	Size int64
	// Signature is empty if it was not checked or has neither scheme.
	Signature Signature
	Verdict   Verdict
	// Err is set unless Verdict is [Verified].
	Err error
}

// Verifier compares artifacts in a cache with inputs. It stores nothing.
type Verifier struct {
	// Client is the cache.
	Client *client.Client
	// Signer, if not nil, checks signatures. A missing signature is an error.
	Signer *artifact.Signer
	// Archive also checks that turbo would restore each artifact below the directory
	// Root. Then an artifact passes even if there is nothing to compare it with.
	Archive bool
	Root    string
	// Jobs is how many inputs are processed at a time, at least 1.
	Jobs int
	// Progress, if not nil, observes a single input.
	Progress Tracker
	// ListProgress, if not nil, observes a whole list.
	ListProgress ListTracker
}

// sharedPiece is the piece size, in bytes, when several inputs are read at a
// time.
const sharedPiece = 64 << 10

// Verify downloads the artifact of one input and compares it byte by byte.
func (v *Verifier) Verify(ctx context.Context, input Input) Verification {
	result := Verification{Path: input.Path, Size: -1}
	return result.withVerdict(catch(input, func() error { return v.verify(ctx, input, &result) }))
}

// All verifies a list, and yields the results in its order, of which up to
// [client.MaxQuery] may wait for an earlier one. An invalid entry yields a result
// without a path.
//
// If the credential is refused, the cache is closed or the network is lost, the
// rest of the list yields a [*NotTriedError]. When ctx ends, All yields only what
// has been verified.
func (v *Verifier) All(ctx context.Context, inputs Inputs) iter.Seq[Verification] {
	ending := new(ending)
	return results(ctx, line[*listed[Verification]]{
		entries: entries(inputs, v.ListProgress, newListed[Verification](v.ListProgress)), window: window,
		steps: []step[*listed[Verification]]{each(v.Jobs, func(ctx context.Context, c *listed[Verification]) {
			defer func() { c.finish(c.result.Err) }()
			if c.result.Path, c.result.Size = c.input.Path, -1; c.err == nil {
				c.result.ID = c.input.ID
				c.err = ending.notTried(c.input, "checked")
			}
			if c.err != nil {
				c.result = c.result.withVerdict(c.err)
				return
			}
			one := *v
			if one.Progress == nil {
				one.Progress = &c.share
			}
			c.result = one.Verify(ctx, c.input)
			ending.observe(c.result.Err)
		})},
	})
}

// listed is an entry of a list with its result.
type listed[R any] struct {
	input  Input
	err    error // of an invalid entry, and finally of the result
	share  share
	done   chan struct{}
	result R
}

func (c *listed[R]) finished() <-chan struct{} { return c.done }

func (c *listed[R]) failure() error { return c.err }

func (c *listed[R]) release() {}

// finish records the result's error, if any.
func (c *listed[R]) finish(err error) {
	c.err = err
	c.share.finish()
	close(c.done)
}

// newListed returns a function that makes entries of a list.
func newListed[R any](list ListTracker) func(Input, error) *listed[R] {
	return func(input Input, err error) *listed[R] {
		return &listed[R]{input: input, err: err, share: share{list: list, download: true}, done: make(chan struct{})}
	}
}

// results runs a line, and yields the result of each entry.
func results[R any](ctx context.Context, l line[*listed[R]]) iter.Seq[R] {
	return func(yield func(R) bool) {
		for c := range l.run(ctx) {
			if !yield(c.result) {
				return
			}
		}
	}
}

func (v *Verifier) verify(ctx context.Context, input Input, result *Verification) error {
	expected, err := v.expect(ctx, input)
	if err != nil {
		return err
	}
	result.ID = expected.id
	if expected.local != nil {
		defer expected.local.Close()
	}
	expected.signer = v.Signer
	if v.Archive {
		expected.archive = checkArchive(v.Root)
	}
	err = v.compare(ctx, input.Path, expected, result)
	if lower, changed := lowerDigest(expected.id); changed && errors.Is(err, client.ErrNotFound) {
		expected.id = lower
		if lowerErr := v.compare(ctx, input.Path, expected, result); !errors.Is(lowerErr, client.ErrNotFound) {
			result.ID, err = lower, lowerErr
		}
	}
	return err
}

// compare compares an artifact in the cache with the expected one.
func (v *Verifier) compare(ctx context.Context, path string, expected expectation, result *Verification) error {
	pieceSize := 0
	if v.Jobs > 1 {
		pieceSize = sharedPiece
	}
	check, err := expected.fetch(ctx, v.Client, client.Download{Name: path, Progress: orSilent(v.Progress)}, pieceSize, nil)
	if check != nil {
		result.Size = check.found.Size
	}
	if err == nil {
		result.Size = check.n
		result.Signature, err = check.verdict(ctx, fetchAgain(v.Client, expected.id))
	}
	if expected.local != nil {
		if changed := expected.local.Unchanged(ctx); changed != nil {
			return &InputError{Path: path, Err: changed}
		}
	}
	if err == nil && !expected.coversBytes() && !v.Archive {
		return ErrUnverifiable
	}
	return err
}

// fetchAgain returns a [rereader] that downloads the artifact.
func fetchAgain(c *client.Client, id artifact.ID) rereader {
	return func(ctx context.Context, limit int64, begin func() io.Writer) error {
		return c.Get(ctx, client.Download{ID: id, Receive: func(_ client.Found, body io.Reader) error {
			_, err := hashing.Copy(ctx, io.LimitReader(body, limit), hashing.Options{To: begin(), Size: -1})
			return err
		}})
	}
}

// withVerdict returns the result with the verdict that err means.
func (r Verification) withVerdict(err error) Verification {
	r.Err = err
	switch {
	case err == nil:
		r.Verdict = Verified
	case errors.Is(err, artifact.ErrChanged):
		r.Verdict = Undecided
	case errors.Is(err, client.ErrNotFound):
		r.Verdict = Missing
	case errors.Is(err, ErrDiffers), errors.Is(err, ErrUnsteady):
		r.Verdict = Different
	case errors.Is(err, ErrUnsigned):
		r.Verdict, r.Signature = BadSignature, Unsigned
	case errors.Is(err, ErrBadSignature), errors.Is(err, ErrEmptySignature), errors.Is(err, ErrOldSignature):
		r.Verdict = BadSignature
	case isUnsafe(err):
		r.Verdict = Unsafe
		if own := (*ArchiveError)(nil); errors.As(err, &own) {
			err = own.Err
		}
	case errors.Is(err, ErrUnverifiable), errors.Is(err, ErrUnproven):
		r.Verdict = Unverifiable
	default:
		r.Verdict = Undecided
	}
	if r.Verdict != Verified && r.Verdict != Missing && r.Verdict != Undecided {
		r.Err = &Mismatch{Name: r.Name(), Err: err}
	}
	return r
}

// Name returns the path, or the id if there is none.
func (r Verification) Name() string { return cmp.Or(r.Path, string(r.ID)) }
