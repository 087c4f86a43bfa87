package artifact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
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
	// loaded is set where a file's bytes are in memory.
	loaded *loaded
	// file is nil where nobody else can reach the bytes.
	file *openedFile
}

// FromBytes makes a Source of bytes in memory, which the caller must leave
// alone from then on.
func FromBytes(b []byte) *Source {
	return &Source{bytes: bytes.NewReader(b), size: int64(len(b))}
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
	if s.file == nil {
		return nil
	}
	return s.file.recheck()
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
	if err := s.feed(h); err != nil {
		return err
	}
	if progress != nil {
		progress(s.size)
	}
	return nil
}

func (s *Source) feed(h hash.Hash) error {
	if s.loaded != nil {
		return s.loaded.use(func(content []byte) { h.Write(content) })
	}
	buffer := smallBuffers.Get().(*[]byte)
	defer smallBuffers.Put(buffer)
	if int64(len(*buffer)) < s.size {
		*buffer = make([]byte, s.size)
	}
	content := (*buffer)[:s.size]
	if _, err := s.ReadAt(content, 0); err != nil && err != io.EOF {
		return err
	}
	h.Write(content)
	return nil
}

// smallBuffers are for hashing what fits into one buffer.
var smallBuffers = sync.Pool{New: func() any { return new([]byte) }}

// Load reads the whole input into memory, which is for small ones, and gives
// its file back. Nobody else may use the Source meanwhile.
func (s *Source) Load() error {
	if s.file == nil || s.loaded != nil {
		return nil
	}
	content, err := load(s, s.size)
	if err != nil {
		return err
	}
	if err := s.file.rest(); err != nil {
		_ = content.release()
		return err
	}
	s.loaded, s.bytes, s.close = content, content, content.release
	return nil
}

// Rest gives back the file of an input that is not read for a while, and fails
// where that is not what it was when it was opened. The next reading opens it
// again, and fails in the same way. Nobody else may use the Source meanwhile.
func (s *Source) Rest() error {
	if s.file == nil || s.loaded != nil {
		return nil
	}
	return s.file.rest()
}

// Close gives the file back. A spooled input is gone then.
func (s *Source) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}
