package transport

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// deliveryTimeout is how long a server's system may take to acknowledge a request
// that the server has answered. Most servers have read all of it by then.
const deliveryTimeout = time.Second

// Delivered reports whether the whole body of the request had arrived when the
// server answered it. Over HTTP/1.1 on Linux that means that the peer's system
// has acknowledged it; over HTTP/2 and on other systems only that all of it
// went out. Behind a proxy nothing is known.
func Delivered(resp *http.Response) bool {
	sent, _ := resp.Request.Context().Value(sendingKey{}).(*sending)
	return sent == nil || sent.arrived.Load()
}

type sendingKey struct{}

// sending is what is known of the body of a request.
type sending struct {
	handed  atomic.Bool // net/http has its last byte
	written atomic.Bool // the connection has it
	arrived atomic.Bool // the server had it when it was heard last
	cancel  context.CancelCauseFunc
}

// smallBody is the most bytes of a body that leave in one piece with the headers.
// net/http writes the headers by themselves before a body that is not in memory.
const smallBody = 16 << 10

// track makes req's body note when its last byte is handed over, which is before a
// server can have it.
func (s *sending) track(req *http.Request) error {
	switch {
	case req.Body == nil || req.Body == http.NoBody:
		s.handed.Store(true)
		s.arrived.Store(true)
		return nil
	case req.ContentLength > 0 && req.ContentLength <= smallBody:
		s.handed.Store(true)
		body, err := inMemory(req.Body, req.ContentLength)
		req.Body = body
		return err
	}
	length, open := req.ContentLength, req.GetBody
	req.Body = &trackedBody{ReadCloser: req.Body, left: length, sending: s}
	if open != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			s.handed.Store(false)
			body, err := open()
			return &trackedBody{ReadCloser: body, left: length, sending: s}, err
		}
	}
	return nil
}

// inMemory reads a body, to its end.
func inMemory(body io.ReadCloser, length int64) (io.ReadCloser, error) {
	defer body.Close()
	text := make([]byte, length)
	if _, err := io.ReadFull(body, text); err != nil {
		return nil, err
	}
	if n, err := body.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return nil, fmt.Errorf("the body is not %d bytes long: %w", length, err)
	}
	return io.NopCloser(bytes.NewReader(text)), nil
}

type trackedBody struct {
	io.ReadCloser
	left    int64
	sending *sending
}

func (b *trackedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left <= 0 {
		b.sending.handed.Store(true)
	}
	return n, err
}

// heard notes whether the body has arrived, each time that the server has sent
// something.
func (s *sending) heard(c *conn) {
	if s.arrived.Load() || !s.handed.Load() {
		return
	}
	for begin := time.Now(); time.Since(begin) < deliveryTimeout && !c.broken.Load(); time.Sleep(time.Millisecond) {
		left, connected := unacknowledged(c.Conn)
		if s.written.Load() && left == 0 {
			s.arrived.Store(true)
		}
		if s.arrived.Load() || !connected {
			return
		}
	}
}
