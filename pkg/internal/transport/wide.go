package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"os"
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

// overTLS makes connections to servers over TLS, and to the proxies that are
// spoken to so: to these in HTTP/1.1, whatever is spoken through them, and
// without the certificate that is for the server. Through a proxy net/http does
// the server's TLS by itself, in small pieces.
func (dial dialFunc) overTLS(config *tls.Config, protocol string, through *proxies, limit time.Duration) dialFunc {
	toProxy := config.Clone()
	toProxy.GetClientCertificate, toProxy.NextProtos = nil, []string{http1}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		switch {
		case slices.Contains(through.overTLS, address):
			return dial.wideTLS(toProxy, limit).toProxy(limit)(ctx, network, address)
		case protocol == http1:
			return dial.wideTLS(config, limit)(ctx, network, address)
		}
		return dial.bareTLS(config, limit)(ctx, network, address)
	}
}

// bareTLS makes connections that net/http can see the protocol of.
func (dial dialFunc) bareTLS(config *tls.Config, limit time.Duration) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return secured(ctx, conn, config, address, limit)
	}
}

// secured speaks TLS over a connection, which it closes where that fails.
func secured(ctx context.Context, conn net.Conn, config *tls.Config, address string, limit time.Duration) (*tls.Conn, error) {
	own := config.Clone()
	own.ServerName, _, _ = net.SplitHostPort(address)
	secure := tls.Client(conn, own)
	if err := handshake(ctx, secure, limit); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// wideTLS is wide over TLS.
func (dial dialFunc) wideTLS(config *tls.Config, limit time.Duration) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		below := &joiningConn{Conn: conn}
		secure, err := secured(ctx, below, config, address, limit)
		if err != nil {
			return nil, err
		}
		return &wideTLSConn{Conn: secure, below: below, over: make(chan struct{})}, nil
	}
}

// handshake is bounded in time, and traced as net/http does it.
func handshake(ctx context.Context, conn *tls.Conn, limit time.Duration) error {
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.TLSHandshakeStart != nil {
		trace.TLSHandshakeStart()
	}
	ctx, cancel := WithTimeout(ctx, limit, errHandshakeTimeout)
	defer cancel()
	err := conn.HandshakeContext(ctx)
	if err != nil && context.Cause(ctx) == errHandshakeTimeout {
		err = errHandshakeTimeout
	}
	if trace != nil && trace.TLSHandshakeDone != nil {
		trace.TLSHandshakeDone(conn.ConnectionState(), err)
	}
	return err
}

// wideConn lets net/http copy a body in large pieces: it copies by ReadFrom
// where the connection has it. It has to be the outermost wrapper of one.
type wideConn struct{ net.Conn }

// ReadFrom copies a body to the connection.
func (c *wideConn) ReadFrom(body io.Reader) (int64, error) {
	return copyPieces(c.Conn, body, plainPiece)
}

// wideTLSConn does the same above TLS.
type wideTLSConn struct {
	*tls.Conn
	below *joiningConn
	over  chan struct{} // closed when nothing more can be read
	once  sync.Once
	end   error // why, once it is closed
}

// Read reads as the connection does.
func (c *wideTLSConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.once.Do(func() { c.end = err; close(c.over) })
	}
	return n, err
}

// Write writes as the connection does.
func (c *wideTLSConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.lastWord(err)
}

// ReadFrom copies a body to the connection.
func (c *wideTLSConn) ReadFrom(body io.Reader) (int64, error) {
	c.below.join()
	n, err := copyPieces(c.Conn, body, securePiece)
	if flushErr := c.below.release(); err == nil {
		err = flushErr
	}
	return n, c.lastWord(err)
}

// lastWord is what net/http, which reads meanwhile, finds of a server's reason to
// break off a request: that it refuses the client's certificate.
func (c *wideTLSConn) lastWord(broken error) error {
	if broken == nil || !errors.As(broken, new(*net.OpError)) && !errors.Is(broken, net.ErrClosed) {
		return broken // it is none of the network
	}
	select {
	case <-c.over:
		if IsCertificateRefusal(c.end) {
			return c.end
		}
	case <-time.After(lastWordTimeout):
	}
	return broken
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
	buffer := pieces.Get().(*[]byte)
	defer pieces.Put(buffer)
	if int64(len(*buffer)) < size {
		*buffer = make([]byte, size)
	}
	return io.CopyBuffer(onlyWriter, body, (*buffer)[:size])
}

// pieces are buffers that a body was copied by, for the next one's: in a long
// list they would be most of the garbage.
var pieces = sync.Pool{New: func() any { return new([]byte) }}

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
