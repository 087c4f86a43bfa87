package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// aheadPerJob is how many results may wait behind a slow one, for each job.
const aheadPerJob = 4

// inOrder works on items, several at a time, and gives the results in the order
// of the items. What is in memory does not depend on how many there are. When
// the results are not wanted any more, or ctx ends, it takes no further item,
// and gives what was begun. An item that is being waited for then, as one that
// somebody has to type, is left behind. It panics where items or work does.
func inOrder[T, R any](ctx context.Context, jobs int, items iter.Seq[T], work func(context.Context, T) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		// The order of the results: each place is filled when its work is done.
		places, broken := make(chan chan done[R], jobs*aheadPerJob), make(chan error, 1)
		go func() {
			defer close(places)
			free := make(chan struct{}, jobs)
			broken <- fault.Catch(func() error {
				for item := range items {
					place := make(chan done[R], 1)
					if ctx.Err() != nil || !send(ctx, places, place) {
						break
					}
					free <- struct{}{}
					go func() {
						var d done[R]
						d.broken = fault.Catch(func() error { d.result = work(ctx, item); return nil })
						place <- d
						<-free
					}()
				}
				return nil
			})
		}()
		wanted := true
		for place := range begun(ctx, places) {
			d := <-place
			fault.Raise(d.broken)
			if wanted = wanted && yield(d.result); !wanted {
				cancel()
			}
		}
		raise(broken)
	}
}

// done is what came of an item, or the panic over it.
type done[R any] struct {
	result R
	broken error
}

// caught runs f for an input, whose panic is an error of that input alone.
func caught(input Input, f func() error) error {
	err := fault.Catch(f)
	if errors.As(err, new(*fault.Error)) {
		err = fmt.Errorf("%s: %w", cmp.Or(input.Path, string(input.ID)), err)
	}
	return err
}

// raise panics with the fault that a goroutine ended with, if it has ended.
func raise(ended <-chan error) {
	select {
	case err := <-ended:
		fault.Raise(err)
	default:
	}
}

// begun gives places until there are no more, or ctx has ended and none is
// there.
func begun[P any](ctx context.Context, places <-chan P) iter.Seq[P] {
	return func(yield func(P) bool) {
		for {
			place, more := receive(ctx, places)
			if !more || !yield(place) {
				return
			}
		}
	}
}
