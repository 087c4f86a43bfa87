package transfer

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

// LookedUp is what a cache told of one artifact.
type LookedUp struct {
	ID    artifact.ID
	Found client.Found
	// Err wraps [client.ErrNotFound] where the artifact is not there.
	Err error
}

// LookUp asks which of some artifacts a cache has, and gives an answer for each
// in their order. It asks for all of them at once, and then, up to jobs at a
// time, for those that the server said nothing of.
func LookUp(ctx context.Context, c *client.Client, jobs int, ids []artifact.ID) iter.Seq[LookedUp] {
	answers := make([]client.Answer, len(ids))
	var failed error
	if len(ids) > 1 {
		if queried, err := c.Query(ctx, ids); err != nil {
			failed = err
		} else {
			answers = queried
		}
	}
	return inOrder(ctx, jobs, indices(ids), func(ctx context.Context, i int) LookedUp {
		result := LookedUp{ID: ids[i], Found: answers[i].Found, Err: failed}
		if failed != nil {
			return result
		}
		switch answers[i].Presence {
		case client.Missing:
			result.Err = fmt.Errorf("looking up %s: %w", ids[i], client.ErrNotFound)
		case client.Unknown:
			result.Found, result.Err = c.Stat(ctx, ids[i])
		}
		return result
	})
}

func indices[T any](items []T) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range items {
			if !yield(i) {
				return
			}
		}
	}
}

// inBatches joins items into slices of up to size.
func inBatches[T any](items iter.Seq[T], size int) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		var batch []T
		for item := range items {
			if batch = append(batch, item); len(batch) == size {
				if !yield(slices.Clone(batch)) {
					return
				}
				batch = batch[:0]
			}
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}
