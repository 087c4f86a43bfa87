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
	// file is nil where nobody else can reach the bytes.
	file *openedFile

	mu     sync.Mutex
	proofs []proof
}

// proof is a hash of all bytes as they were read once, and how to make it again.
type proof struct {
	begin func() hash.Hash
	whole hash.Hash
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
		return n, fmt.Errorf("%w: it ended after %d of %d bytes", ErrChanged, off+int64(n), s.size)
	}
	return n, err
}

// Open begins a new reading at the first byte.
func (s *Source) Open() io.Reader { return io.NewSectionReader(s, 0, s.size) }

// Unchanged returns an error that wraps [ErrChanged] if the input is not what it
// was when it was opened: its size or modification time changed, or another
// file has its name. Call it after the last byte was read, and before that byte
// is passed on.
//
// chmod, a new hard link and a rename move the change time alone. So does a
// program that writes to the file and then restores its modification time: if
// the input was hashed, Unchanged reads it again and compares. It reads once; if
// the change time moves meanwhile, the input counts as changed. A file that was
// removed or renamed does not.
func (s *Source) Unchanged(ctx context.Context) error {
	if s.file == nil {
		return nil
	}
	seen, err := s.file.recheck()
	if err != nil || s.file.isKnown(seen) {
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

// compareAgain reads the file once more and compares it with what was hashed.
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

// Hash feeds all bytes to the hash that begin makes, reading ahead meanwhile, and
// returns that hash. It calls progress, if that is not nil, with the number of
// bytes hashed so far. [Source.Unchanged] calls begin again when it has to hash
// the bytes once more.
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
	_, err := hashing.Copy(hashing.Reader(ctx, s.Open()), hashing.Options{Hashes: hashes, Size: s.size, Progress: progress})
	return err
}

// Release closes the file until it is read again, so that a program can hold more
// Sources than it may have files open. It returns an error that wraps [ErrChanged]
// if the file was written to; the next reading opens the file again, and fails if
// it is another one. Nobody else may use the Source meanwhile.
func (s *Source) Release() error {
	if s.file == nil {
		return nil
	}
	return s.file.release()
}

// Close gives the file back. A spooled input is gone then.
func (s *Source) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}
