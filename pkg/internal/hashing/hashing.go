// Package hashing reads a stream while another goroutine hashes it. Start at
// [Copy].
package hashing

import (
	"context"
	"errors"
	"hash"
	"io"
	"sync"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// The size and number of the buffers between a reader and the hashes: large
// enough for few system calls, small enough to stay in the processor's cache.
const (
	bufferSize = 256 << 10
	buffers    = 3
)

// Options say where [Copy] takes bytes to.
type Options struct {
	// To, if not nil, gets each piece. Its error ends the reading.
	To io.Writer
	// Hashes get the same bytes.
	Hashes []hash.Hash
	// Progress, if not nil, is called with the number of bytes hashed so far.
	Progress func(int64)
	// Size is the expected number of bytes, or -1. It only keeps buffers small
	// for small streams.
	Size int64
	// PieceSize is the most bytes of a piece, 256 KiB if it is 0. Up to three
	// pieces are in memory at once.
	PieceSize int
}

// Copy reads r to its end, passes the bytes on, and returns how many there were.
// When it returns, also with an error, the hashes have all that was read. An error
// is that of r or of the writer.
func Copy(r io.Reader, options Options) (read int64, err error) {
	size := options.PieceSize
	if size == 0 {
		size = bufferSize
	}
	if options.Size >= 0 {
		// One more byte than there are finds the end with the last piece.
		// Not Size+1, which the largest number that a peer can claim overflows.
		size = int(min(int64(size)-1, options.Size)) + 1
	}
	s := side{Options: options, size: size}
	defer s.stop()
	for err == nil {
		var n int
		buffer := s.buffer()
		n, err = fill(r, buffer)
		read += int64(n)
		if n > 0 && options.To != nil {
			if _, err := options.To.Write(buffer[:n]); err != nil {
				return read, err
			}
		}
		if err == io.EOF && read == int64(n) { // one piece is hashed at once
			s.hash(buffer[:n])
		} else if n > 0 {
			s.write(buffer[:n])
		}
	}
	if err == io.EOF {
		err = nil
	}
	return read, err
}

// fill reads until the buffer is full or the stream has nothing more: a pipe
// gives little at a time, and each further step costs the same for any size.
// Unlike [io.ReadFull] it keeps the reader's own errors apart from its end.
func fill(r io.Reader, buffer []byte) (n int, err error) {
	for n < len(buffer) && err == nil {
		var read int
		read, err = r.Read(buffer[n:])
		n += read
	}
	return n, err
}

// side hashes on a goroutine of its own, in the order of the writes, so that the
// reader need not wait.
type side struct {
	Options
	size       int      // of each buffer
	made       [][]byte // all buffers
	hashed     int64
	free, full chan []byte
	done       chan struct{} // nil until the goroutine runs
	broken     error         // a panic, once done is closed
}

func (s *side) start() {
	s.free, s.full, s.done = make(chan []byte, buffers), make(chan []byte, buffers), make(chan struct{})
	go func() {
		defer close(s.done)
		for b := range s.full {
			if s.broken == nil {
				s.broken = fault.Catch(func() error { s.hash(b); return nil })
			}
			s.free <- b[:s.size] // the reader must not wait for ever
		}
	}()
}

func (s *side) hash(b []byte) {
	writeAll(s.Hashes, b)
	if s.hashed += int64(len(b)); s.Progress != nil {
		s.Progress(s.hashed)
	}
}

// buffer returns one to fill. It waits for the hashes if all are under way.
func (s *side) buffer() []byte {
	if len(s.made) == buffers {
		return <-s.free
	}
	select {
	case b := <-s.free:
		return b
	default:
		b := pooled(s.size)
		s.made = append(s.made, b)
		return b
	}
}

// pool has the buffers of streams that were read. Without it they are half of the
// garbage of a list of small files.
var pool sync.Pool

func pooled(size int) []byte {
	if b, _ := pool.Get().(*[]byte); b != nil && cap(*b) >= size {
		return (*b)[:size]
	}
	return make([]byte, size)
}

// write passes a filled buffer on; it belongs to the hashes from then on.
func (s *side) write(b []byte) {
	if s.done == nil {
		s.start()
	}
	s.full <- b
}

// stop waits until all that was written is hashed, and gives the buffers back. It
// panics if a hash or Progress did.
func (s *side) stop() {
	if s.done != nil {
		close(s.full)
		<-s.done
		fault.Raise(s.broken)
	}
	for _, b := range s.made {
		pool.Put(&b)
	}
}

// writeAll feeds several hashes at the same time. A hash never returns an error.
func writeAll(hashes []hash.Hash, b []byte) {
	switch len(hashes) {
	case 0:
		return
	case 1: // as mostly, which needs no memory
		hashes[0].Write(b)
		return
	}
	var others sync.WaitGroup
	broken := make([]error, len(hashes))
	for i, h := range hashes[1:] {
		others.Go(func() {
			broken[i] = fault.Catch(func() error { h.Write(b); return nil })
		})
	}
	hashes[0].Write(b)
	others.Wait()
	fault.Raise(errors.Join(broken...))
}

// Reader returns a reader of r that fails when ctx has ended.
func Reader(ctx context.Context, r io.Reader) io.Reader { return &reader{ctx.Err, r} }

type reader struct {
	ended func() error
	r     io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ended(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
