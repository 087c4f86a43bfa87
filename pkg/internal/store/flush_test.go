package store

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestFlush checks that a flush which began before a call does not count for it,
// and that calls share flushes.
func TestFlush(t *testing.T) {
	t.Parallel()
	const callers, calls = 16, 50
	broken := errors.New("input/output error")
	var changes, flushed, flushes atomic.Int64
	f := flusher{flushNow: func(name string) error {
		flushes.Add(1)
		seen := changes.Load()
		time.Sleep(time.Millisecond)
		flushed.Store(seen)
		if name == "broken" {
			return broken
		}
		return nil
	}}
	for name, want := range map[string]error{"whole": nil, "broken": broken} {
		flushes.Store(0)
		var group sync.WaitGroup
		for range callers {
			group.Go(func() {
				for range calls {
					change := changes.Add(1)
					if err := f.flush(name); !errors.Is(err, want) || flushed.Load() < change {
						t.Errorf("flush(%q) = %v with change %d of %d flushed, want %v", name, err, flushed.Load(), change, want)
					}
				}
			})
		}
		group.Wait()
		if n := flushes.Load(); n > callers*calls/4 {
			t.Errorf("%d flushes for %d calls", n, callers*calls)
		}
	}
}

// TestFlushOfANewDirectory checks that a directory's own name is flushed before the
// first artifact in it counts as stored, even if another Put has created it.
func TestFlushOfANewDirectory(t *testing.T) {
	t.Parallel()
	var flushed []string
	broken := errors.New("input/output error")
	failing := true
	f := flusher{flushNow: func(name string) error {
		flushed = append(flushed, name)
		if failing {
			return broken
		}
		return nil
	}}
	if err := f.flush("team"); !errors.Is(err, broken) {
		t.Errorf("flush = %v, want %v", err, broken)
	}
	failing = false
	for range 2 {
		if err := f.flush("team"); err != nil {
			t.Errorf("flush = %v", err)
		}
	}
	f.forget("team") // it was removed, and created again
	if err := f.flush("team"); err != nil {
		t.Errorf("flush = %v", err)
	}
	if want := []string{".", ".", "team", "team", ".", "team"}; !slices.Equal(flushed, want) {
		t.Errorf("flushed %q, want %q", flushed, want)
	}
}
