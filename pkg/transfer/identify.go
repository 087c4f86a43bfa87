package transfer

import (
	"context"
	"iter"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// Identified is an input and its id.
type Identified struct {
	// Path is the input's name as it was given.
	Path string
	// ID is empty if it is unknown.
	ID artifact.ID
	// Algorithm derived the id.
	Algorithm Algorithm
	// Size is in bytes, and -1 if unknown.
	Size int64
	// Err is an [*InputError], or ctx's own.
	Err error
}

// Identify derives the id of one input, without a cache. A stream is read to its end
// and not kept. tracker, if not nil, observes the reading.
func Identify(ctx context.Context, input Input, tracker Tracker) Identified {
	result := Identified{Path: input.Path, Algorithm: input.Algorithm, Size: -1}
	verifier := Verifier{Progress: tracker}
	result.Err = catch(input, func() error {
		expected, err := verifier.expect(ctx, input)
		if err != nil {
			return err
		}
		result.ID, result.Size = expected.id, expected.size
		if expected.local == nil {
			return nil
		}
		defer expected.local.Close() // opened for reading
		return input.failure(ctx, expected.local.Unchanged(ctx))
	})
	return result
}

// IdentifyAll derives the ids of a list, up to jobs at a time, and yields them in its
// order. An invalid entry yields a result without a path. progress, if not
// nil, observes the list.
func IdentifyAll(ctx context.Context, inputs Inputs, jobs int, progress ListTracker) iter.Seq[Identified] {
	return results(ctx, line[*listed[Identified]]{
		entries: entries(inputs, progress, newListed[Identified](progress)), window: window,
		steps: []step[*listed[Identified]]{each(jobs, func(ctx context.Context, c *listed[Identified]) {
			if c.result = (Identified{Size: -1, Err: c.err}); c.err == nil {
				c.result = Identify(ctx, c.input, &c.share)
			}
			c.finish(c.result.Err)
		})},
	})
}
