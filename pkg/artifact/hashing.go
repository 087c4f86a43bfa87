package artifact

import (
	"io"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// The size and number of the buffers between a reader and the hash: large
// enough for few system calls, small enough to stay in the processor's cache.
const (
	hashBufferSize = 256 << 10
	hashBuffers    = 3
)

// hashing feeds a hash on a goroutine of its own, in the order of the writes,
// so that whoever brings the bytes need not wait for it.
type hashing struct {
	free, full chan []byte
	done       chan struct{}
	size       int   // of each buffer
	made       int   // how many buffers there are
	broken     error // a panic, once done is closed
}

// newHashing starts the goroutine; stop ends it. progress may be nil, and is
// called from that goroutine with the number of bytes hashed.
func newHashing(h io.Writer, size int, progress func(int64)) *hashing {
	side := &hashing{
		size: size,
		free: make(chan []byte, hashBuffers),
		full: make(chan []byte, hashBuffers),
		done: make(chan struct{}),
	}
	go func() {
		defer close(side.done)
		var hashed int64
		for b := range side.full {
			if side.broken == nil {
				side.broken = fault.Catch(func() error {
					_, _ = h.Write(b) // a hash.Hash never returns an error
					hashed += int64(len(b))
					if progress != nil {
						progress(hashed)
					}
					return nil
				})
			}
			side.free <- b[:size] // whoever fills it must not wait for ever
		}
	}()
	return side
}

// buffer is one to fill and pass to write. It waits for the hash where all are
// under way.
func (s *hashing) buffer() []byte {
	select {
	case b := <-s.free:
		return b
	default:
	}
	if s.made < hashBuffers {
		s.made++
		return make([]byte, s.size)
	}
	return <-s.free
}

// write passes a filled buffer on; it belongs to the hash from then on.
func (s *hashing) write(b []byte) { s.full <- b }

// stop waits until all that was written is hashed. It panics where the hash or
// progress did.
func (s *hashing) stop() {
	close(s.full)
	<-s.done
	fault.Raise(s.broken)
}
