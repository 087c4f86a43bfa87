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

// pieceSize is how many bytes of a body are read and written at once. net/http's
// own pieces of 32 KiB take 15 % more CPU time on loopback. sendfile(2) is no
// faster, and could not hold back the last bytes of a changed file.
const pieceSize = 256 << 10

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// wide dials connections that write a body in large pieces.
func (dial dialFunc) wide(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return newWideConn(conn), nil
}

// toServer dials servers over TLS, and proxies with an https URL: these with
// HTTP/1.1 and without the client certificate. Through a proxy, net/http itself
// does the server's TLS, in small pieces.
func (dial dialFunc) toServer(config *tls.Config, protocol string, through *proxies, limit time.Duration) dialFunc {
	toProxy := config.Clone()
	toProxy.GetClientCertificate, toProxy.NextProtos = nil, []string{http1}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		switch {
		case slices.Contains(through.overTLS, address):
			return dialFunc(dial.overTLS(toProxy, limit).wide).toProxy(limit)(ctx, network, address)
		case protocol == http1:
			return dial.overTLS(config, limit).wide(ctx, network, address)
		}
		return dial.overTLS(config, limit)(ctx, network, address) // net/http needs the negotiated protocol
	}
}

// overTLS dials and starts TLS.
func (dial dialFunc) overTLS(config *tls.Config, limit time.Duration) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		own := config.Clone()
		own.ServerName, _, _ = net.SplitHostPort(address)
		secure := tls.Client(conn, own)
		if err := handshake(ctx, secure, limit); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return secure, nil
	}
}

// handshake does the TLS handshake within a limit, and traces it like net/http.
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

// lastWordTimeout is how long a failed write waits for the server's answer, which
// has usually arrived already.
const lastWordTimeout = time.Second

// wideConn makes net/http, which uses its ReadFrom, write a body in large pieces.
// It must be the outermost wrapper.
type wideConn struct {
	net.Conn
	over    chan struct{} // closed when nothing more will be read
	framing framing
	once    sync.Once
	end     error // why, once it is closed
}

func newWideConn(conn net.Conn) *wideConn {
	return &wideConn{Conn: conn, over: make(chan struct{})}
}

// NetConn returns the underlying connection.
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
	size := int64(pieceSize)
	if limited, ok := body.(*io.LimitedReader); ok {
		size = min(size, limited.N)
	}
	if size <= 0 {
		return 0, nil
	}
	// Hide its own ReadFrom, which uses small pieces.
	n, err := io.CopyBuffer(struct{ io.Writer }{c.Conn}, body, make([]byte, size))
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

// afterLastWord delays the error of a write until the server's answer has been
// read: net/http would drop it with the connection.
func (c *wideConn) afterLastWord(broken error) error {
	if !errors.As(broken, new(*net.OpError)) && !errors.Is(broken, net.ErrClosed) {
		return broken // no error, or not of the network
	}
	late := make(chan struct{})
	defer AfterAwake(lastWordTimeout, func() { close(late) })()
	select {
	case <-c.over:
		if IsCertificateRefusal(c.end) {
			return c.end // net/http may take either error
		}
	case <-late:
	}
	return broken
}
