package store

import (
	"container/list"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// rescanAfter is how often a shared directory is read again.
const rescanAfter = time.Minute

// ledger keeps the total size of the files in a directory below a limit. It
// tracks each file's size, last use and readers; a file that is being read is not
// removed. A nil ledger does nothing.
type ledger struct {
	root  *os.Root
	limit int64

	mu      sync.Mutex
	used    int64 // bytes of items, of replaced ones still read, and reserved
	held    int64 // the part of used that cannot be freed: being read or reserved
	items   map[string]*item
	idle    *list.List // items without readers, the least recently used first
	scanned time.Time
}

// item is a file in a ledger.
type item struct {
	name     string // below the store's directory
	size     int64
	lastUse  time.Time
	readers  int
	replaced bool          // another file has its name now
	place    *list.Element // in idle, if it has no readers
}

// newLedger counts the files, and removes those over the limit.
func newLedger(root *os.Root, limit int64) (*ledger, error) {
	l := &ledger{root: root, limit: limit, items: make(map[string]*item), idle: list.New()}
	if err := l.scan(); err != nil {
		return nil, err
	}
	l.scanned = time.Now()
	l.evict(0)
	return l, nil
}

// room is space in a ledger, reserved for a file that is being written.
type room struct {
	ledger *ledger
	size   int64 // bytes reserved until release or commit
}

// grow reserves n more bytes.
func (r *room) grow(n int64) error {
	l := r.ledger
	if l == nil {
		r.size += n
		return nil
	}
	if n > l.limit-r.size {
		return ErrTooLarge
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); now.Sub(l.scanned) > rescanAfter {
		// After an error, the ledger is as before.
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

// release frees what is still reserved.
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

// commit calls rename, and counts the file. After an error its bytes are still
// reserved.
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
	l.add(&item{name: name, size: r.size, lastUse: now})
	r.size = 0
	return nil
}

// open calls open, and keeps the file from being removed until release.
func (l *ledger) open(name string, now time.Time, open func() (*os.File, error)) (_ *os.File, release func(), _ error) {
	if l == nil {
		file, err := open()
		return file, func() {}, err
	}
	// Under the lock, so that the open file is the counted one.
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
		it = l.add(&item{name: name, size: info.Size(), lastUse: now})
	}
	it.lastUse = now
	if it.readers == 0 {
		l.idle.Remove(it.place)
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
	l.park(it)
}

func (l *ledger) add(it *item) *item {
	l.items[it.name] = it
	l.used += it.size
	l.park(it)
	return it
}

// park inserts an item without readers into idle, usually near the end.
func (l *ledger) park(it *item) {
	at := l.idle.Back()
	for at != nil && at.Value.(*item).lastUse.After(it.lastUse) {
		at = at.Prev()
	}
	if at == nil {
		it.place = l.idle.PushFront(it)
	} else {
		it.place = l.idle.InsertAfter(it, at)
	}
}

// drop forgets a file that was removed or replaced. While it is being read, its
// bytes stay on the disk and count.
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
	l.idle.Remove(it.place)
	l.used -= it.size
}

// evict removes the least recently used files until n more bytes fit. If they
// cannot fit, it removes none and returns false.
func (l *ledger) evict(n int64) bool {
	if l.held > l.limit-n {
		return false
	}
	for at := l.idle.Front(); at != nil && l.used > l.limit-n; {
		it := at.Value.(*item)
		info, err := l.root.Lstat(it.name)
		if err == nil && info.ModTime().After(it.lastUse) {
			// Another store used or replaced it.
			l.used += info.Size() - it.size
			it.size, it.lastUse = info.Size(), info.ModTime()
			l.idle.Remove(at)
			l.park(it)
			at = l.idle.Front()
			continue
		}
		at = at.Next()
		if err == nil {
			err = l.root.Remove(it.name)
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			l.drop(it.name)
		}
	}
	return l.used <= l.limit-n
}

// scan updates the ledger from the directory.
func (l *ledger) scan() error {
	found := make(map[string]*item)
	err := fs.WalkDir(l.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		team, file, isInTeam := strings.Cut(name, "/")
		switch {
		case err != nil:
			return err
		// Other files are not ours.
		case entry.IsDir() && (isInTeam || team != "." && team != personalName && !isFileName(team)):
			return fs.SkipDir
		case !isInTeam || !entry.Type().IsRegular() || !isFileName(file):
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			found[name] = &item{name: name, size: info.Size(), lastUse: info.ModTime()}
		}
		return err
	})
	if err != nil {
		return err
	}
	for name := range l.items {
		if found[name] == nil {
			l.drop(name)
		}
		delete(found, name)
	}
	for _, it := range slices.SortedFunc(maps.Values(found), func(a, b *item) int { return a.lastUse.Compare(b.lastUse) }) {
		l.add(it)
	}
	return nil
}
