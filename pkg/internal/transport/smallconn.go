package transport

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"time"
)

// lastWordTimeout is how long the answer is waited for of a server that has
// broken off a request. As a rule it is there already, or never comes.
const lastWordTimeout = time.Second

// smallConn is a connection that carries one request at a time.
type smallConn struct {
	net.Conn
	address string
	owner   *small
	limited *limitedReader
	reader  *bufio.Reader
	request bytes.Buffer // its memory is used again for the next one
	heard   bool         // the server has answered this request
	wait    readWait
}

func newSmallConn(conn net.Conn, address string, owner *small) *smallConn {
	if wide, ok := conn.(*wideTLSConn); ok {
		conn = wide.Conn // nobody reads while it writes, and it writes once
	}
	c := &smallConn{Conn: conn, address: address, owner: owner}
	c.limited = &limitedReader{next: c}
	c.reader = bufio.NewReader(c.limited)
	return c
}

// exchange writes the request and reads the answer's headers. It ends, and the
// connection with it, when the request's context does.
func (c *smallConn) exchange(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	resp, err := c.ask(req)
	if err != nil {
		stop()
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, err
	}
	body := &smallBody{Reader: resp.Body, request: req, conn: c, stop: stop, last: resp.Close || resp.StatusCode == http.StatusSwitchingProtocols}
	resp.Body = body.orArrived(resp.ContentLength)
	return resp, nil
}

func (c *smallConn) ask(req *http.Request) (*http.Response, error) {
	c.heard = false
	c.request.Reset()
	if err := writeRequest(&c.request, req); err != nil {
		return nil, err
	}
	if _, err := c.Write(c.request.Bytes()); err != nil {
		return c.lastWord(req, fmt.Errorf("writing the request: %w", err))
	}
	if req.Body != nil {
		// As with net/http, whoever asks for more has taken what there was.
		_, _ = req.Body.Read(make([]byte, 1))
		_ = req.Body.Close()
	}
	c.wait = readWait{limit: c.owner.answer, tooLong: ErrNoAnswer}
	resp, err := c.answer(req)
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("the server closed the connection before it had answered: %w", err)
	}
	return resp, err
}

// lastWord is why a server broke off a request that it did not take whole, where
// it said so before: a refusal, of the request or of the client's certificate.
func (c *smallConn) lastWord(req *http.Request, broken error) (*http.Response, error) {
	c.wait = readWait{limit: lastWordTimeout, tooLong: broken}
	resp, err := c.answer(req)
	switch {
	case IsCertificateRefusal(err):
		return nil, err
	case err != nil || resp.StatusCode < 400:
		return nil, broken
	}
	resp.Close = true
	return resp, nil
}

// answer reads the headers of an answer, which are limited in size with those
// of interim ones before it.
func (c *smallConn) answer(req *http.Request) (*http.Response, error) {
	c.limited.left = maxHeaderBytes
	if _, err := c.reader.Peek(1); err != nil {
		return nil, err
	}
	c.heard = true
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	for {
		resp, err := http.ReadResponse(c.reader, req)
		switch {
		case err != nil && c.limited.end != nil && (c.limited.end != io.EOF || errors.As(err, new(textproto.ProtocolError))):
			return nil, c.limited.end // of half a header it says that it is malformed
		case err != nil:
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

// readWait bounds the wait for bytes. Time in which the process was suspended
// does not count, and a limit of 0 is none.
type readWait struct {
	limit   time.Duration
	tooLong error // what to say then
	waited  time.Duration
}

func (w readWait) isOver() bool { return w.limit > 0 && w.waited >= w.limit }

// Read reads as the connection does, in the time that the wait allows. A
// deadline passes while the process is suspended, so it comes in steps.
func (c *smallConn) Read(p []byte) (int, error) {
	if c.wait.limit <= 0 {
		if err := c.SetReadDeadline(time.Time{}); err != nil {
			return 0, err
		}
		return c.Conn.Read(p)
	}
	step := max(c.wait.limit/awakeSteps, time.Millisecond)
	for !c.wait.isOver() {
		begin := time.Now()
		if err := c.SetReadDeadline(begin.Add(step)); err != nil {
			return 0, err
		}
		n, err := c.Conn.Read(p)
		c.wait.waited += min(time.Since(begin), 2*step)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
	return 0, c.wait.tooLong
}

// limitedReader ends with an error after so many bytes.
type limitedReader struct {
	next io.Reader
	left int64
	end  error // why nothing more comes, once it does not
}

var errLongHeaders = fmt.Errorf("the headers of the answer are longer than %d KiB", maxHeaderBytes>>10)

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		l.end = errLongHeaders
		return 0, l.end
	}
	n, err := l.next.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	l.end = err
	return n, err
}
