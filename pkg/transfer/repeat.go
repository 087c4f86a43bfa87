package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// remembered is the number of recent entries of a list that are remembered, so that
// a repeated one is not transferred again.
const remembered = 10_000

// ErrOtherBytes reports that a list has the same id for different bytes.
var ErrOtherBytes = errors.New("the list has this id for different bytes too")

// outcome is the result of an input. Outcomes are remembered by id.
type outcome struct {
	Result
	done    <-chan struct{} // closed when the result is known; nil once it was yielded
	bytes   bytesRead
	instead *outcome // of the input that was sent when this one could not be read
}

// bytesRead describes the bytes of an input. The sum is empty if they are unknown.
type bytesRead struct {
	size      int64
	algorithm Algorithm
	sum       artifact.ID
}

// yielded drops what need not be remembered of a result that was yielded.
func (o *outcome) yielded() {
	o.done, o.URLs, o.Metadata = nil, nil, artifact.Metadata{}
}

// sent returns the outcome of the input that was finally sent.
func (o *outcome) sent() *outcome {
	for o.instead != nil {
		o = o.instead
	}
	return o
}

// isInputError reports whether an error concerns only the input, not others with
// the same bytes.
func isInputError(err error) bool {
	return errors.Is(err, artifact.ErrChanged) || errors.As(err, new(*InputError))
}

// repeats holds the most recent entries by their keys.
type repeats[K comparable, E any] struct {
	mu    sync.Mutex
	known map[K]*E
	order []K // a ring, the oldest at next
	next  int
}

// claim returns an earlier entry with the key. For a new key, it returns nil and
// remembers e.
func (r *repeats[K, E]) claim(key K, e *E) *E {
	r.mu.Lock()
	defer r.mu.Unlock()
	if earlier, ok := r.known[key]; ok {
		return earlier
	}
	if r.known == nil {
		r.known = map[K]*E{}
	}
	r.known[key] = e
	if len(r.order) < remembered {
		r.order = append(r.order, key)
		return nil
	}
	delete(r.known, r.order[r.next])
	r.order[r.next] = key
	r.next = (r.next + 1) % remembered
	return nil
}

// completeRepeat completes the result of an input that was not sent because of an
// earlier one. It returns false if ctx ended first.
func (r *putRun) completeRepeat(ctx context.Context, e *putEntry) bool {
	if e.first == nil || e.Err != nil {
		return true
	}
	if e.first.done != nil && !await(ctx, e.first.done) {
		return false
	}
	first := e.first.sent()
	if isInputError(first.Err) && !e.stream && (first.bytes.sum == "" || first.bytes == e.bytes) {
		r.sendInstead(ctx, e, first)
		return ctx.Err() == nil
	}
	e.repeatOf(first)
	if e.Status == Failed {
		r.ending.failed(e.Err)
	}
	return true
}

// sendInstead uploads e after all, because first could not be read. Later inputs
// with its id then rely on e.
func (r *putRun) sendInstead(ctx context.Context, e *putEntry, first *outcome) {
	if err := r.ending.notTried(e.input, "sent"); err != nil {
		e.Status, e.Err = NotSent, err
		return
	}
	id := e.ID
	e.Result = r.uploader.Put(ctx, e.input)
	r.ending.observe(e.Err)
	if e.ID == id {
		first.instead = e.outcome
	}
}

// repeatOf completes the result of an input that repeats first, which is done. If
// first comes later in the list, they swap: the earlier one counts as uploaded.
func (o *outcome) repeatOf(first *outcome) {
	switch {
	case first.Err == nil && first.bytes == o.bytes && first.done != nil:
		path, elapsed := o.Path, o.Elapsed
		o.Result = first.Result
		o.Path, o.Elapsed = path, elapsed
		first.Status, first.URLs, first.Attempts = Skipped, nil, 0
	case first.Err != nil && first.Status == NotSent:
		o.Status, o.Err = NotSent, &NotTriedError{Name: o.Path, Action: "sent", Err: errors.Unwrap(first.Err)}
	case first.bytes.sum != "" && first.bytes != o.bytes:
		o.Status, o.Err = Failed, &InputError{Path: o.Path, Err: fmt.Errorf("%w, in %s", ErrOtherBytes, first.Path)}
	case first.Err != nil:
		o.Status, o.Err = Failed, fmt.Errorf("%s, which is the same as %s: %w", o.Path, first.Path, first.Err)
	}
}
