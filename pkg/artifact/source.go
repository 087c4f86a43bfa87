package artifact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"time"
)

// ErrChanged says that an input did not stay the same from its first opening
// to the last byte taken from it.
var ErrChanged = errors.New("the input changed while it was read")

// ErrNotRegular says that an input is no regular file with a size of its own,
// and must be read as a stream, with [Spool].
var ErrNotRegular = errors.New("not a regular file")

// Source is an input that can be read any number of times, from several
// goroutines at once: each reading names its own offset. It always gives the
// bytes of the one file that was opened first, and [Source.Unchanged] tells
// whether they are still what they were then.
type Source struct {
	bytes io.ReaderAt
	size  int64
	close func() error
	// recheck is nil where nobody else can reach the bytes.
	recheck func() error
}

// FromBytes makes a Source of bytes in memory, which the caller must leave
// alone from then on.
func FromBytes(b []byte) *Source {
	return &Source{bytes: bytes.NewReader(b), size: int64(len(b))}
}

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

// fileSystem is what the check against changes asks; tests have their own.
type fileSystem struct {
	now  func() time.Time
	wait func(context.Context, time.Duration) error
	stat func(*os.File) (fileState, error)
	// lookup tells what is found under a path by now.
	lookup func(path string) (os.FileInfo, error)
}

// fileState is all of a file that a change would change.
type fileState struct {
	size              int64
	modified, changed time.Time
}

var systemFiles = fileSystem{now: time.Now, wait: wait, stat: statFile, lookup: os.Stat}

func openFile(ctx context.Context, path string, system fileSystem) (*Source, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	source, err := newFileSource(ctx, file, path, system)
	if err != nil {
		_ = file.Close() // opened for reading: nothing is lost
		return nil, err
	}
	return source, nil
}

func newFileSource(ctx context.Context, file *os.File, path string, system fileSystem) (*Source, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	first, err := system.stat(file)
	if err != nil {
		return nil, err
	}
	if err := system.wait(ctx, first.settles(system.now())); err != nil {
		return nil, err
	}
	if first.size == 0 {
		if n, _ := file.ReadAt(make([]byte, 1), 0); n > 0 {
			return nil, &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
		}
	}
	return &Source{bytes: file, size: first.size, close: file.Close, recheck: func() error {
		current, err := system.stat(file)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrChanged, err)
		}
		if current != first {
			return fmt.Errorf("%w: %s", ErrChanged, first.difference(current))
		}
		found, err := system.lookup(path)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrChanged, err)
		}
		if !os.SameFile(info, found) {
			return fmt.Errorf("%w: another file took its name", ErrChanged)
		}
		return nil
	}}, nil
}

const (
	fineTick   = 20 * time.Millisecond // kernels move file times in steps of up to 10 ms
	coarseTick = 2 * time.Second       // FAT's step; others without fractions use one second
)

// settles is how long to wait until a further write must show in the file's
// times. A time in the future comes from another clock: its tick is waited out
// whole.
func (s fileState) settles(now time.Time) time.Duration {
	tick := fineTick
	if s.modified.Nanosecond() == 0 && s.changed.Nanosecond() == 0 {
		tick = coarseTick
	}
	last := s.modified
	if s.changed.After(last) {
		last = s.changed
	}
	return min(tick, tick-now.Sub(last))
}

func (s fileState) difference(now fileState) string {
	if s.size != now.size {
		return fmt.Sprintf("it had %d bytes, and has %d", s.size, now.size)
	}
	return "its times moved"
}

// wait sleeps for d, if that is more than nothing.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Size is the number of bytes.
func (s *Source) Size() int64 { return s.size }

// ReadAt reads as [io.ReaderAt] says. What lies behind [Source.Size] is not
// part of the Source, even where the file has grown.
func (s *Source) ReadAt(p []byte, off int64) (int, error) {
	if off >= s.size {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), s.size-off)]
	n, err := s.bytes.ReadAt(p, off)
	if err == io.EOF && off+int64(n) < s.size {
		return n, fmt.Errorf("%w: it ends after %d bytes of %d", ErrChanged, off+int64(n), s.size)
	}
	return n, err
}

// Open begins a new reading at the first byte.
func (s *Source) Open() io.Reader { return io.NewSectionReader(s, 0, s.size) }

// Unchanged returns nil as long as the input is what it was when it was
// opened: size, both times, and the same file under the same name. Otherwise
// its error wraps [ErrChanged]. Ask after the last byte was read, and before it
// is passed on.
func (s *Source) Unchanged() error {
	if s.recheck == nil {
		return nil
	}
	return s.recheck()
}

// Hash feeds all bytes to h, and reads ahead meanwhile. It calls progress,
// where that is not nil, with the number of bytes hashed so far.
func (s *Source) Hash(ctx context.Context, h hash.Hash, progress func(int64)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.size <= hashBufferSize {
		return s.hashAtOnce(h, progress)
	}
	side := newHashing(h, hashBufferSize, progress)
	defer side.stop()
	for off := int64(0); off < s.size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		buffer := side.buffer()
		n, err := s.ReadAt(buffer, off)
		if n == 0 && err != nil {
			return err
		}
		side.write(buffer[:n])
		off += int64(n)
	}
	return nil
}

// hashAtOnce is Hash for what fits into one buffer, where nothing is left to
// read ahead.
func (s *Source) hashAtOnce(h hash.Hash, progress func(int64)) error {
	content := make([]byte, s.size)
	if _, err := s.ReadAt(content, 0); err != nil && err != io.EOF {
		return err
	}
	h.Write(content)
	if progress != nil {
		progress(s.size)
	}
	return nil
}

// Close gives the file back. A spooled input is gone then.
func (s *Source) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}
