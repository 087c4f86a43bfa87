package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// remembered is how many recent ids of a list are known, so that a repeated one
// is not sent again.
const remembered = 10_000

// ErrOtherBytes reports that a list has the same id for different bytes.
var ErrOtherBytes = errors.New("the list has this id for different bytes too")

// outcome is what is remembered of an input, and its result once done is closed.
type outcome struct {
	path      string
	done      chan struct{}
	result    *Result // until it was yielded
	status    Status
	err       error
	size      int64
	algorithm Algorithm
	sum       artifact.ID // empty if unknown
	instead   *outcome    // of the input that was sent when this one could not be read
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

// repeats knows the last ids.
type repeats struct {
	mu    sync.Mutex
	known map[artifact.ID]*outcome
	order []artifact.ID // a ring, the oldest at next
	next  int
}

// claim returns the outcome of an earlier input with the id. For a new id, it
// returns nil and remembers o.
func (r *repeats) claim(id artifact.ID, o *outcome) *outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	if earlier, ok := r.known[id]; ok {
		return earlier
	}
	if r.known == nil {
		r.known = map[artifact.ID]*outcome{}
	}
	r.known[id] = o
	if len(r.order) < remembered {
		r.order = append(r.order, id)
		return nil
	}
	delete(r.known, r.order[r.next])
	r.order[r.next] = id
	r.next = (r.next + 1) % remembered
	return nil
}

// completeRepeat completes the result of an input that was not sent because of an
// earlier one. It returns false if ctx ended first.
func (r *putRun) completeRepeat(ctx context.Context, e *putEntry) bool {
	if e.first == nil || e.err != nil {
		return true
	}
	if !await(ctx, e.first.done) {
		return false
	}
	first := e.first.sent()
	if isInputError(first.err) && !e.stream && (first.sum == "" || first.isLike(e.outcome)) {
		r.sendInstead(ctx, e, first)
		return ctx.Err() == nil
	}
	e.repeatOf(first)
	if e.result.Status == Failed {
		r.ending.failed(e.result.Err)
	}
	return true
}

// sendInstead uploads e after all, because first could not be read. Later inputs
// with its id then rely on e.
func (r *putRun) sendInstead(ctx context.Context, e *putEntry, first *outcome) {
	if err := r.ending.notTried(e.input, "sent"); err != nil {
		e.result.Status, e.result.Err = NotSent, err
		return
	}
	id := e.result.ID
	e.result = r.uploader.Put(ctx, e.input)
	r.ending.observe(e.result.Err)
	e.status, e.err = e.result.Status, e.result.Err
	if e.result.ID == id {
		first.instead = e.outcome
	}
}

// repeatOf completes the result of an input that repeats first, which is done. If
// first comes later in the list, they swap: the earlier one counts as uploaded.
func (o *outcome) repeatOf(first *outcome) {
	own := o.result
	if ahead := first.result; ahead != nil && first.err == nil && first.isLike(o) {
		path, elapsed := own.Path, own.Elapsed
		*own = *ahead
		own.Path, own.Elapsed = path, elapsed
		ahead.Status, ahead.URLs, ahead.Attempts = Skipped, nil, 0
		return
	}
	own.Status, own.Err = o.repeat(first)
}

// repeat returns the result of an input with the same id as earlier, which is
// done.
func (o *outcome) repeat(earlier *outcome) (Status, error) {
	switch {
	case earlier.err != nil && earlier.status == NotSent:
		return NotSent, &NotTriedError{Name: o.path, Action: "sent", Err: errors.Unwrap(earlier.err)}
	case earlier.sum != "" && !earlier.isLike(o):
		return Failed, &InputError{Path: o.path, Err: fmt.Errorf("%w, in %s", ErrOtherBytes, earlier.path)}
	case earlier.err != nil:
		return Failed, fmt.Errorf("%s, which is the same as %s: %w", o.path, earlier.path, earlier.err)
	}
	return Skipped, nil
}

// isLike reports whether both have the same bytes, as far as is known.
func (o *outcome) isLike(other *outcome) bool {
	return o.size == other.size && o.algorithm == other.algorithm && o.sum == other.sum
}
