package store

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

const (
	// rescanAfter is how often a directory that others may share is read again, or
	// scanShare times as long as that takes.
	rescanAfter = time.Minute
	scanShare   = 20

	// scanBatch is how many names are read at once.
	scanBatch = 1024
)

// scan is a count of the files in a directory. It takes seconds for a million files,
// while puts and removals go on. A file that they have changed counts as they left
// it, whether the scan met it before or after.
type scan struct {
	queueLength int
	changed     map[string]file // since it began, as they are now
	done        chan struct{}   // closed when it has ended
	err         error           // valid after done
}

// sized is a file that a scan has met, by a hash of its name, which takes less memory.
type sized struct {
	hash uint64
	size int64
}

// staleAfter returns the age at which the counts are too old.
func (l *ledger) staleAfter() time.Duration { return max(rescanAfter, scanShare*l.scanTook) }

// update waits for a scan of the directory, unless the last one is recent.
func (l *ledger) update(ctx context.Context) error {
	l.mu.Lock()
	age, limit := time.Since(l.scanned), l.staleAfter()
	var s *scan
	if age > limit/2 { // early, so that later calls need not wait
		s, _ = l.startScan()
	}
	isKnown := !l.scanned.IsZero()
	l.mu.Unlock()
	if age <= limit {
		return nil
	}
	// After an error of a later scan, the ledger is as before.
	if err := s.wait(ctx); ctx.Err() != nil || !isKnown {
		return err
	}
	return nil
}

func (s *scan) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
		return s.err
	}
}

// startScan starts a scan, and returns it, or the one that is running. l.mu must be
// held.
func (l *ledger) startScan() (_ *scan, isNew bool) {
	if l.scanning != nil {
		return l.scanning, false
	}
	s := &scan{queueLength: l.queue.limit, changed: make(map[string]file), done: make(chan struct{})}
	l.scanning = s
	l.goroutines.Go(func() {
		start := time.Now()
		s.err = fault.Catch(func() error { return l.scan(l.background, s) })
		l.mu.Lock()
		defer l.mu.Unlock()
		if s.err == nil || !l.scanned.IsZero() {
			l.scanned, l.scanTook = time.Now(), time.Since(start)
		}
		l.scanning = nil
		close(s.done)
	})
	return s, true
}

// scan counts all files, and fills the queue.
func (l *ledger) scan(ctx context.Context, s *scan) error {
	var met []sized
	queue := newQueue(s.queueLength)
	err := walk(ctx, l.root, func(name string, info fs.FileInfo) {
		met = append(met, sized{maphash.String(l.seed, name), info.Size()})
		queue.add(file{name, info.Size(), info.ModTime().UnixNano()})
	})
	if err != nil {
		return err
	}
	// A file that was replaced in the meantime may have been met twice.
	slices.SortFunc(met, bySizedHash)
	met = slices.CompactFunc(met, func(a, b sized) bool { return a.hash == b.hash })
	queue.trim()
	var bytes int64
	for _, f := range met {
		bytes += f.size
	}
	l.changes.Lock()
	defer l.changes.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files, l.bytes, l.queue = int64(len(met)), bytes, queue
	for name, f := range s.changed {
		old := absent
		if at, found := slices.BinarySearchFunc(met, sized{hash: maphash.String(l.seed, name)}, bySizedHash); found {
			old = met[at].size
		}
		l.count(old, f)
	}
	return nil
}

func bySizedHash(a, b sized) int { return cmp.Compare(a.hash, b.hash) }

// walk calls visit for every file in root that may be an artifact. Other files are
// not ours.
func walk(ctx context.Context, root *os.Root, visit func(name string, info fs.FileInfo)) error {
	teams, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return err
	}
	for _, team := range teams {
		if name := team.Name(); team.IsDir() && (name == personalName || isFileName(name)) {
			if err := walkTeam(ctx, root, name, visit); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func walkTeam(ctx context.Context, root *os.Root, team string, visit func(name string, info fs.FileInfo)) error {
	below, err := root.OpenRoot(team)
	if err != nil {
		return err
	}
	defer below.Close() //nolint:errcheck // nothing was written
	dir, err := below.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close() //nolint:errcheck // nothing was written
	for {
		entries, err := dir.ReadDir(scanBatch)
		for _, entry := range entries {
			// Requests go first, and not only after the 10 ms that a goroutine may run.
			runtime.Gosched()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if !entry.Type().IsRegular() || !isFileName(entry.Name()) {
				continue
			}
			// Not entry.Info, which on Windows returns the time of an earlier use.
			info, err := below.Lstat(entry.Name())
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if err == nil && info.Mode().IsRegular() {
				visit(path.Join(team, entry.Name()), info)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
