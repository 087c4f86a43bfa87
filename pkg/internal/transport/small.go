package transport

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
)

// maxSmall is the most bytes of a body that small sends: they fit into what
// both sides of a connection keep, so that writing them does not wait for a
// server that answers before it reads.
const maxSmall = 64 << 10

// small makes requests with small bodies, or none, over HTTP/1.1. One
// goroutine writes the request in one piece and reads the answer. net/http has
// two for each connection and hands every request from one to the other: many
// small ones cost it twice as much. What is large, or goes through a proxy, is
// left to next.
type small struct {
	next  http.RoundTripper
	proxy func(*http.Request) (*url.URL, error)
	dial  dialFunc // with TLS, where that is spoken
	idle  idleConns
}

// newSmall makes small requests over connections like those of network.
func newSmall(network *http.Transport, dial dialFunc) *small {
	return &small{
		next: lateHeaders{next: network}, proxy: network.Proxy, dial: dial,
		idle: idleConns{most: network.MaxIdleConnsPerHost},
	}
}

func (s *small) RoundTrip(req *http.Request) (*http.Response, error) {
	if !s.takes(req) {
		return s.next.RoundTrip(req)
	}
	address := hostPort(req.URL)
	if conn := s.idle.take(address); conn != nil {
		resp, err := s.over(conn, req)
		if err == nil || conn.heard || req.Context().Err() != nil {
			return resp, err
		}
		// The server may have closed it while nothing was going on.
		again, bodyErr := withFreshBody(req)
		if bodyErr != nil {
			return nil, err
		}
		req = again
	}
	conn, err := s.dial(req.Context(), "tcp", address)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	return s.over(newSmallConn(conn, address, &s.idle), req)
}

// takes tells whether the request is one for small.
func (s *small) takes(req *http.Request) bool {
	sized := req.Body == nil || req.ContentLength > 0 || req.Body == http.NoBody
	if !sized || req.ContentLength > maxSmall || req.Header.Get("Expect") != "" || !isASCII(req.URL.Host) {
		return false
	}
	if s.proxy == nil {
		return true
	}
	through, err := s.proxy(req)
	return through == nil && err == nil
}

// over makes the request over a connection, which it closes where that fails.
func (s *small) over(conn *smallConn, req *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: conn.Conn})
	}
	resp, err := conn.exchange(withLateHeaders(req))
	if err != nil {
		_ = conn.Close()
	}
	return resp, err
}

// smallConn is a connection that carries one request at a time.
type smallConn struct {
	net.Conn
	address string
	idle    *idleConns
	limited *limitedReader
	reader  *bufio.Reader
	request bytes.Buffer // its memory is used again for the next one
	heard   bool         // the server has answered this request
}

func newSmallConn(conn net.Conn, address string, idle *idleConns) *smallConn {
	limited := &limitedReader{next: conn}
	return &smallConn{Conn: conn, address: address, idle: idle, limited: limited, reader: bufio.NewReader(limited)}
}

// exchange writes the request and reads the answer's headers. It ends, and the
// connection with it, when the request's context does.
func (c *smallConn) exchange(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	resp, err := c.ask(req, httptrace.ContextClientTrace(ctx))
	if err != nil {
		stop()
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, err
	}
	body := &smallBody{Reader: resp.Body, conn: c, stop: stop, last: resp.Close || resp.StatusCode == http.StatusSwitchingProtocols}
	if resp.Body == http.NoBody {
		body.end(true)
	}
	resp.Body = body
	return resp, nil
}

func (c *smallConn) ask(req *http.Request, trace *httptrace.ClientTrace) (*http.Response, error) {
	c.heard = false
	c.request.Reset()
	if err := writeRequest(&c.request, req); err != nil {
		return nil, err
	}
	_, err := c.Write(c.request.Bytes())
	if trace != nil && trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	}
	if err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	if req.Body != nil {
		// As with net/http, whoever asks for more has taken what there was.
		_, _ = req.Body.Read(make([]byte, 1))
		_ = req.Body.Close()
	}
	resp, err := c.answer(req, trace)
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("the server closed the connection before it had answered: %w", err)
	}
	return resp, err
}

// writeRequest writes a request (RFC 9112) with the headers as they are.
func writeRequest(w *bytes.Buffer, req *http.Request) error {
	fmt.Fprintf(w, "%s %s HTTP/1.1\r\nHost: %s\r\n", req.Method, req.URL.RequestURI(), cmp.Or(req.Host, req.URL.Host))
	for name, values := range req.Header {
		for _, value := range values {
			if !isHeaderText(name) || !isHeaderText(value) {
				return fmt.Errorf("the header %q cannot be sent", name)
			}
			w.WriteString(name)
			w.WriteString(": ")
			w.WriteString(value)
			w.WriteString("\r\n")
		}
	}
	if req.Body != nil || req.Method == http.MethodPut || req.Method == http.MethodPost {
		fmt.Fprintf(w, "Content-Length: %d\r\n", req.ContentLength)
	}
	w.WriteString("\r\n")
	if req.Body == nil {
		return nil
	}
	w.Grow(int(req.ContentLength) + bytes.MinRead) // else it is read in small pieces
	n, err := w.ReadFrom(io.LimitReader(req.Body, req.ContentLength))
	if err == nil && n < req.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// isHeaderText tells whether text cannot end a header.
func isHeaderText(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// answer reads the headers of an answer, which are limited in size with those
// of interim ones before it.
func (c *smallConn) answer(req *http.Request, trace *httptrace.ClientTrace) (*http.Response, error) {
	c.limited.left = maxHeaderBytes
	if _, err := c.reader.Peek(1); err != nil {
		return nil, err
	}
	c.heard = true
	if trace != nil && trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	for {
		resp, err := http.ReadResponse(c.reader, req)
		if err != nil {
			return nil, err
		}
		if !isInterim(resp.StatusCode) {
			c.limited.left = math.MaxInt64
			return resp, nil
		}
	}
}

// isInterim tells whether another answer follows (RFC 9110, section 15.2).
func isInterim(status int) bool {
	return status >= 100 && status <= 199 && status != http.StatusSwitchingProtocols
}

// limitedReader ends with an error after so many bytes.
type limitedReader struct {
	next io.Reader
	left int64
}

var errLongHeaders = fmt.Errorf("the headers of the answer are longer than %d KiB", maxHeaderBytes>>10)

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLongHeaders
	}
	n, err := l.next.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

// smallBody is the body of an answer. A connection is used again when it was
// read to its end; to close it before closes the connection.
type smallBody struct {
	io.Reader
	conn  *smallConn
	stop  func() bool // the watch over the context
	last  bool        // nothing may follow on the connection
	ended atomic.Bool
}

func (b *smallBody) Read(p []byte) (int, error) {
	if b.ended.Load() {
		return 0, io.EOF
	}
	n, err := b.Reader.Read(p)
	if err != nil {
		b.end(err == io.EOF)
	}
	return n, err
}

// Close ends the exchange.
func (b *smallBody) Close() error {
	b.end(false)
	return nil
}

func (b *smallBody) end(whole bool) {
	if b.ended.Swap(true) {
		return
	}
	if alive := b.stop(); alive && whole && !b.last && b.conn.reader.Buffered() == 0 {
		b.conn.idle.keep(b.conn)
		return
	}
	_ = b.conn.Close()
}

// hostPort is what is dialled for a URL.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
