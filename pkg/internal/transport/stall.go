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
	"sync/atomic"
	"time"
)

// ErrStalled reports a transfer in which no byte moved for too long.
var ErrStalled = errors.New("the transfer stalled: no byte moved for too long")

// ErrNoAnswer reports a server that took too long to answer a complete request.
var ErrNoAnswer = errors.New("the server did not answer in time")

// ErrTimeout reports a call that took too long.
var ErrTimeout = errors.New("it took longer than the timeout allows")

// errOther reports a connection that was closed because of its earlier request.
// net/http returns that request's cancellation for the next one, if it comes at the
// same time as an answer without a body.
var errOther = errors.New("the connection was closed with an earlier request")

// isStandstill reports whether a request took too long. It is not retried with
// another protocol, since the server may still be processing it.
func isStandstill(err error) bool { return errors.Is(err, ErrStalled) || errors.Is(err, ErrNoAnswer) }

// errClosed reports a server that closed the connection instead of answering.
var errClosed = errors.New("the server closed the connection")

// closedIdle ends the text of net/http's error for a server that closed the
// connection before a request was written.
const closedIdle = "server closed idle connection"

// stalls ends requests that make no progress. Unlike with a deadline, a transfer
// may take any time while bytes move.
type stalls struct {
	next http.RoundTripper
	// stall limits the time without a byte of a body, answer the time between the
	// request's last byte and the answer. 0 means no limit.
	stall, answer time.Duration
	// overHTTP2 watches the sent body too: a server can hold up one request without
	// holding up the connection.
	overHTTP2 bool
}

func (s stalls) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	f := &flight{stalls: s, Context: ctx, cancel: cancel}
	f.watch.expired = f.expire
	f.trace = httptrace.ClientTrace{GotConn: f.gotConn, WroteRequest: f.wroteRequest}
	watched := req.WithContext(httptrace.WithClientTrace(f, &f.trace))
	f.track(watched)
	resp, err := s.next.RoundTrip(watched)
	f.watch.end(readingBody)
	if err != nil {
		defer cancel(nil)
		return nil, f.reason(err)
	}
	if s.overHTTP2 {
		f.arrived.Store(f.handed.Load())
	}
	resp.Body = &receivedBody{ReadCloser: resp.Body, flight: f}
	return resp, nil
}

// flight is the context of a request on its way, and what is known of its body.
type flight struct {
	context.Context
	stalls
	cancel context.CancelCauseFunc
	trace  httptrace.ClientTrace
	watch  watch
	via    *conn // nil until it is known

	handed  atomic.Bool // net/http has its last byte
	written atomic.Bool // the connection has it
	arrived atomic.Bool // when the server last sent something
}

type flightKey struct{}

// Value finds the flight itself too.
func (f *flight) Value(key any) any {
	if key == (flightKey{}) {
		return f
	}
	return f.Context.Value(key)
}

func (f *flight) expire(p phase) {
	if p == awaitingAnswer {
		f.cancel(ErrNoAnswer)
	} else {
		f.cancel(ErrStalled)
	}
}

func (f *flight) gotConn(info httptrace.GotConnInfo) {
	if f.via = connOf(info.Conn); f.via != nil && !f.overHTTP2 {
		f.via.current.Store(f)
	}
}

func (f *flight) wroteRequest(info httptrace.WroteRequestInfo) {
	f.written.Store(info.Err == nil)
	f.watch.begin(awaitingAnswer, f.answer)
}

// reason returns why there was no complete answer.
func (f *flight) reason(err error) error {
	if cause := context.Cause(f); cause != nil {
		return cause
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, ErrTimeout), errors.Is(err, ErrNoAnswer):
		return errOther
	case errors.Is(err, net.ErrClosed), strings.HasSuffix(err.Error(), closedIdle): // by net/http, after the server closed
		return errClosed
	case err == context.DeadlineExceeded: // not wrapped: only net/http returns this, for CONNECT
		return errSilentProxy
	case f.via != nil && f.via.ended.Load() && errors.As(err, new(textproto.ProtocolError)):
		return io.ErrUnexpectedEOF // for half a header net/http reports a malformed one
	}
	return err
}

// receivedBody watches the time of each read, and ends the request with the last.
type receivedBody struct {
	io.ReadCloser
	flight *flight
	err    error
}

func (b *receivedBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	b.flight.watch.begin(readingBody, b.flight.stall)
	defer b.flight.watch.end(readingBody)
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = b.flight.reason(err)
		b.err = err
		b.flight.cancel(nil)
	}
	return n, err
}

// Close ends the request.
func (b *receivedBody) Close() error {
	defer b.flight.cancel(nil)
	b.flight.watch.end(requestOver)
	return b.ReadCloser.Close()
}
