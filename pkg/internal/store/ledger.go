package store

import (
	"context"
	"errors"
	"hash/maphash"
	"io/fs"
	"maps"
	"os"
	"sync"
	"time"
)

// ledger counts the files of a store's directory, and keeps their total size below
// a limit. It knows the total, the files that are being read, which it does not
// remove, and with its queue those to be removed next. It learns the rest by a
// scan of the directory in the background, when it needs it.
type ledger struct {
	root      *os.Root
	limit     int64 // 0 for none
	onRemoval func(Removal)

	// The lock of a name is held while its file changes or is opened. mu is not
	// held during system calls, so that no request waits for the disk on behalf of
	// another. changes is locked for reading until a change has been counted, and
	// for writing by a scan that takes over the counts.
	names   [64]sync.Mutex
	seed    maphash.Seed
	changes sync.RWMutex

	evicting chan struct{} // has an element while one makeRoom runs

	background context.Context //nolint:containedctx // of the goroutines below, until close
	cancel     context.CancelFunc
	goroutines sync.WaitGroup

	mu       sync.Mutex
	files    int64 // in the directory
	bytes    int64 // of these
	orphans  int64 // bytes of files that are being read, and were replaced
	reading  int64 // bytes of all files that are being read
	reserved int64
	readers  map[string]*readers
	queue    *queue
	removed  map[Reason]int64
	scanning *scan // nil if there is none
	scanned  time.Time
	scanTook time.Duration
}

// readers counts the open readers of a file.
type readers struct {
	size     int64
	count    int
	replaced bool // another file has its name now, or none
}

func newLedger(root *os.Root, limit int64, onRemoval func(Removal)) *ledger {
	l := &ledger{
		root: root, limit: limit, onRemoval: onRemoval, seed: maphash.MakeSeed(),
		readers: make(map[string]*readers), queue: newQueue(queueLength), removed: make(map[Reason]int64),
		evicting: make(chan struct{}, 1),
	}
	l.background, l.cancel = context.WithCancel(context.Background())
	if limit > 0 {
		l.goroutines.Go(func() {
			// The limit may have been higher.
			_ = errors.Join(l.update(l.background), l.makeRoom(l.background))
		})
	}
	return l
}

// close ends all goroutines.
func (l *ledger) close() {
	l.cancel()
	l.goroutines.Wait()
}

// lock locks the name of a file, and returns the function that unlocks it.
func (l *ledger) lock(name string) (unlock func()) {
	mu := &l.names[maphash.String(l.seed, name)%uint64(len(l.names))]
	mu.Lock()
	return mu.Unlock
}

// lockToChange is lock for changing the file.
func (l *ledger) lockToChange(name string) (unlock func()) {
	l.changes.RLock()
	unlockName := l.lock(name)
	return func() {
		unlockName()
		l.changes.RUnlock()
	}
}

// usage returns what the directory holds. If the counts are missing or too old, it
// starts a scan.
func (l *ledger) usage() Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.scanned) > l.staleAfter() {
		l.startScan()
	}
	return Usage{
		IsCounted: !l.scanned.IsZero(), Artifacts: max(0, l.files), Bytes: max(0, l.bytes), Removed: maps.Clone(l.removed),
	}
}

// room is space in a ledger, reserved for a file that is being written.
type room struct {
	ledger *ledger
	size   int64 // bytes reserved until release or commit
}

// grow reserves n more bytes, and removes files for them if necessary.
func (r *room) grow(ctx context.Context, n int64) error {
	l := r.ledger
	if l.limit > 0 {
		if n > l.limit-r.size {
			return ErrTooLarge
		}
		if err := l.update(ctx); err != nil {
			return err
		}
	}
	if !l.reserve(n) {
		return ErrFull
	}
	r.size += n
	err := l.makeRoom(ctx)
	if err != nil {
		l.unreserve(n)
		r.size -= n
	}
	return err
}

// release frees what is still reserved.
func (r *room) release() {
	r.ledger.unreserve(r.size)
	r.size = 0
}

// commit calls place, which gives a file its name, and counts it. After an error
// its bytes are still reserved.
func (r *room) commit(name string, now time.Time, place func() error) error {
	l := r.ledger
	defer l.lockToChange(name)()
	old := absent
	if info, err := l.root.Lstat(name); err == nil && info.Mode().IsRegular() {
		old = info.Size()
	}
	if err := place(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recordLocked(old, file{name, r.size, now.UnixNano()})
	l.reserved -= r.size
	r.size = 0
	return nil
}

// reserve reserves n bytes. It returns false if there would not be room for them even
// if all files were removed that are not being read.
func (l *ledger) reserve(n int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit > 0 && l.reading+l.reserved > l.limit-n {
		return false
	}
	l.reserved += n
	return true
}

func (l *ledger) unreserve(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reserved -= n
}

// absent is the size of no file.
const absent int64 = -1

// record records that the file f.name had the size old, and is f now. Both sizes may
// be absent.
func (l *ledger) record(old int64, f file) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recordLocked(old, f)
}

// recordLocked is record for callers that hold l.mu.
func (l *ledger) recordLocked(old int64, f file) {
	l.count(old, f)
	if r := l.readers[f.name]; r != nil {
		delete(l.readers, f.name)
		r.replaced = true
		l.orphans += r.size
	}
	if l.scanning != nil {
		l.scanning.changed[f.name] = f
	}
}

// count is the part of record that a scan repeats. l.mu must be held.
func (l *ledger) count(old int64, f file) {
	if old != absent {
		l.files--
		l.bytes -= old
	}
	l.queue.drop(f.name)
	if f.size != absent {
		l.files++
		l.bytes += f.size
		l.queue.insert(f)
	}
}

// remove removes a file, unless it is being read, or was replaced or used since info
// was read.
func (l *ledger) remove(name string, info fs.FileInfo) bool {
	defer l.lockToChange(name)()
	l.mu.Lock()
	isRead := l.isRead(name)
	l.mu.Unlock()
	if isRead {
		return false
	}
	now, err := l.root.Lstat(name)
	if err != nil || !os.SameFile(now, info) || !now.ModTime().Equal(info.ModTime()) || l.root.Remove(name) != nil {
		return false
	}
	l.record(now.Size(), file{name: name, size: absent})
	return true
}

// open calls open, and keeps the file from being removed until release.
func (l *ledger) open(name string, open func() (*os.File, error)) (_ *os.File, release func(), _ error) {
	// Under the lock, so that the open file is the counted one.
	defer l.lock(name)()
	file, err := open()
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	if !info.Mode().IsRegular() {
		return file, func() {}, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.readers[name]
	if r == nil {
		r = &readers{size: info.Size()}
		l.readers[name] = r
		l.reading += r.size
	}
	r.count++
	return file, func() { l.closed(name, r) }, nil
}

func (l *ledger) closed(name string, r *readers) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.count--; r.count > 0 {
		return
	}
	l.reading -= r.size
	if r.replaced {
		l.orphans -= r.size
	} else {
		delete(l.readers, name)
	}
}

// isRead reports whether a file is being read. l.mu must be held.
func (l *ledger) isRead(name string) bool { return l.readers[name] != nil }
