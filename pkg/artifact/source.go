package artifact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"sync"

	"github.com/artifact-cli/artifact/pkg/internal/hashing"
)

// ErrChanged reports that an input changed after it was opened and before its
// last byte was read.
var ErrChanged = errors.New("the input changed while it was read")

// ErrNotRegular reports an input that is not a regular file with a size, and must
// be read with [Spool].
var ErrNotRegular = errors.New("not a regular file")

// Source is an input that can be read any number of times and concurrently. It
// always reads the file that was opened first; [Source.Unchanged] reports whether
// that file has changed since.
type Source struct {
	bytes io.ReaderAt
	size  int64
	close func() error
	// file is nil if no other process can change the bytes.
	file *openedFile

	mu     sync.Mutex
	proofs []proof
}

// proof is a hash of all bytes, and a function to compute it again.
type proof struct {
	begin func() hash.Hash
	whole hash.Hash
}

// FromBytes returns a Source of b, which must not be modified afterwards.
func FromBytes(b []byte) *Source {
	return &Source{bytes: bytes.NewReader(b), size: int64(len(b))}
}

// Size returns the size in bytes.
func (s *Source) Size() int64 { return s.size }

// ReadAt implements [io.ReaderAt]. It ends at [Source.Size], even if the file has
// grown.
func (s *Source) ReadAt(p []byte, off int64) (int, error) {
	if off >= s.size {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), s.size-off)]
	n, err := s.bytes.ReadAt(p, off)
	if err == io.EOF && off+int64(n) < s.size {
		return n, fmt.Errorf("%w: it ended after %d of %d bytes", ErrChanged, off+int64(n), s.size)
	}
	return n, err
}

// Open returns a reader that starts at the first byte.
func (s *Source) Open() io.Reader { return io.NewSectionReader(s, 0, s.size) }

// Unchanged returns an error that wraps [ErrChanged] if the file's size or
// modification time has changed since it was opened, or if another file has its
// name. Call it after reading the last byte and before passing that byte on.
//
// chmod, link and rename update only the change time, but so does a program that
// restores the modification time after writing. If only the change time differs
// and the input was hashed, Unchanged hashes it again. A file that was removed or
// renamed has not changed.
func (s *Source) Unchanged(ctx context.Context) error {
	if s.file == nil {
		return nil
	}
	seen, known, err := s.file.recheck()
	if err != nil || known {
		return err
	}
	s.mu.Lock()
	proofs := slices.Clone(s.proofs)
	s.mu.Unlock()
	if len(proofs) == 0 {
		return nil
	}
	return s.file.settle(ctx, seen, func() error { return s.compareAgain(ctx, proofs) })
}

// compareAgain hashes the file again and compares the hashes.
func (s *Source) compareAgain(ctx context.Context, proofs []proof) error {
	again := make([]hash.Hash, len(proofs))
	for i, p := range proofs {
		again[i] = p.begin()
	}
	if err := s.feed(ctx, again, nil); err != nil {
		return err
	}
	for i, p := range proofs {
		if !bytes.Equal(again[i].Sum(nil), p.whole.Sum(nil)) {
			return fmt.Errorf("%w: its bytes changed, but its modification time was set back", ErrChanged)
		}
	}
	return nil
}

// Hash writes all bytes to the hash that begin returns, and returns that hash. It
// calls progress, if not nil, with the number of bytes hashed so far.
// [Source.Unchanged] may call begin again.
func (s *Source) Hash(ctx context.Context, begin func() hash.Hash, progress func(int64)) (hash.Hash, error) {
	h := begin()
	if err := s.feed(ctx, []hash.Hash{h}, progress); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proofs = append(s.proofs, proof{begin, h})
	return h, nil
}

func (s *Source) feed(ctx context.Context, hashes []hash.Hash, progress func(int64)) error {
	_, err := hashing.Copy(ctx, s.Open(), hashing.Options{Hashes: hashes, Size: s.size, Progress: progress})
	return err
}

// Release closes the file until the next read, so that a program can hold more
// Sources than open files. It returns an error that wraps [ErrChanged] if the
// file has changed; so does the next read if it opens another file. Release must
// not be called concurrently with other methods.
func (s *Source) Release() error {
	if s.file == nil {
		return nil
	}
	return s.file.release()
}

// Close closes the file. A temporary file of [Spool] is removed.
func (s *Source) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}
