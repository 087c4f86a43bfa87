package store

import (
	"bytes"
	"fmt"
	"io"
)

// exactReader reads a body of size bytes. It returns the last of them only when
// the body has ended there; otherwise it fails with [ErrSize].
type exactReader struct {
	body io.Reader
	size int64
	left int64
}

func newExactReader(body io.Reader, size int64) *exactReader {
	return &exactReader{body: body, size: size, left: size}
}

func (r *exactReader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, r.end()
	}
	n, err := r.body.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	switch {
	case err == io.EOF && r.left > 0: //nolint:errorlint // a Reader's end is io.EOF itself
		return 0, fmt.Errorf("%w: it ends after %d of %d bytes", ErrSize, r.size-r.left, r.size)
	case err != nil && err != io.EOF: //nolint:errorlint // as above
		return 0, err
	case r.left > 0:
		return n, nil
	}
	if err := r.end(); err != io.EOF { //nolint:errorlint // as above
		return 0, err
	}
	return n, io.EOF
}

// end returns io.EOF if the body ends here.
func (r *exactReader) end() error {
	var more [1]byte
	n, err := io.ReadFull(r.body, more[:])
	if n > 0 {
		return fmt.Errorf("%w: it has more than %d bytes", ErrSize, r.size)
	}
	return err
}

// expectSame reads body and fails with [ErrExists] at the first byte that differs
// from stored.
func expectSame(stored, body io.Reader) error {
	given, kept := make([]byte, compareSize), make([]byte, compareSize)
	for {
		n, err := body.Read(given)
		m, keptErr := io.ReadFull(stored, kept[:n])
		switch {
		case n == 0:
		case keptErr == io.EOF || keptErr == io.ErrUnexpectedEOF: //nolint:errorlint // ReadFull's own: it is shorter
			return ErrExists
		case keptErr != nil:
			return keptErr
		case !bytes.Equal(given[:n], kept[:m]):
			return ErrExists
		}
		if err == nil {
			continue
		}
		if err != io.EOF { //nolint:errorlint // a Reader's end is io.EOF itself
			return err
		}
		return expectEnd(stored)
	}
}

// expectEnd fails with [ErrExists] if stored has more bytes.
func expectEnd(stored io.Reader) error {
	var more [1]byte
	n, err := io.ReadFull(stored, more[:])
	switch {
	case n > 0:
		return ErrExists
	case err == io.EOF: //nolint:errorlint // ReadFull's own
		return nil
	}
	return err
}

// compareSize is the size of each buffer of expectSame.
const compareSize = 32 << 10

// fill reads until buffer is full or body ends.
func fill(buffer []byte, body io.Reader) (n int, ended bool, err error) {
	for n < len(buffer) && err == nil {
		var m int
		m, err = body.Read(buffer[n:])
		n += m
	}
	if err == io.EOF { //nolint:errorlint // a Reader's end is io.EOF itself
		return n, true, nil
	}
	return n, false, err
}
