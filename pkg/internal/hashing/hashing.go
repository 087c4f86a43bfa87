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

// Options configure [Copy].
type Options struct {
	// To, if not nil, receives each piece. Its error ends the copy.
	To io.Writer
	// Hashes get the same bytes.
	Hashes []hash.Hash
	// Progress, if not nil, is called with the number of bytes hashed so far.
	Progress func(int64)
	// Size is the expected number of bytes, or -1. It only limits the size of the
	// buffers.
	Size int64
	// PieceSize is the maximum size of a piece in bytes (default 256 KiB). Up to
	// three pieces are in memory at once.
	PieceSize int
}

// Copy reads r to its end, and returns the number of bytes. When it returns, even
// with an error, the hashes have received all that was read. The error comes from
// r, To or ctx.
func Copy(ctx context.Context, r io.Reader, options Options) (read int64, err error) {
	size := options.PieceSize
	if size == 0 {
		size = bufferSize
	}
	if options.Size >= 0 {
		// One byte more finds the end with the last piece. Size+1 could overflow.
		size = int(min(int64(size)-1, options.Size)) + 1
	}
	s := side{Options: options, size: size}
	defer s.stop()
	for err == nil {
		var n int
		buffer := s.buffer()
		n, err = fill(ctx, r, buffer)
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

// fill reads until the buffer is full or the stream ends, since a pipe returns
// little at a time. Unlike [io.ReadFull] it does not turn an end of r into
// io.ErrUnexpectedEOF.
func fill(ctx context.Context, r io.Reader, buffer []byte) (n int, err error) {
	for n < len(buffer) && err == nil {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		var read int
		read, err = r.Read(buffer[n:])
		n += read
	}
	return n, err
}

// side hashes in a goroutine of its own, so that the reader need not wait.
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

// buffer returns a buffer to fill. If all are in use, it waits for the hashes.
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

// pool reuses buffers. Without it they are half of the garbage of a list of small
// files.
var pool sync.Pool

func pooled(size int) []byte {
	if b, _ := pool.Get().(*[]byte); b != nil && cap(*b) >= size {
		return (*b)[:size]
	}
	return make([]byte, size)
}

// write passes a filled buffer to the hashes, which own it from then on.
func (s *side) write(b []byte) {
	if s.done == nil {
		s.start()
	}
	s.full <- b
}

// stop waits until everything is hashed, and frees the buffers. It panics if a
// hash or Progress did.
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

// writeAll writes to several hashes at the same time. A hash never returns an
// error.
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
