package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// errExpired is an ErrNotFound for a stored artifact that is too old.
var errExpired = fmt.Errorf("%w: it is too old", ErrNotFound)

// age is the age that artifacts of a store do not reach; 0 means no limit.
type age time.Duration

// isOver reports whether an artifact of this time is too old. One from the future,
// which a wrong clock stored, counts as old as it is ahead: otherwise it could stay
// for ever.
func (a age) isOver(stored time.Time) bool {
	return a > 0 && time.Since(stored).Abs() >= time.Duration(a)
}

// sweepPause returns the time between two sweeps that take so long. Until then,
// files that are too old take up space.
func (a age) sweepPause(took time.Duration) time.Duration {
	return max(min(time.Duration(a)/10, time.Hour), time.Second, scanShare*took)
}

// sweepUntil sweeps again and again, until ctx ends.
func (d *Dir) sweepUntil(ctx context.Context) {
	if d.ledger.limit > 0 {
		_ = d.ledger.update(ctx) // rather than both at the same time
	}
	for ctx.Err() == nil {
		start := time.Now()
		// After an error, or a bug, what is too old is still not found, and the next
		// sweep is soon.
		_ = fault.Catch(func() error { return d.sweep(ctx) })
		select {
		case <-ctx.Done():
		case <-time.After(d.maxAge.sweepPause(time.Since(start))):
		}
	}
}

// sweep removes all files that are too old. It has to read the header of each,
// since the time of the file itself is the last use.
func (d *Dir) sweep(ctx context.Context) error {
	removal := Removal{Reason: Expired}
	defer func() { d.ledger.report(removal) }()
	return walk(ctx, d.root, func(name string, _ fs.FileInfo) {
		if info := d.expired(name); info != nil && d.removeExpired(ctx, name, info) {
			removal.add(info.Size())
		}
	})
}

// removeExpired removes a file of a sweep. Another write-once store may be replacing
// it at the same time, and what that one has stored must stay.
func (d *Dir) removeExpired(ctx context.Context, name string, info fs.FileInfo) (removed bool) {
	if !d.writeOnce {
		return d.ledger.remove(name, info)
	}
	_ = d.exclusively(ctx, func() error { // or the next sweep does
		removed = d.ledger.remove(name, info)
		return nil
	})
	return removed
}

// expired returns the file of this name if it is too old, or nil. A damaged one
// counts from its last use.
func (d *Dir) expired(name string) fs.FileInfo {
	file, err := d.openFile(name)
	if err != nil {
		return nil
	}
	defer file.Close() //nolint:errcheck // nothing was written to it
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	h, err := readHeader(file)
	if errors.Is(err, ErrCorrupt) {
		h.Stored, err = info.ModTime(), nil
	}
	if err != nil || !d.maxAge.isOver(h.Stored) {
		return nil
	}
	return info
}
