package store

import (
	"container/heap"
	"errors"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"
)

// rescanAfter is how old the picture of a shared directory may become.
const rescanAfter = time.Minute

// ledger keeps the files of a directory together below a limit. It knows how
// long each one is and when it was used last, and which ones are being read:
// those are never removed. A nil ledger counts nothing.
type ledger struct {
	root  *os.Root
	limit int64

	mu      sync.Mutex
	used    int64 // bytes of items, of replaced ones still read, and reserved
	held    int64 // those of used that nothing can remove: read or reserved
	items   map[string]*item
	idle    recency // the items that nobody reads
	scanned time.Time
}

// newLedger counts what is there and removes what is over the limit.
func newLedger(root *os.Root, limit int64) (*ledger, error) {
	l := &ledger{root: root, limit: limit, items: make(map[string]*item)}
	if err := l.scan(); err != nil {
		return nil, err
	}
	l.scanned = time.Now()
	l.evict(0)
	return l, nil
}

// room is what one file that is being written has reserved of a ledger.
type room struct {
	ledger *ledger
	now    func() time.Time
	size   int64 // bytes that are counted until release or commit
}

// grow makes room for n more bytes.
func (r *room) grow(n int64) error {
	l := r.ledger
	if l == nil {
		r.size += n
		return nil
	}
	if n > l.limit-r.size {
		return ErrTooLarge
	}
	now := r.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.scanned) > rescanAfter {
		// What cannot be read is as little known as before.
		_ = l.scan()
		l.scanned = now
	}
	if !l.evict(n) {
		return ErrFull
	}
	l.used += n
	l.held += n
	r.size += n
	return nil
}

// release gives back what is still reserved.
func (r *room) release() {
	if r.ledger == nil {
		return
	}
	r.ledger.mu.Lock()
	defer r.ledger.mu.Unlock()
	r.ledger.used -= r.size
	r.ledger.held -= r.size
	r.size = 0
}

// commit runs rename, which puts the file in its place. After an error its
// bytes are still reserved.
func (r *room) commit(name string, now time.Time, rename func() error) error {
	l := r.ledger
	if l == nil {
		return rename()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := rename(); err != nil {
		return err
	}
	l.drop(name)
	l.used -= r.size
	l.held -= r.size
	l.add(name, r.size, now)
	r.size = 0
	return nil
}

// open runs open and keeps the file from being removed until release.
func (l *ledger) open(name string, now time.Time, open func() (*os.File, error)) (_ *os.File, release func(), _ error) {
	if l == nil {
		file, err := open()
		return file, func() {}, err
	}
	// Under the lock, so that the file is the one that is counted.
	l.mu.Lock()
	defer l.mu.Unlock()
	file, err := open()
	if err != nil {
		return nil, nil, err
	}
	it := l.items[name]
	if it == nil {
		info, err := file.Stat()
		if err != nil {
			return nil, nil, errors.Join(err, file.Close())
		}
		if !info.Mode().IsRegular() {
			return file, func() {}, nil
		}
		// Another store's.
		it = l.add(name, info.Size(), now)
	}
	it.lastUse = now
	if it.readers == 0 {
		heap.Remove(&l.idle, it.index)
		l.held += it.size
	}
	it.readers++
	return file, func() { l.closed(it) }, nil
}

func (l *ledger) closed(it *item) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if it.readers--; it.readers > 0 {
		return
	}
	l.held -= it.size
	if it.replaced {
		l.used -= it.size
		return
	}
	heap.Push(&l.idle, it)
}

func (l *ledger) add(name string, size int64, lastUse time.Time) *item {
	it := &item{name: name, size: size, lastUse: lastUse}
	l.items[name] = it
	l.used += size
	heap.Push(&l.idle, it)
	return it
}

// drop forgets a file that has gone or was replaced. The bytes of one that is
// being read stay on the disk, and counted, until its last reader is done.
func (l *ledger) drop(name string) {
	it := l.items[name]
	if it == nil {
		return
	}
	delete(l.items, name)
	if it.readers > 0 {
		it.replaced = true
		return
	}
	heap.Remove(&l.idle, it.index)
	l.used -= it.size
}

// evict removes the least recently used files until n more bytes fit, and
// tells whether they do. What can be seen not to fit costs nobody a file.
func (l *ledger) evict(n int64) bool {
	if l.held > l.limit-n {
		return false
	}
	var stuck []*item
	for l.used > l.limit-n && len(l.idle) > 0 {
		it := l.idle[0]
		info, err := l.root.Lstat(it.name)
		switch {
		case err == nil && info.ModTime().After(it.lastUse):
			// Another store used or replaced it.
			l.used += info.Size() - it.size
			it.size, it.lastUse = info.Size(), info.ModTime()
			heap.Fix(&l.idle, 0)
			continue
		case err == nil:
			err = l.root.Remove(it.name)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			stuck = append(stuck, heap.Pop(&l.idle).(*item))
			continue
		}
		l.drop(it.name)
	}
	for _, it := range stuck {
		heap.Push(&l.idle, it)
	}
	return l.used <= l.limit-n
}

// scan compares the ledger with the directory.
func (l *ledger) scan() error {
	there := make(map[string]bool)
	teams, err := fs.ReadDir(l.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, team := range teams {
		// Nothing else in the directory is ours to count, or to remove.
		if !team.IsDir() || team.Name() != personalName && !isFileName(team.Name()) {
			continue
		}
		if err := l.scanTeam(team.Name(), there); err != nil {
			return err
		}
	}
	for name := range l.items {
		if !there[name] {
			l.drop(name)
		}
	}
	return nil
}

func (l *ledger) scanTeam(team string, there map[string]bool) error {
	files, err := fs.ReadDir(l.root.FS(), team)
	if err != nil {
		return err
	}
	for _, file := range files {
		if !file.Type().IsRegular() || !isFileName(file.Name()) {
			continue
		}
		name := path.Join(team, file.Name())
		info, err := file.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		there[name] = true
		if l.items[name] == nil {
			l.add(name, info.Size(), info.ModTime())
		}
	}
	return nil
}
