package store

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestFlush checks that a flush which began before a call does not count for it.
func TestFlush(t *testing.T) {
	t.Parallel()
	const callers, calls = 16, 50
	broken := errors.New("input/output error")
	var changes, flushed atomic.Int64
	f := flusher{flushNow: func(name string) error {
		seen := changes.Load()
		time.Sleep(time.Millisecond)
		flushed.Store(seen)
		if name == "broken" {
			return broken
		}
		return nil
	}}
	for name, want := range map[string]error{"whole": nil, "broken": broken} {
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
	}
}

// TestFlushIsShared checks that calls which wait for a flush share the next one.
func TestFlushIsShared(t *testing.T) {
	t.Parallel()
	const callers = 16
	flushes, release := 0, make(chan struct{})
	f := flusher{flushNow: func(string) error {
		if flushes++; flushes == 3 {
			<-release
		}
		return nil
	}}
	if err := f.flush("team"); err != nil { // and its name
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			if err := f.flush("team"); err != nil {
				t.Error(err)
			}
		})
	}
	for late := time.Now().Add(time.Minute); waiting(t) < callers-1; time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("the calls do not wait for one another")
		}
	}
	close(release)
	group.Wait()
	if flushes > 4 { // one that was running, and one for all others
		t.Errorf("%d flushes for %d calls", flushes-2, callers)
	}
}

// waiting returns how many goroutines of a test wait for a flush.
func waiting(t *testing.T) (n int) {
	t.Helper()
	all := make([]byte, 4<<20)
	for stack := range strings.SplitSeq(string(all[:runtime.Stack(all, true)]), "\n\n") {
		if strings.Contains(stack, t.Name()) && strings.Contains(stack, "flusher).flush") && strings.Contains(stack, "sync.(*Once)") &&
			strings.Contains(stack, "[sync.Mutex.Lock") {
			n++
		}
	}
	return n
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
