package archive

import (
	"io"
	"sync"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// The size of the pieces that are read ahead, and how many there are: fewer or smaller
// ones make the goroutines wait for each other.
const (
	pieceSize = 256 << 10
	pieces    = 4
)

// ahead reads a source in advance, in a goroutine.
type ahead struct {
	filled chan piece
	spare  chan []byte
	stop   func()
	done   chan struct{} // closed when the goroutine has ended
	now    piece         // the unread rest of the current piece
	buffer []byte        // of now
}

type piece struct {
	bytes []byte
	err   error // after the bytes
}

func readAhead(from io.Reader) *ahead {
	stopped := make(chan struct{})
	a := &ahead{
		filled: make(chan piece, pieces), spare: make(chan []byte, pieces),
		stop: sync.OnceFunc(func() { close(stopped) }), done: make(chan struct{}),
	}
	for range pieces {
		a.spare <- make([]byte, pieceSize)
	}
	go func() {
		defer close(a.done)
		for next := (piece{}); next.err == nil; a.filled <- next {
			select {
			case next.bytes = <-a.spare:
			case <-stopped:
				return
			}
			next.err = fault.Catch(func() (err error) {
				next.bytes, err = fill(from, next.bytes)
				return err
			})
		}
	}()
	return a
}

// fill reads until the buffer is full, or the reader fails.
func fill(from io.Reader, buffer []byte) ([]byte, error) {
	for n := 0; ; {
		read, err := from.Read(buffer[n:])
		if n += read; err != nil || n == len(buffer) {
			return buffer[:n], err
		}
	}
}

// Read returns the errors of the source, and panics of it as errors.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.now.bytes) == 0 {
		if a.now.err != nil {
			return 0, a.now.err
		}
		if a.buffer != nil {
			a.spare <- a.buffer
		}
		a.now = <-a.filled
		a.buffer = a.now.bytes[:cap(a.now.bytes)]
	}
	n := copy(p, a.now.bytes)
	a.now.bytes = a.now.bytes[n:]
	return n, nil
}

// close stops reading, and waits for the current call of the source.
func (a *ahead) close() {
	a.stop()
	<-a.done
}
