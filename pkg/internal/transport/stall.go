package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"time"
)

// ErrStalled reports a body of which no byte moved for too long.
var ErrStalled = errors.New("the transfer stalled: no byte moved for too long")

// ErrNoAnswer reports a server that was sent a whole request and took too long to
// answer.
var ErrNoAnswer = errors.New("the server did not answer in time")

// ErrTimeout reports a request that took longer than its caller allows.
var ErrTimeout = errors.New("it took longer than the timeout allows")

// errOther reports a connection that was closed because of its earlier request.
// net/http returns that request's cancellation for the next one, if it comes at the
// same time as an answer without a body.
var errOther = errors.New("the connection was closed with an earlier request")

// isStandstill reports whether a request took too long. It is not made again in
// another way, since the server may still be at work.
func isStandstill(err error) bool { return errors.Is(err, ErrStalled) || errors.Is(err, ErrNoAnswer) }

// errHungUp reports a server that closed the connection instead of answering.
var errHungUp = errors.New("the server closed the connection")

// closedIdle ends net/http's error, which has no value of its own, for a server that
// hung up before a request was written.
const closedIdle = "server closed idle connection"

// stalls ends a request that does not get on. It is no deadline: a transfer may
// take as long as it needs while bytes move.
type stalls struct {
	next http.RoundTripper
	// stall bounds the time without a byte of a body, answer that between the
	// request's last byte and the answer. 0 is no bound.
	stall, answer time.Duration
	// overHTTP2 watches the body too: a server can hold up one request without
	// holding up the connection.
	overHTTP2 bool
}

func (s stalls) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	sent := &sending{cancel: cancel}
	var via *conn
	wait := &watch{limit: s.answer, expired: func() { cancel(ErrNoAnswer) }}
	body := &watch{limit: s.stall, expired: func() { cancel(ErrStalled) }}
	defer body.finish()
	watched := req.WithContext(httptrace.WithClientTrace(context.WithValue(ctx, sendingKey{}, sent), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			if via = connOf(info.Conn); via != nil && !s.overHTTP2 {
				via.carries(sent)
			}
		},
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			sent.written.Store(info.Err == nil)
			body.finish()
			wait.begin()
		},
	}))
	if err := sent.track(watched); err != nil {
		cancel(nil)
		return nil, err
	}
	if s.overHTTP2 && watched.Body != nil && watched.Body != http.NoBody {
		watched.Body = &watchedBody{ReadCloser: watched.Body, watch: body, between: true}
	}
	resp, err := s.next.RoundTrip(watched)
	wait.finish()
	if err != nil {
		err = reason(ctx, via, err)
		cancel(nil)
		return nil, err
	}
	if s.overHTTP2 {
		sent.arrived.Store(sent.handed.Load())
	}
	reading := &watch{limit: s.stall, expired: func() { cancel(ErrStalled) }}
	resp.Body = &watchedBody{ReadCloser: resp.Body, watch: reading, done: func(err error) error {
		defer cancel(nil)
		return reason(ctx, nil, err)
	}}
	return resp, nil
}

// reason returns why there was no answer, or no more of it.
func reason(ctx context.Context, via *conn, err error) error {
	if cause := context.Cause(ctx); cause != nil || err == nil {
		return cause
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, ErrTimeout), errors.Is(err, ErrNoAnswer):
		return errOther
	case errors.Is(err, net.ErrClosed), strings.HasSuffix(err.Error(), closedIdle): // by net/http, when the server had hung up
		return errHungUp
	case err == context.DeadlineExceeded: // bare, as only net/http gives it, for a CONNECT
		return errSilentProxy
	case via != nil && via.ended.Load() && errors.As(err, new(textproto.ProtocolError)):
		return io.ErrUnexpectedEOF // of half a header it says that it is malformed
	}
	return err
}

// watchedBody watches the time in its reads, or, between, that from one read to
// the next, which is the time that the network takes for a piece.
type watchedBody struct {
	io.ReadCloser
	watch   *watch
	between bool
	done    func(error) error // ends the request; gives the reason of an error
	err     error
}

func (b *watchedBody) Read(p []byte) (int, error) {
	if b.between {
		b.watch.end()
		defer b.watch.begin()
		return b.ReadCloser.Read(p)
	}
	if b.err != nil {
		return 0, b.err
	}
	b.watch.begin()
	defer b.watch.end()
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.err = b.done(err)
		err = b.err
	}
	return n, err
}

// Close ends the request.
func (b *watchedBody) Close() error {
	b.watch.finish()
	err := b.ReadCloser.Close()
	if b.done != nil {
		_ = b.done(nil)
	}
	return err
}
