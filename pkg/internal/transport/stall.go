package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"sync/atomic"
	"time"
)

// ErrStalled says that no byte moved for too long.
var ErrStalled = errors.New("the transfer stalled: no byte moved for too long")

// ErrNoAnswer says that a server took a whole request and then said nothing for
// too long.
var ErrNoAnswer = errors.New("the server did not answer in time")

// isStandstill tells whether a request was waited for as long as it may be. A server
// may still be at it, so it is not made again in another way.
func isStandstill(err error) bool { return errors.Is(err, ErrStalled) || errors.Is(err, ErrNoAnswer) }

// errHungUp says that a server ended the connection instead of answering.
var errHungUp = errors.New("the server closed the connection")

// stalls ends a request that does not get on. It is no deadline: a transfer may
// take as long as it needs while bytes move.
type stalls struct {
	next http.RoundTripper
	// stall bounds the time without a byte of a body, answer that between the
	// request's last byte and the answer. 0 is no bound.
	stall, answer time.Duration
	// watchBody is for HTTP/2, where a server can hold up one request without
	// holding up the connection.
	watchBody bool
}

func (s stalls) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	wait := &watch{limit: s.answer, expired: func() { cancel(ErrNoAnswer) }}
	body := &watch{limit: s.stall, expired: func() { cancel(ErrStalled) }}
	defer body.finish()
	watched := req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { body.finish(); wait.begin() },
	}))
	if s.watchBody && req.Body != nil && req.Body != http.NoBody {
		watched.Body = &watchedBody{ReadCloser: req.Body, watch: body, between: true}
	}
	resp, err := s.next.RoundTrip(watched)
	wait.finish()
	if err != nil {
		switch cause := context.Cause(ctx); {
		case cause != nil:
			err = cause
		case errors.Is(err, net.ErrClosed): // by net/http, when the server had hung up
			err = errHungUp
		case err == context.DeadlineExceeded: // bare, as only net/http gives it, for a CONNECT
			err = errSilentProxy
		}
		cancel(nil)
		return nil, err
	}
	reading := &watch{limit: s.stall, expired: func() { cancel(ErrStalled) }}
	resp.Body = &watchedBody{ReadCloser: resp.Body, watch: reading, done: func() error {
		defer cancel(nil)
		return context.Cause(ctx)
	}}
	return resp, nil
}

// watchedBody watches the time in its reads, or, between, that from one read to
// the next, which is the time that the network takes for a piece.
type watchedBody struct {
	io.ReadCloser
	watch   *watch
	between bool
	done    func() error // ends the request; tells what ended it before
}

// Read reads as the body does.
func (b *watchedBody) Read(p []byte) (int, error) {
	if b.between {
		b.watch.end()
		defer b.watch.begin()
		return b.ReadCloser.Read(p)
	}
	b.watch.begin()
	defer b.watch.end()
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		if cause := b.done(); cause != nil {
			err = cause
		}
	}
	return n, err
}

// Close ends the request.
func (b *watchedBody) Close() error {
	b.watch.finish()
	err := b.ReadCloser.Close()
	if b.done != nil {
		_ = b.done()
	}
	return err
}

// stallConn fails a write when no byte of it moves for the limit. Only the
// connection knows: a write of a large piece may take long on a slow line, and
// the bytes that it has moved by then come with its deadline's error.
type stallConn struct {
	net.Conn
	limit time.Duration
	// deadlined is set where somebody else bounds the writes: TLS when it says
	// goodbye.
	deadlined atomic.Bool
}

// SetDeadline passes it on, and leaves the writes to it.
func (c *stallConn) SetDeadline(t time.Time) error {
	c.deadlined.Store(!t.IsZero())
	return c.Conn.SetDeadline(t)
}

// SetWriteDeadline passes it on, and leaves the writes to it.
func (c *stallConn) SetWriteDeadline(t time.Time) error {
	c.deadlined.Store(!t.IsZero())
	return c.Conn.SetWriteDeadline(t)
}

// Write writes all of p, however long that takes while bytes move. The limit is
// counted in steps, since a deadline passes while the process is suspended.
func (c *stallConn) Write(p []byte) (n int, err error) {
	for idle := 0; idle < awakeSteps; idle++ {
		if c.limit <= 0 || c.deadlined.Load() {
			m, err := c.Conn.Write(p[n:])
			return n + m, err
		}
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.limit / awakeSteps)); err != nil {
			return n, err
		}
		m, err := c.Conn.Write(p[n:])
		n += m
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if m > 0 {
			idle = -1
		}
	}
	return n, ErrStalled
}
