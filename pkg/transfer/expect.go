package transfer

import (
	"cmp"
	"context"
	"hash"
	"io"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
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
		stream := &watched{ctx.Err, in.stream(), tracker, 0}
		var result outcome
		result.err = fault.Catch(func() (err error) {
			result.size, err = artifact.Pour(stream, artifact.PourOptions{Size: -1, Hashes: []hash.Hash{h}})
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

// watched is a stream that somebody may have given up, and that a person sees
// the progress of.
type watched struct {
	ended   func() error
	stream  io.Reader
	tracker Tracker
	n       int64
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.ended(); err != nil {
		return 0, err
	}
	n, err := w.stream.Read(p)
	w.n += int64(n)
	w.tracker.Hashed(w.n, -1)
	return n, err
}
