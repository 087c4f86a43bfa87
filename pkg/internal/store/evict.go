package store

import (
	"context"
	"errors"
	"io/fs"
	"math"
)

// makeRoom removes the least recently used files until the total is not above the
// limit. It returns [ErrFull] if no more can be removed.
func (l *ledger) makeRoom(ctx context.Context) error {
	if l.limit == 0 {
		return nil
	}
	// One at a time, or they would remove twice as much as is needed.
	select {
	case <-ctx.Done():
		return ctx.Err()
	case l.evicting <- struct{}{}:
		defer func() { <-l.evicting }()
	}
	removal := Removal{Reason: Evicted}
	defer func() { l.report(removal) }()
	rescanned := false // a whole scan has run since the last removal
	for {
		f, found, isEnough := l.nextToEvict()
		switch {
		case isEnough:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case found:
			if l.evict(f) {
				removal.add(f.size)
				rescanned = false
			}
		case rescanned && !l.lengthenQueue():
			return ErrFull
		default:
			l.mu.Lock()
			s, isNew := l.startScan()
			l.mu.Unlock()
			if err := s.wait(ctx); err != nil {
				return err
			}
			rescanned = isNew
		}
	}
}

// lengthenQueue makes the next scan list more files, since none of the listed ones can
// be removed. It returns false if all files are listed.
func (l *ledger) lengthenQueue() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queue.cutoff == math.MaxInt64 {
		return false
	}
	l.queue.limit *= 2
	return true
}

// nextToEvict returns the file to be removed next, if the total is above the
// limit. When few are left, it starts the scan for more in time.
func (l *ledger) nextToEvict() (_ file, found, isEnough bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bytes+l.orphans+l.reserved <= l.limit {
		return file{}, false, true
	}
	f, found := l.queue.next(l.isRead)
	if found && l.queue.cutoff < math.MaxInt64 && len(l.queue.files) < l.queue.limit/4 {
		l.startScan()
	}
	return f, found, false
}

// evict removes a file, unless it has been used since it was listed.
func (l *ledger) evict(f file) bool {
	defer l.lockToChange(f.name)()
	l.mu.Lock()
	isSame := l.queue.has(f)
	if isSame {
		l.queue.drop(f.name)
	}
	isRead := l.isRead(f.name)
	l.mu.Unlock()
	if !isSame || isRead {
		return false
	}
	info, err := l.root.Lstat(f.name)
	if err == nil && info.ModTime().UnixNano() != f.lastUse {
		// It was used, perhaps by another store, which may have replaced it.
		l.record(f.size, file{f.name, info.Size(), info.ModTime().UnixNano()})
		return false
	}
	if err == nil {
		err = l.root.Remove(f.name)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		l.record(f.size, file{name: f.name, size: absent})
	}
	return err == nil
}

func (r *Removal) add(bytes int64) {
	r.Artifacts++
	r.Bytes += bytes
}

// report counts a removal, and passes it on.
func (l *ledger) report(removal Removal) {
	if removal.Artifacts == 0 {
		return
	}
	l.mu.Lock()
	l.removed[removal.Reason] += int64(removal.Artifacts)
	l.mu.Unlock()
	if l.onRemoval != nil {
		l.onRemoval(removal)
	}
}
