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

// number is an item that is squared.
type number struct {
	n        int
	done     chan struct{}
	released bool
}

func (i *number) finished() <-chan struct{} { return i.done }
func (i *number) release()                  { i.released = true }
func (i *number) failure() error            { return nil }

func numbers(count int) iter.Seq[*number] {
	return func(yield func(*number) bool) {
		for n := range count {
			if !yield(&number{n: n, done: make(chan struct{})}) {
				return
			}
		}
	}
}

func square(i *number) {
	i.n *= i.n
	close(i.done)
}

// TestLineKeepsTheOrder checks order if later items finish first, and the limits
// of items and workers.
func TestLineKeepsTheOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const workers, window, count, batch = 4, 20, 100, 3
		var running, most, begun, given, largest atomic.Int64
		l := line[*number]{entries: numbers(count), window: window, steps: []step[*number]{
			each(workers, func(_ context.Context, i *number) {
				most.Store(max(most.Load(), running.Add(1)))
				if ahead := begun.Add(1) - given.Load(); ahead > window+2 {
					t.Errorf("%d are worked on or wait", ahead)
				}
				time.Sleep(time.Duration(count-i.n) * time.Second)
				running.Add(-1)
			}),
			{2, batch, func(_ context.Context, items []*number) {
				largest.Store(max(largest.Load(), int64(len(items))))
				if items[0].n%2 == 0 { // it is finished
					square(items[0])
				}
			}},
			each(1, func(_ context.Context, i *number) { square(i) }),
		}}
		var got, want []int
		for i := range l.run(t.Context()) {
			given.Add(1)
			got = append(got, i.n)
			want = append(want, len(want)*len(want))
		}
		if len(got) != count || !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
		if most.Load() != workers || largest.Load() > batch {
			t.Errorf("%d at a time, want %d; a batch of %d", most.Load(), workers, largest.Load())
		}
	})
}

// TestLineStops checks that a line stops when its consumer or context ends,
// yields what was done, and releases the rest.
func TestLineStops(t *testing.T) {
	t.Parallel()
	for _, cancels := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var taken []*number
			l := line[*number]{window: 10, entries: func(yield func(*number) bool) {
				for i := range numbers(1_000_000) {
					if taken = append(taken, i); !yield(i) {
						return
					}
				}
			}, steps: []step[*number]{each(3, func(ctx context.Context, i *number) {
				if i.n < 2 || i.n == 3 {
					square(i)
				} else {
					<-ctx.Done() // otherwise it would never end
				}
			})}}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var first []int
			for i := range l.run(ctx) {
				if first = append(first, i.n); len(first) < 2 {
					continue
				}
				synctest.Wait() // for all that may be in flight
				if !cancels {
					break
				}
				cancel()
			}
			synctest.Wait()
			want := []int{0, 1}
			if cancels {
				want = append(want, 9) // which overtook another one
			}
			if !slices.Equal(first, want) || len(taken) != 7 { // three workers have one each, and a fourth waits
				t.Errorf("the first were %v, %d were taken", first, len(taken))
			}
			for _, i := range taken {
				if !i.released && !isFinished(i) {
					t.Errorf("%d was not released", i.n)
				}
			}
		})
	}
}

// A list that blocks, such as a terminal, does not keep the program from ending.
func TestLineLeavesAWaitingListBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proceed := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l := line[*number]{window: 10, entries: func(yield func(*number) bool) {
			_ = yield(&number{n: 1, done: make(chan struct{})})
			<-proceed
		}, steps: []step[*number]{each(3, func(_ context.Context, i *number) { square(i) })}}
		var got []int
		for i := range l.run(ctx) {
			got = append(got, i.n)
			cancel()
		}
		if !slices.Equal(got, []int{1}) {
			t.Errorf("%v", got)
		}
		close(proceed)
	})
}
