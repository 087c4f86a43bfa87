package store

import "sync"

// flusher flushes directories to the disk. Calls that wait for the same directory
// share a flush, since it is slow.
type flusher struct {
	flushNow    func(name string) error
	directories sync.Map // from name to *directory
}

// directory is a directory that is flushed.
type directory struct {
	turn  sync.Mutex // held by the flush that runs
	named bool       // its own name is on the disk; guarded by turn

	mu   sync.Mutex
	next func() error // the flush that has not begun, if calls wait for it
}

// forget makes the next flush of a directory flush its own name too.
func (f *flusher) forget(name string) { f.directories.Delete(name) }

// flush flushes a directory below the store's, and its name. When it returns, all
// changes before the call are on the disk.
func (f *flusher) flush(name string) error {
	value, _ := f.directories.LoadOrStore(name, new(directory))
	d := value.(*directory)
	d.mu.Lock()
	if d.next == nil {
		d.next = sync.OnceValue(func() error {
			d.turn.Lock() // meanwhile, others join
			defer d.turn.Unlock()
			d.mu.Lock()
			d.next = nil // later calls may have later changes
			d.mu.Unlock()
			if !d.named {
				// Another process may have created it, and not flushed that yet.
				if err := f.flushNow("."); err != nil {
					return err
				}
				d.named = true
			}
			return f.flushNow(name)
		})
	}
	next := d.next
	d.mu.Unlock()
	return next()
}
