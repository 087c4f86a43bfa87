package transfer

import (
	"context"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func numbers(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func TestInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const jobs, count = 4, 100
		var running, most, begun, given atomic.Int64
		work := func(_ context.Context, i int) int {
			most.Store(max(most.Load(), running.Add(1)))
			if ahead := begun.Add(1) - given.Load(); ahead > jobs*(aheadPerJob+1)+2 {
				t.Errorf("%d are worked on or wait", ahead)
			}
			time.Sleep(time.Duration(count-i) * time.Second) // later ones are faster
			running.Add(-1)
			return i * i
		}
		var got, want []int
		for square := range inOrder(t.Context(), jobs, numbers(count), work) {
			given.Add(1)
			got = append(got, square)
			want = append(want, len(want)*len(want))
		}
		if len(got) != count || !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
		if most.Load() != jobs {
			t.Errorf("%d at a time, want %d", most.Load(), jobs)
		}
	})
}

func TestInOrderStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		work := func(ctx context.Context, i int) error {
			if i > 2 {
				<-ctx.Done() // or it would go on for ever
			}
			return ctx.Err()
		}
		var first []error
		for err := range inOrder(t.Context(), 3, numbers(1_000_000), work) {
			if first = append(first, err); len(first) == 2 {
				break
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		cancelled := 0
		for err := range inOrder(ctx, 3, numbers(1_000_000), work) {
			cancel()
			if err != nil {
				cancelled++
			}
		}
		if !slices.Equal(first, []error{nil, nil}) || cancelled > 20 {
			t.Errorf("the first were %v, and %d ended with the context", first, cancelled)
		}
	})
}

// A list that nobody goes on with, as a terminal's, does not keep the program
// from ending.
func TestInOrderLeavesAWaitingListBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		items := func(yield func(int) bool) {
			_ = yield(1)
			<-release
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var got []int
		for i := range inOrder(ctx, 3, items, func(_ context.Context, i int) int { return i }) {
			got = append(got, i)
			cancel()
		}
		if !slices.Equal(got, []int{1}) {
			t.Errorf("%v", got)
		}
		close(release)
	})
}
