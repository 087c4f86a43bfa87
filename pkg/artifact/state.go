package artifact

import (
	"context"
	"time"
)

// fileState is what a change to a file changes.
type fileState struct {
	size              int64
	modified, changed time.Time
}

const (
	fineTick   = 20 * time.Millisecond // kernels move file times in steps of up to 10 ms
	coarseTick = 2 * time.Second       // FAT's step; others without fractions use one second
)

// settles returns how long to wait until another write must change the file's
// times. For a time in the future, which comes from another clock, it returns a
// whole tick.
func (s fileState) settles(now time.Time) time.Duration {
	tick := fineTick
	if s.modified.Nanosecond() == 0 && s.changed.Nanosecond() == 0 {
		tick = coarseTick
	}
	last := s.modified
	if s.changed.After(last) {
		last = s.changed
	}
	return min(tick, tick-now.Sub(last))
}

// wait sleeps for d, if d is positive.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
