package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptrace"
	"slices"
	"sync"
	"time"
)

// The sizes of the pieces that a body is copied in. Measured on loopback with
// 1 GiB against curl: net/http's own pieces of 32 KiB take 1.5 times as long
// over TCP, and sendfile(2) takes as long as those. It could not keep the last
// bytes of a changed file back either, since it lends out the file's own pages.
const (
	plainPiece  = 512 << 10 // read and written at once over TCP
	securePiece = 256 << 10 // given to tls.Conn at once
	recordBatch = 128 << 10 // TLS records, of 16 KiB each, written at once
	smallBody   = 64 << 10  // up to it headers and body go out at once
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// wide makes connections that take a body in large pieces.
func (dial dialFunc) wide(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &wideConn{Conn: conn}, nil
}

// wideTLS is wide over TLS. net/http calls it where no proxy stands between;
// otherwise it does TLS by itself, in small pieces.
func (dial dialFunc) wideTLS(config *tls.Config, limit time.Duration) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		below := &joiningConn{Conn: conn}
		own := config.Clone()
		own.ServerName, _, _ = net.SplitHostPort(address)
		secure := tls.Client(below, own)
		if err := handshake(ctx, secure, limit); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return &wideTLSConn{Conn: secure, below: below}, nil
	}
}

// handshakeTimeout says that a server did not come to the end of a TLS
// handshake. It is a [net.Error], as that of net/http is.
type handshakeTimeout struct{}

func (handshakeTimeout) Error() string   { return "the TLS handshake took too long" }
func (handshakeTimeout) Timeout() bool   { return true }
func (handshakeTimeout) Temporary() bool { return true }

// handshake is bounded in time, and traced as net/http does it.
func handshake(ctx context.Context, conn *tls.Conn, limit time.Duration) error {
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.TLSHandshakeStart != nil {
		trace.TLSHandshakeStart()
	}
	ctx, cancel := WithTimeout(ctx, limit, handshakeTimeout{})
	defer cancel()
	err := conn.HandshakeContext(ctx)
	if cause := context.Cause(ctx); cause == error(handshakeTimeout{}) {
		err = cause
	}
	if trace != nil && trace.TLSHandshakeDone != nil {
		trace.TLSHandshakeDone(conn.ConnectionState(), err)
	}
	return err
}

// wideConn lets net/http copy a body in large pieces: it copies by ReadFrom
// where the connection has it. It has to be the outermost wrapper of one.
type wideConn struct {
	net.Conn
	head head
}

// Write passes p on, unless a small body is to follow it.
func (c *wideConn) Write(p []byte) (int, error) { return c.head.write(c.Conn, p) }

// ReadFrom copies a body to the connection.
func (c *wideConn) ReadFrom(body io.Reader) (int64, error) {
	if c.head.expected {
		return c.head.writeWith(c.Conn, body)
	}
	return copyPieces(c.Conn, body, plainPiece)
}

// wideTLSConn does the same above TLS.
type wideTLSConn struct {
	*tls.Conn
	below *joiningConn
	head  head
}

// Write passes p on, unless a small body is to follow it.
func (c *wideTLSConn) Write(p []byte) (int, error) { return c.head.write(c.Conn, p) }

// ReadFrom copies a body to the connection.
func (c *wideTLSConn) ReadFrom(body io.Reader) (int64, error) {
	if c.head.expected {
		return c.head.writeWith(c.Conn, body)
	}
	c.below.join()
	n, err := copyPieces(c.Conn, body, securePiece)
	if flushErr := c.below.release(); err == nil {
		err = flushErr
	}
	return n, err
}

// announce tells a connection of this package, to which headers are about to be
// written, how large a body follows them. net/http would send the headers of
// most bodies ahead, which is one more packet for both sides.
func announce(conn net.Conn, bodySize int64) {
	if bodySize <= 0 || bodySize > smallBody {
		return
	}
	switch conn := conn.(type) {
	case *wideConn:
		conn.head.expected = true
	case *wideTLSConn:
		conn.head.expected = true
	}
}

// head is what was written of a request that has a small body. One goroutine
// writes requests to a connection, one after the other.
type head struct {
	expected bool
	pending  []byte // its memory is used again for the next request
}

// write keeps p where a small body is to follow it.
func (h *head) write(to io.Writer, p []byte) (int, error) {
	if !h.expected || len(h.pending)+len(p) > smallBody {
		if err := h.flush(to); err != nil {
			return 0, err
		}
		return to.Write(p)
	}
	h.pending = append(h.pending, p...)
	return len(p), nil
}

func (h *head) flush(to io.Writer) error {
	h.expected = false
	if len(h.pending) == 0 {
		return nil
	}
	_, err := to.Write(h.pending)
	h.pending = h.pending[:0]
	return err
}

// writeWith writes what is kept, and the body behind it. Nothing goes out of a
// body that fails.
func (h *head) writeWith(to io.Writer, body io.Reader) (int64, error) {
	before := len(h.pending)
	if limited, ok := body.(*io.LimitedReader); ok {
		h.pending = slices.Grow(h.pending, int(min(limited.N, smallBody))+bytes.MinRead)
	}
	buffer := bytes.NewBuffer(h.pending)
	n, err := buffer.ReadFrom(body)
	h.pending = buffer.Bytes()
	if err != nil {
		h.expected, h.pending = false, h.pending[:before]
		return n, err
	}
	return n, h.flush(to)
}

func copyPieces(to io.Writer, body io.Reader, size int64) (int64, error) {
	if limited, ok := body.(*io.LimitedReader); ok {
		size = min(size, limited.N)
	}
	if size <= 0 {
		return 0, nil
	}
	// Its own ReadFrom would bring small pieces back.
	onlyWriter := struct{ io.Writer }{to}
	return io.CopyBuffer(onlyWriter, body, make([]byte, size))
}

// joiningConn joins writes into few large ones between join and release.
// tls.Conn writes each record by itself, and writes while it reads too (alerts,
// key updates), hence the lock. Close takes none: it must end a write that
// hangs.
type joiningConn struct {
	net.Conn
	mu      sync.Mutex
	pending []byte // nil: writes go through
}

// Write takes p, which may go out later.
func (c *joiningConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending == nil {
		return c.Conn.Write(p)
	}
	if len(c.pending)+len(p) > cap(c.pending) {
		if err := c.flush(); err != nil {
			return 0, err
		}
	}
	c.pending = append(c.pending, p...)
	return len(p), nil
}

func (c *joiningConn) join() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = make([]byte, 0, recordBatch)
}

func (c *joiningConn) release() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.flush()
	c.pending = nil
	return err
}

func (c *joiningConn) flush() error {
	_, err := c.Conn.Write(c.pending)
	c.pending = c.pending[:0]
	return err
}
