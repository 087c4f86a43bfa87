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

// age is the age at which artifacts expire; 0 means never.
type age time.Duration

// isOver reports whether an artifact that was stored at this time is too old. A wrong
// clock may have stored it in the future: then it counts as old as it is ahead, since
// it could otherwise stay for ever.
func (a age) isOver(stored time.Time) bool {
	return a > 0 && time.Since(stored).Abs() >= time.Duration(a)
}

// sweepPause returns the pause after a sweep that took this long. Meanwhile, files
// that are too old take up space.
func (a age) sweepPause(took time.Duration) time.Duration {
	return max(min(time.Duration(a)/10, time.Hour), time.Second, scanShare*took)
}

// sweepUntil sweeps repeatedly until ctx ends.
func (d *Dir) sweepUntil(ctx context.Context) {
	if d.ledger.limit > 0 {
		_ = d.ledger.update(ctx) // first, so that the disk is read only once at a time
	}
	for ctx.Err() == nil {
		start := time.Now()
		// An error or a panic does little harm: expired artifacts are never found, and
		// the next sweep comes soon.
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

// removeExpired removes a file that expired has returned. Another write-once store may
// be replacing it at the same time, and the new artifact must stay.
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

// expired returns the file of this name if it is too old, or nil. The age of a damaged
// one counts from its last use.
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
