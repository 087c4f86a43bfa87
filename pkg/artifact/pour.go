package artifact

import (
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// PourOptions say where [Pour] takes bytes to.
type PourOptions struct {
	// To, if not nil, gets each piece. Its error ends the reading.
	To io.Writer
	// Hashes get the same bytes on goroutines of their own.
	Hashes []hash.Hash
	// Size is how many bytes there are as far as is known, else -1. It only
	// keeps the pieces small where there are few.
	Size int64
	// PieceSize is the most bytes of a piece, 256 KiB where it is 0. Up to
	// three pieces are in memory at once.
	PieceSize int
}

// PourError is an error of [PourOptions.To], and not of what was read.
type PourError struct{ Err error }

func (e *PourError) Error() string { return fmt.Sprintf("passing the bytes on: %v", e.Err) }

// Unwrap gives the cause.
func (e *PourError) Unwrap() error { return e.Err }

// Pour reads r to its end and passes the bytes on, and returns how many there
// were. All hashes have what was read when it returns, also with an error,
// which is a [*PourError] or r's own.
func Pour(r io.Reader, options PourOptions) (int64, error) {
	size := options.PieceSize
	if size == 0 {
		size = hashBufferSize
	}
	if options.Size >= 0 {
		// One more byte than there are finds the end with the last piece.
		// Not Size+1, which the largest number that a peer can claim overflows.
		size = int(min(int64(size)-1, options.Size)) + 1
	}
	side := newHashing(parallel(options.Hashes), size, nil)
	defer side.stop()
	var read int64
	for {
		buffer := side.buffer()
		n, err := fill(r, buffer)
		read += int64(n)
		if n > 0 && options.To != nil {
			if _, err := options.To.Write(buffer[:n]); err != nil {
				return read, &PourError{err}
			}
		}
		side.write(buffer[:n])
		if err == io.EOF {
			return read, nil
		}
		if err != nil {
			return read, err
		}
	}
}

// parallel feeds several hashes at the same time.
type parallel []hash.Hash

func (p parallel) Write(b []byte) (int, error) {
	if len(p) == 0 {
		return len(b), nil
	}
	var others sync.WaitGroup
	broken := make([]error, len(p))
	for i, h := range p[1:] {
		others.Go(func() {
			broken[i] = fault.Catch(func() error { h.Write(b); return nil })
		})
	}
	p[0].Write(b)
	others.Wait()
	fault.Raise(errors.Join(broken...))
	return len(b), nil
}
