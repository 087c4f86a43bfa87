package artifact

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"
)

// OpenFile opens a regular file. Any other kind of file gives an error that
// wraps [ErrNotRegular]; so does one without a size of its own that has
// content all the same, as below /proc. The file must be closed with
// [Source.Close].
//
// A file written within the last clock tick of its file system cannot be told
// from one that is written again, so OpenFile waits that tick out: up to 20 ms,
// or 2 s where the file system keeps whole seconds.
//
// A program that writes through a shared memory mapping may change a file
// without changing its times at once. That cannot be seen.
func OpenFile(ctx context.Context, path string) (*Source, error) {
	return openFile(ctx, path, systemFiles)
}

// OpenFileIn is [OpenFile] for a file that has the given path and is opened as name
// in root, so that no link leads out of it. If name does not lead to the file that
// has the path, the file counts as changed.
func OpenFileIn(ctx context.Context, root *os.Root, name, path string) (*Source, error) {
	system := systemFiles
	system.open = func(string) (*os.File, error) {
		file, err := openToReadIn(root, name)
		if inRoot := (*fs.PathError)(nil); errors.As(err, &inRoot) {
			inRoot.Path = path
		}
		return file, err
	}
	return openFile(ctx, path, system)
}

// fileSystem is what the check against changes asks; tests have their own.
type fileSystem struct {
	now  func() time.Time
	wait func(context.Context, time.Duration) error
	open func(path string) (*os.File, error)
	stat func(*os.File) (os.FileInfo, fileState, error)
	// lookup tells what is found under a path by now.
	lookup func(path string) (os.FileInfo, fileState, error)
}

var systemFiles = fileSystem{now: time.Now, wait: wait, open: openToRead, stat: statFile, lookup: statPath}

// openFile looks at the path before it opens it: to open what is no regular file
// may do something, and lets who waits at a FIFO's other end go on. Whether it
// opened what it saw is held against the file itself later.
func openFile(ctx context.Context, path string, system fileSystem) (*Source, error) {
	info, first, err := system.lookup(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	if err := system.wait(ctx, first.settles(system.now())); err != nil {
		return nil, err
	}
	file, err := system.open(path)
	if err != nil {
		return nil, err
	}
	opened := &openedFile{path: path, system: system, info: info, first: first, file: file}
	if err := hasNoMore(opened, path, first.size); err != nil {
		_ = file.Close() // opened for reading: nothing is lost
		return nil, err
	}
	return &Source{bytes: opened, size: first.size, close: opened.close, file: opened}, nil
}

// hasNoMore looks into a file without a size. One that cannot be read is not
// empty for that.
func hasNoMore(file io.ReaderAt, path string, size int64) error {
	if size > 0 {
		return nil
	}
	switch _, err := file.ReadAt(make([]byte, 1), 0); {
	case err == nil:
		return &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	case err != io.EOF: //nolint:errorlint // a file's end is io.EOF itself
		return err
	}
	return nil
}

// openedFile is a file as it was when it was opened first. It may be given back
// for a while, and is opened again when it is read.
type openedFile struct {
	path   string
	system fileSystem
	info   os.FileInfo
	first  fileState

	mu     sync.Mutex
	file   *os.File // nil while it is given back
	proved bool     // it is the one that was seen before it was opened
	closed bool     // for good
}

// ReadAt reads as [io.ReaderAt] says.
func (f *openedFile) ReadAt(p []byte, off int64) (int, error) {
	file, err := f.reopen()
	if err != nil {
		return 0, err
	}
	n, err := file.ReadAt(p, off)
	atEnd := err == io.EOF && off+int64(n) >= f.first.size //nolint:errorlint // a file's end is io.EOF itself
	if err == nil || atEnd || errors.Is(err, os.ErrClosed) {
		return n, err
	}
	// It may be shorter by now, or a FIFO or a directory that took the file's name.
	f.mu.Lock()
	defer f.mu.Unlock()
	return n, cmp.Or(f.isSame(file), err)
}

func (f *openedFile) reopen() (*os.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file != nil {
		return f.file, nil
	}
	if f.closed { // nobody would close it again
		return nil, os.ErrClosed
	}
	file, err := f.system.open(f.path)
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return nil, err // it says nothing of the file
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrChanged, err)
	}
	if err := f.isSame(file); err != nil {
		_ = file.Close()
		return nil, err
	}
	f.file = file
	return file, nil
}

// prove holds the open file against what was seen before.
func (f *openedFile) prove() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.proved {
		return nil
	}
	err := f.isSame(f.file)
	f.proved = err == nil
	return err
}

// isSame compares the file itself, and not what has its name by now.
func (f *openedFile) isSame(file *os.File) error {
	info, state, err := f.system.stat(file)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return f.compare(info, state)
}

// recheck compares the file that has the path, which is the one that was opened
// or a change. If none has it, the file was renamed or removed: then the open one
// is compared, and one that was given back was compared at that time.
func (f *openedFile) recheck() (seen fileState, err error) {
	if err := f.prove(); err != nil {
		return seen, err
	}
	info, seen, err := f.system.lookup(f.path)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err == nil:
		return seen, f.compare(info, seen)
	case f.file == nil:
		return f.first, nil
	}
	info, seen, err = f.system.stat(f.file)
	if err != nil {
		return seen, fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return seen, f.compare(info, seen)
}

// isKnown reports whether the change time is as it was, too.
func (f *openedFile) isKnown(seen fileState) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return seen == f.first
}

// settle makes a new change time the known one, if the bytes are the same and it
// does not move while they are compared.
func (f *openedFile) settle(ctx context.Context, seen fileState, compare func() error) error {
	// A write in the same tick could not be told from what moved the time.
	if err := f.system.wait(ctx, seen.settles(f.system.now())); err != nil {
		return err
	}
	different := compare()
	now, err := f.recheck()
	if err := cmp.Or(err, different); err != nil {
		return err
	}
	if now != seen {
		return fmt.Errorf("%w: its change time changed again during the second read", ErrChanged)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.first.changed = now.changed
	return nil
}

// compare leaves the change time to [Source.Unchanged]: the bytes may be the same.
func (f *openedFile) compare(info os.FileInfo, state fileState) error {
	switch {
	case !os.SameFile(f.info, info):
		return fmt.Errorf("%w: it was replaced by another file", ErrChanged)
	case state.size != f.first.size:
		return fmt.Errorf("%w: its size changed from %d to %d bytes", ErrChanged, f.first.size, state.size)
	case state.modified != f.first.modified:
		return fmt.Errorf("%w: its modification time changed", ErrChanged)
	}
	return nil
}

// release closes the file until it is read again.
func (f *openedFile) release() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	defer f.file.Close() // it was only read
	file := f.file
	f.file = nil
	err := f.isSame(file)
	f.proved = f.proved || err == nil
	return err
}

func (f *openedFile) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	if f.file == nil {
		return nil
	}
	file := f.file
	f.file = nil
	return file.Close()
}
