package transfer

import (
	"context"
	"iter"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
)

// fillTime is how long a batch of questions waits for more.
const fillTime = 50 * time.Millisecond

// fill collects a batch: as many as one request takes, or what comes in a
// moment. It is empty when there is nothing more. When ctx ends it is what came
// until then.
func fill[T any](ctx context.Context, from <-chan T) []T {
	var batch []T
	var late <-chan time.Time
	for len(batch) < client.MaxQuery {
		select {
		case item, more := <-from:
			if !more {
				return batch
			}
			if batch = append(batch, item); late == nil {
				late = time.After(fillTime)
			}
		case <-late:
			return batch
		case <-ctx.Done():
			return batch
		}
	}
	return batch
}

// inBatches joins items as [fill] does.
func inBatches[T any](ctx context.Context, items iter.Seq[T]) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		queue := make(chan T)
		go func() {
			defer close(queue)
			for item := range items {
				select {
				case queue <- item:
				case <-ctx.Done():
					return
				}
			}
		}()
		for {
			batch := fill(ctx, queue)
			if len(batch) == 0 || !yield(batch) {
				return
			}
		}
	}
}

// flattened gives the items of slices.
func flattened[T any](slices iter.Seq[[]T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for slice := range slices {
			for _, item := range slice {
				if !yield(item) {
					return
				}
			}
		}
	}
}
