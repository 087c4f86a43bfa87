package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

const (
	// window is the maximum number of entries between the list and the results.
	window = client.MaxQuery
	// queryWindow is the same if one step is a query: it has room for several
	// batches.
	queryWindow = 4 * client.MaxQuery
	// queries is the number of concurrent queries.
	queries = 2
	// fillTime is how long a batch waits for more entries.
	fillTime = 50 * time.Millisecond
)

// item is an entry of a list that passes through the steps of a [line].
type item interface {
	// finished returns a channel that is closed when the entry needs no
	// further step.
	finished() <-chan struct{}
	// failure returns the error of a finished entry, if it has one.
	failure() error
	// release frees an entry's resources when a run ends before it is finished.
	release()
}

// line passes the entries of a list through steps, and yields them in order when
// they are finished. In between, they may overtake each other.
type line[E item] struct {
	entries iter.Seq[E]
	// window is how many entries may be in flight or wait for an earlier one.
	window int
	steps  []step[E]
	// inTurn, if not nil, completes a finished entry once those before it were
	// yielded. It returns false to end the run.
	inTurn func(context.Context, E) bool
}

// step is one step of the work on entries.
type step[E item] struct {
	workers int
	// batch is the maximum number of entries in a call of work.
	batch int
	work  func(context.Context, []E)
}

// each is a step that works on entries one by one.
func each[E item](workers int, work func(context.Context, E)) step[E] {
	return step[E]{workers, 1, func(ctx context.Context, batch []E) { work(ctx, batch[0]) }}
}

// entries returns an entry for each input, and reports it to list.
func entries[E item](inputs Inputs, list ListTracker, enter func(Input, error) E) iter.Seq[E] {
	return func(yield func(E) bool) {
		if list != nil {
			defer list.Listed()
		}
		for input, err := range inputs {
			if list != nil {
				list.Found(1)
			}
			if !yield(enter(input, err)) {
				return
			}
		}
	}
}

// run yields the entries. When ctx ends, it still yields those that have
// succeeded. It returns when all workers have ended, but does not wait for a list
// that blocks, such as a terminal. It panics if the list or a worker did.
func (l line[E]) run(ctx context.Context) iter.Seq[E] {
	return func(yield func(E) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer func() { fault.Raise(context.Cause(ctx)) }()
		guard := func(f func()) {
			if err := fault.Catch(func() error { f(); return nil }); err != nil {
				cancel(err)
			}
		}
		places, listed := make(chan E, l.window), make(chan E)
		go func() {
			defer close(places) // after a panic of the list has ended ctx
			defer close(listed)
			guard(func() { l.list(ctx, places, listed) })
		}()
		var working sync.WaitGroup
		for from, i := listed, 0; i < len(l.steps); i++ {
			to := make(chan E)
			l.steps[i].start(ctx, guard, &working, from, to)
			from = to
		}
		defer func() { releaseAll(places) }()
		defer working.Wait()
		defer cancel(nil)
		for next, more := receive(ctx, places); more; next, more = receive(ctx, places) {
			if !await(ctx, next.finished()) {
				working.Wait() // ctx has ended, but it may still succeed
			}
			switch {
			case !isFinished(next):
				next.release()
			case l.inTurn != nil && !l.inTurn(ctx, next), ctx.Err() != nil && next.failure() != nil: // it failed because ctx ended
			case !yield(next):
				return
			}
		}
	}
}

// list passes the entries to the first step.
func (l line[E]) list(ctx context.Context, places, listed chan<- E) {
	for e := range l.entries {
		if !send(ctx, places, e) || !isFinished(e) && !send(ctx, listed, e) {
			return
		}
	}
}

// start starts the workers. They pass unfinished entries to the next step.
func (s step[E]) start(ctx context.Context, guard func(func()), working *sync.WaitGroup, from <-chan E, to chan<- E) {
	var workers sync.WaitGroup
	filling := make(chan struct{}, 1) // so that batches fill one after another
	take := func(batch []E) []E {
		if s.batch > 1 {
			if !send(ctx, filling, struct{}{}) {
				return nil
			}
			defer func() { <-filling }()
		}
		return fill(ctx, from, batch[:0], s.batch)
	}
	work := func() {
		for batch := take(nil); len(batch) > 0; batch = take(batch) {
			s.work(ctx, batch)
			for _, e := range batch {
				if !isFinished(e) && !send(ctx, to, e) {
					return
				}
			}
		}
	}
	for range s.workers {
		workers.Go(func() { guard(work) })
	}
	working.Go(func() {
		workers.Wait()
		close(to)
	})
}

// fill returns up to size entries, or fewer if more do not come soon. It returns
// none at the end, or when ctx has ended.
func fill[E any](ctx context.Context, from <-chan E, batch []E, size int) []E {
	e, more := receive(ctx, from)
	if !more {
		return nil
	}
	batch = append(batch, e)
	if size == 1 {
		return batch
	}
	ctx, cancel := context.WithTimeout(ctx, fillTime)
	defer cancel()
	for len(batch) < size {
		if e, more = receive(ctx, from); !more {
			break
		}
		batch = append(batch, e)
	}
	return batch
}

// send reports whether value was sent before ctx ended.
func send[T any](ctx context.Context, to chan<- T, value T) bool {
	select {
	case to <- value:
		return true
	case <-ctx.Done():
		return false
	}
}

// receive returns the next value of a channel, or false if the channel is closed
// or ctx ends first. It prefers a value that is ready over the end of ctx.
func receive[T any](ctx context.Context, from <-chan T) (value T, more bool) {
	select {
	case value, more = <-from:
		return value, more
	default:
	}
	select {
	case value, more = <-from:
	case <-ctx.Done():
	}
	return value, more
}

// await reports whether done was closed before ctx ended.
func await(ctx context.Context, done <-chan struct{}) bool {
	receive(ctx, done)
	return isClosed(done)
}

func isFinished(e item) bool { return isClosed(e.finished()) }

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// releaseAll releases the unfinished entries of a run that has ended.
func releaseAll[E item](places <-chan E) {
	for {
		select {
		case e, more := <-places:
			if !more {
				return
			}
			if !isFinished(e) {
				e.release()
			}
		default:
			return
		}
	}
}

// catch runs f, and turns a panic into an error of the input.
func catch(input Input, f func() error) error {
	err := fault.Catch(f)
	if errors.As(err, new(*fault.Error)) {
		err = fmt.Errorf("%s: %w", cmp.Or(input.Path, string(input.ID)), err)
	}
	return err
}
