package transfer

import (
	"cmp"
	"context"
	"hash"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/hashing"
)

// expect finds out what an artifact should be. What it opened is in local, to
// be closed. An error is ctx's own or an [*InputError].
func (v *Verifier) expect(ctx context.Context, input Input) (expectation, error) {
	if input.Remote {
		return expectation{id: input.ID, size: -1, sum: input.ID, algorithms: input.Digests}, nil
	}
	expected, err := v.read(ctx, input)
	if err == nil {
		return expected, nil
	}
	if ctx.Err() != nil {
		return expectation{}, context.Cause(ctx)
	}
	return expectation{}, &InputError{Path: input.Path, Err: err}
}

func (v *Verifier) read(ctx context.Context, input Input) (expectation, error) {
	source, err := input.file(ctx)
	if err != nil {
		return expectation{}, err
	}
	if source == nil {
		return input.measure(ctx, v.tracker())
	}
	id, err := input.identify(ctx, source, v.tracker())
	return expectation{id: id, size: source.Size(), local: source}, err
}

// measure reads a stream, of which only size and digest are left: nothing is
// stored. When ctx ends it returns at once, and the stream may be read from
// once more after that.
func (in Input) measure(ctx context.Context, tracker Tracker) (expectation, error) {
	type outcome struct {
		size int64
		err  error
	}
	algorithm := cmp.Or(in.Algorithm, SHA256)
	h := algorithm.new()
	finished := make(chan outcome, 1)
	go func() {
		var result outcome
		result.err = fault.Catch(func() (err error) {
			result.size, err = hashing.Copy(hashing.Reader(ctx, in.stream()), hashing.Options{
				Hashes: []hash.Hash{h}, Size: -1, Progress: func(n int64) { tracker.Hashed(n, -1) },
			})
			return err
		})
		finished <- result
	}()
	select {
	case result := <-finished:
		sum := digestOf(h)
		return expectation{
			id: cmp.Or(in.ID, sum), size: result.size, sum: sum, algorithms: []Algorithm{algorithm},
		}, result.err
	case <-ctx.Done():
		return expectation{}, ctx.Err()
	}
}
