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

// OpenFile opens a regular file. For any other file, and for one that has content
// but reports no size, as in /proc, the error wraps [ErrNotRegular]. Close the
// file with [Source.Close].
//
// A write in the same clock tick of the file system as an earlier one does not
// change the file's times, so OpenFile waits until that tick is over: up to 20
// ms, or 2 s on file systems that store whole seconds.
//
// Changes through a shared memory mapping cannot be detected: they may not change
// the file's times at once.
func OpenFile(ctx context.Context, path string) (*Source, error) {
	return openFile(ctx, path, systemFiles)
}

// OpenFileIn is like [OpenFile] but opens the file as name in root, so that no
// symbolic link can lead outside. If path refers to another file, the file counts
// as changed.
func OpenFileIn(ctx context.Context, root *os.Root, name, path string) (*Source, error) {
	system := systemFiles
	system.open = func(_ string, flags int, mode fs.FileMode) (*os.File, error) {
		file, err := root.OpenFile(name, flags, mode)
		if inRoot := (*fs.PathError)(nil); errors.As(err, &inRoot) {
			inRoot.Path = path
		}
		return file, err
	}
	return openFile(ctx, path, system)
}

// fileSystem is the system as the check for changes sees it; tests replace it.
type fileSystem struct {
	now  func() time.Time
	wait func(context.Context, time.Duration) error
	open func(path string, flags int, mode fs.FileMode) (*os.File, error)
	stat func(*os.File) (os.FileInfo, fileState, error)
	// lookup returns the state of the file that path refers to now.
	lookup func(path string) (os.FileInfo, fileState, error)
}

var systemFiles = fileSystem{now: time.Now, wait: wait, open: os.OpenFile, stat: statFile, lookup: statPath}

// openToRead opens a file, if the system can, without waiting for the writer of a
// FIFO that has replaced it.
func (s fileSystem) openToRead(path string) (*os.File, error) {
	file, err := s.open(path, os.O_RDONLY|withoutWaiting, 0)
	if errors.Is(err, syscall.EAGAIN) { // another process holds a lease, and is now asked to release it
		return s.open(path, os.O_RDONLY, 0)
	}
	return file, err
}

// openFile calls stat before open, since opening a device may have side effects
// and opening a FIFO unblocks its writer. Whether it opened the same file is checked
// later.
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
	file, err := system.openToRead(path)
	if err != nil {
		return nil, err
	}
	opened := &openedFile{path: path, system: system, info: info, first: first, file: file}
	if err := hasNoMore(opened, path, first.size); err != nil {
		_ = file.Close() // opened for reading
		return nil, err
	}
	return &Source{bytes: opened, size: first.size, close: opened.close, file: opened}, nil
}

// hasNoMore checks that a file of size 0 has no content, unlike those in /proc.
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

// openedFile is a file with its state when it was first opened. It may be
// released, and is then opened again by the next read.
type openedFile struct {
	path   string
	system fileSystem
	info   os.FileInfo
	first  fileState

	mu     sync.Mutex
	file   *os.File // nil while released
	proved bool     // it is the file that stat saw before open
	closed bool     // for good
}

// ReadAt implements [io.ReaderAt].
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
	// The path may refer to a shorter file, a FIFO or a directory by now.
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
	if f.closed { // no later call would close it
		return nil, os.ErrClosed
	}
	file, err := f.system.openToRead(f.path)
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return nil, err // not an error of the file
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

// isSame compares the open file, not its path.
func (f *openedFile) isSame(file *os.File) error {
	return f.compare(f.system.stat(file))
}

// recheck compares the file that path refers to; another file is a change. If
// there is none, the file was renamed or removed: then recheck compares the open
// file. A released file was compared when it was released. The file is known if its
// change time is the same, too.
func (f *openedFile) recheck() (seen fileState, known bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.proved {
		if err := f.isSame(f.file); err != nil {
			return seen, false, err
		}
		f.proved = true
	}
	info, seen, err := f.system.lookup(f.path)
	if err != nil && f.file == nil {
		return f.first, true, nil
	}
	if err != nil {
		info, seen, err = f.system.stat(f.file)
	}
	return seen, seen == f.first, f.compare(info, seen, err)
}

// settle accepts a new change time if the bytes are the same and the time does
// not change again during the comparison.
func (f *openedFile) settle(ctx context.Context, seen fileState, compare func() error) error {
	// Another write in the same tick would not change the time.
	if err := f.system.wait(ctx, seen.settles(f.system.now())); err != nil {
		return err
	}
	different := compare()
	now, _, err := f.recheck()
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

// compare ignores the change time, which [Source.Unchanged] checks: the bytes may
// be the same.
func (f *openedFile) compare(info os.FileInfo, state fileState, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrChanged, err)
	case !os.SameFile(f.info, info):
		return fmt.Errorf("%w: it was replaced by another file", ErrChanged)
	case state.size != f.first.size:
		return fmt.Errorf("%w: its size changed from %d to %d bytes", ErrChanged, f.first.size, state.size)
	case state.modified != f.first.modified:
		return fmt.Errorf("%w: its modification time changed", ErrChanged)
	}
	return nil
}

// release closes the file until the next read.
func (f *openedFile) release() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	defer f.file.Close() // opened for reading
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
