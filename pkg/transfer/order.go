package transfer

import (
	"context"
	"iter"
)

// aheadPerJob is how many results may wait behind a slow one, for each job.
const aheadPerJob = 4

// inOrder works on items, several at a time, and gives the results in the order
// of the items. What is in memory does not depend on how many there are. When
// the results are not wanted any more, or ctx ends, it takes no further item,
// and gives what was begun. An item that is being waited for then, as one that
// somebody has to type, is left behind.
func inOrder[T, R any](ctx context.Context, jobs int, items iter.Seq[T], work func(context.Context, T) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		// The order of the results: each place is filled when its work is done.
		places := make(chan chan R, jobs*aheadPerJob)
		go func() {
			defer close(places)
			free := make(chan struct{}, jobs)
			for item := range items {
				if ctx.Err() != nil {
					return
				}
				place := make(chan R, 1)
				if !send(ctx, places, place) {
					return
				}
				free <- struct{}{}
				go func() {
					place <- work(ctx, item)
					<-free
				}()
			}
		}()
		wanted := true
		for place := range begun(ctx, places) {
			result := <-place
			if wanted = wanted && yield(result); !wanted {
				cancel()
			}
		}
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
