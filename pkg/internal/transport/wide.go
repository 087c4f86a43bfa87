package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"slices"
	"sync"
	"time"
)

// The sizes of the pieces that a body is copied in. Of the processor's time for
// 1 GiB on loopback, net/http's own pieces of 32 KiB cost 15 % more over TCP, and
// TLS records that are written one by one 5 to 10 %. sendfile(2) takes as long as
// small pieces, and could not keep the last bytes of a changed file back, since it
// lends out the file's own pages.
const (
	pieceSize   = 256 << 10 // read and written at once
	recordBatch = 128 << 10 // TLS records, of 16 KiB each, written at once
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// wide dials connections that take a body in large pieces.
func (dial dialFunc) wide(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return newWideConn(conn, nil), nil
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

// bareTLS dials connections whose protocol net/http can see.
func (dial dialFunc) bareTLS(config *tls.Config, limit time.Duration) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return secured(ctx, conn, config, address, limit)
	}
}

// secured starts TLS on a connection, or closes it.
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
		return newWideConn(secure, below), nil
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

// lastWordTimeout is how long a broken write waits for the server's answer. It has
// usually arrived already, or never comes.
const lastWordTimeout = time.Second

// wideConn lets net/http copy a body in large pieces: it copies by ReadFrom
// where the connection has it. It has to be the outermost wrapper of one.
type wideConn struct {
	net.Conn
	below   *joiningConn  // TLS, or nil
	over    chan struct{} // closed when nothing more will be read
	framing framing
	once    sync.Once
	end     error // why, once it is closed
}

func newWideConn(conn net.Conn, below *joiningConn) *wideConn {
	return &wideConn{Conn: conn, below: below, over: make(chan struct{})}
}

// NetConn returns the connection below.
func (c *wideConn) NetConn() net.Conn { return c.Conn }

func (c *wideConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if faulty := c.framing.check(p[:n]); faulty != nil {
		n, err = 0, faulty
	}
	if err != nil {
		c.finish(err)
	}
	return n, err
}

func (c *wideConn) Write(p []byte) (int, error) {
	c.framing.wrote()
	n, err := c.Conn.Write(p)
	return n, c.afterLastWord(err)
}

// ReadFrom copies a body to the connection.
func (c *wideConn) ReadFrom(body io.Reader) (int64, error) {
	if c.below == nil {
		n, err := copyPieces(c.Conn, body)
		return n, c.afterLastWord(err)
	}
	c.below.join()
	n, err := copyPieces(c.Conn, body)
	if flushErr := c.below.release(); err == nil {
		err = flushErr
	}
	return n, c.afterLastWord(err)
}

// Close closes the connection.
func (c *wideConn) Close() error {
	c.finish(net.ErrClosed)
	return c.Conn.Close()
}

func (c *wideConn) finish(end error) {
	c.once.Do(func() {
		c.end = end
		close(c.over)
	})
}

// afterLastWord returns the error of a write that the server broke off, once what
// the server said before has been read: net/http drops that with the connection.
func (c *wideConn) afterLastWord(broken error) error {
	if !errors.As(broken, new(*net.OpError)) && !errors.Is(broken, net.ErrClosed) {
		return broken // nothing, or none of the network
	}
	timer := time.NewTimer(lastWordTimeout)
	defer timer.Stop()
	select {
	case <-c.over:
		if IsCertificateRefusal(c.end) {
			return c.end // net/http may take either error
		}
	case <-timer.C:
	}
	return broken
}

func copyPieces(to io.Writer, body io.Reader) (int64, error) {
	size := int64(pieceSize)
	if limited, ok := body.(*io.LimitedReader); ok {
		size = min(size, limited.N)
	}
	if size <= 0 {
		return 0, nil
	}
	// Its own ReadFrom would bring small pieces back.
	return io.CopyBuffer(struct{ io.Writer }{to}, body, make([]byte, size))
}

// joiningConn joins writes into few large ones between join and release.
// tls.Conn writes each record by itself, and writes while it reads too (alerts,
// key updates), hence the lock. Close takes none: it must end a write that
// hangs.
type joiningConn struct {
	net.Conn
	mu      sync.Mutex
	pending []byte // kept for the next body
	joining bool
}

// NetConn returns the connection below.
func (c *joiningConn) NetConn() net.Conn { return c.Conn }

// Write takes p, which may go out later.
func (c *joiningConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.joining {
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
	c.joining = true
	if c.pending == nil {
		c.pending = make([]byte, 0, recordBatch)
	}
}

func (c *joiningConn) release() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.joining = false
	return c.flush()
}

func (c *joiningConn) flush() error {
	if len(c.pending) == 0 {
		return nil
	}
	_, err := c.Conn.Write(c.pending)
	c.pending = c.pending[:0]
	return err
}
