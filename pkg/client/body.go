package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// sending is an input as the body of a request. The transport may send the
// request again, each time with a new body, of which only the last counts.
type sending struct {
	source   *artifact.Source
	progress Progress        // may be nil
	ctx      context.Context //nolint:containedctx // the request's

	mu      sync.Mutex
	current *reading
	refused error // why the last bytes were held back
}

// attach makes the input the request's body. A small one is read and checked now.
func (s *sending) attach(req *http.Request) error {
	size := s.source.Size()
	req.ContentLength = size
	s.ctx = req.Context()
	if size > transport.SmallBody {
		req.GetBody = s.open
		req.Body, _ = s.open()
		return nil
	}
	text := make([]byte, size)
	if _, err := s.source.ReadAt(text, 0); err != nil && err != io.EOF {
		return err
	}
	if s.progress != nil {
		s.progress.Sent(size, size)
	}
	req.Body = http.NoBody
	if size > 0 {
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
		req.Body, _ = req.GetBody()
	}
	return s.source.Unchanged(s.ctx)
}

func (s *sending) open() (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused != nil {
		return nil, s.refused // another attempt would fail too
	}
	s.current = &reading{sending: s}
	return s.current, nil
}

// stop ends the reports: after an early answer, net/http may still read the body
// while the next attempt has begun.
func (s *sending) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = nil
}

// refusal returns why the last bytes were held back, or nil.
func (s *sending) refusal() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// report reports the progress of the last body.
func (s *sending) report(b *reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == b && s.progress != nil {
		s.progress.Sent(b.offset, s.source.Size())
	}
}

// reading is one reading of the input.
type reading struct {
	sending *sending
	offset  int64
}

// Read runs in a goroutine of net/http, where a panic would end the program.
func (b *reading) Read(p []byte) (n int, err error) {
	broken := fault.Catch(func() error {
		n, err = b.read(p)
		return nil
	})
	if broken == nil {
		return n, err
	}
	b.sending.mu.Lock()
	defer b.sending.mu.Unlock()
	b.sending.refused = broken
	return 0, broken
}

// read holds back the last bytes until the input is known to be unchanged: it reads
// them, makes the check, then returns them.
func (b *reading) read(p []byte) (int, error) {
	s := b.sending
	size := s.source.Size()
	s.report(b) // all that was given out before was taken
	if b.offset == size {
		return 0, io.EOF
	}
	n, err := s.source.ReadAt(p, b.offset)
	if n == 0 && err == nil {
		return 0, nil
	}
	if b.offset+int64(n) == size {
		err = s.source.Unchanged(s.ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && err != io.EOF {
		if s.current == b {
			s.refused = err
		}
		return 0, err
	}
	b.offset += int64(n)
	return n, nil
}

// Close leaves the input open: it belongs to the caller.
func (b *reading) Close() error { return nil }
