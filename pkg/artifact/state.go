package artifact

import (
	"context"
	"time"
)

// fileState is all of a file that a change would change.
type fileState struct {
	size              int64
	modified, changed time.Time
}

const (
	fineTick   = 20 * time.Millisecond // kernels move file times in steps of up to 10 ms
	coarseTick = 2 * time.Second       // FAT's step; others without fractions use one second
)

// settles is how long to wait until a further write must show in the file's
// times. A time in the future comes from another clock: its tick is waited out
// whole.
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

// wait sleeps for d, if that is more than nothing.
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
