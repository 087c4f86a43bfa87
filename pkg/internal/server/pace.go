package server

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// pacedBody is a request's body that fails if the client sends slower than
// minRate. The time of a slow disk does not count.
type pacedBody struct {
	body    io.Reader
	control *http.ResponseController
	window  time.Duration

	budget   time.Duration // left of this window
	credit   int64         // bytes received in this window
	received int64
	ended    bool
	err      error // the error of a read, except io.EOF
}

func (b *pacedBody) Read(p []byte) (int, error) {
	if b.ended {
		return 0, io.EOF
	}
	start := time.Now()
	_ = b.control.SetReadDeadline(start.Add(b.budget))
	n, err := b.body.Read(p)
	b.received += int64(n)
	b.credit += int64(n)
	b.budget -= time.Since(start)
	if b.credit >= quota(b.window) {
		b.credit, b.budget = 0, b.window
	}
	switch {
	case err == io.EOF: //nolint:errorlint // a Reader's end is io.EOF itself
		b.ended = true
	case err != nil:
		b.err = err
	}
	return n, err
}

// quota returns how many bytes a client must move in a window.
func quota(window time.Duration) int64 {
	return max(1, int64(window.Seconds()*minRate))
}

// lost reports whether the client is gone.
func (b *pacedBody) lost() bool {
	return b.err != nil && !errors.Is(b.err, os.ErrDeadlineExceeded)
}

// failure returns the answer to a failed Read of the body, or nil if none failed.
func (b *pacedBody) failure() error {
	switch {
	case b.err == nil:
		return nil
	case errors.Is(b.err, os.ErrDeadlineExceeded):
		return refuse(http.StatusRequestTimeout, "request_timeout", "The request's body came too slowly.").because(b.err)
	}
	return refuse(http.StatusBadRequest, "bad_request", "The request's body ended too early.").because(b.err)
}
