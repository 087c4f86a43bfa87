package transfer

import (
	"context"
	"iter"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// fillTime is how long a batch of questions waits for more.
const fillTime = 50 * time.Millisecond

// fill collects a batch: as many as one request takes, or what comes in a
// moment. It is empty when there is nothing more. When ctx ends it is what came
// until then.
func fill[T any](ctx context.Context, from <-chan T) []T {
	item, more := receive(ctx, from)
	if !more {
		return nil
	}
	batch := []T{item}
	ctx, cancel := context.WithTimeout(ctx, fillTime)
	defer cancel()
	for len(batch) < client.MaxQuery {
		if item, more = receive(ctx, from); !more {
			break
		}
		batch = append(batch, item)
	}
	return batch
}

// inBatches joins items as [fill] does.
func inBatches[T any](ctx context.Context, items iter.Seq[T]) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		queue, broken := make(chan T), make(chan error, 1)
		go func() {
			defer close(queue)
			broken <- fault.Catch(func() error {
				for item := range items {
					if !send(ctx, queue, item) {
						break
					}
				}
				return nil
			})
		}()
		for {
			batch := fill(ctx, queue)
			if len(batch) == 0 {
				raise(broken)
				return
			}
			if !yield(batch) {
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
