package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"
)

// ErrProxyAddress says that the environment names a proxy by what is no address
// of one. Errors name the variable, and do not repeat what it holds: there may be
// a password in it.
var ErrProxyAddress = errors.New("the environment's proxy has no valid address")

// errSilentProxy says that a proxy was asked for a way, and said nothing.
const errSilentProxy = timeout("the proxy does not answer")

// ProxyError is the answer of a proxy that opens no way to the server.
type ProxyError struct {
	// Proxy is its host and port.
	Proxy string
	// Status is the answer's code. SOCKS has none: there 407 stands for a proxy
	// that lets nobody in without another user name or password.
	Status int
	// Reason is why a SOCKS proxy lets nobody in.
	Reason string
}

func (e *ProxyError) Error() string {
	if e.Reason != "" {
		return fmt.Sprintf("the proxy %s does not let you in: %s", e.Proxy, e.Reason)
	}
	return fmt.Sprintf("the proxy %s answered %d %s", e.Proxy, e.Status, http.StatusText(e.Status))
}

// socksRefusals are what net/http says where a SOCKS proxy does not let somebody
// in (RFC 1928, section 3, and RFC 1929). The errors have no values of their own.
var socksRefusals = []string{
	"no acceptable authentication methods", "username/password authentication failed", "invalid username/password",
}

// proxyError makes a [ProxyError] of what is one of a SOCKS proxy, and says of
// silence where it was met.
func proxyError(err error) error {
	if err == nil {
		return nil
	}
	var op *net.OpError
	if err == errSilentProxy {
		return &net.OpError{Op: "proxyconnect", Net: "tcp", Err: err}
	}
	if errors.As(err, &op) && op.Op == "socks connect" && op.Source != nil && slices.Contains(socksRefusals, op.Err.Error()) {
		return &ProxyError{Proxy: op.Source.String(), Status: http.StatusProxyAuthRequired, Reason: op.Err.Error()}
	}
	return err
}

// checkProxy tells whether a proxy has opened a way (RFC 9110, section 9.3.6).
// What it says beside the status is left out: it is not the server's.
func checkProxy(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{Proxy: proxy.Host, Status: answer.StatusCode}
}

// noProxyFor refuses what would go through a proxy: that may stand on this machine, but the request goes on from there.
func noProxyFor(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(req *http.Request) (*url.URL, error) {
		through, err := proxy(req)
		if err == nil && through != nil {
			return nil, fmt.Errorf("%w, through the proxy %s", ErrPlainHTTP, through.Host)
		}
		return through, err
	}
}

// proxyConn is a connection to a proxy that has to open a way to a server over
// TLS. It bounds each wait for the proxy: net/http gives CONNECT a minute, and
// SOCKS as long as it likes.
type proxyConn struct {
	net.Conn
	wait   *watch
	silent atomic.Bool
}

// toProxy makes such connections.
func (dial dialFunc) toProxy(limit time.Duration) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c := &proxyConn{Conn: conn}
		c.wait = &watch{limit: limit, expired: func() {
			c.silent.Store(true)
			_ = conn.Close()
		}}
		return c, nil
	}
}

// NetConn returns the connection below.
func (c *proxyConn) NetConn() net.Conn { return c.Conn }

// Read reads as the connection does.
func (c *proxyConn) Read(p []byte) (int, error) {
	c.wait.begin()
	defer c.wait.end()
	n, err := c.Conn.Read(p)
	if c.silent.Load() { // over TLS the end is said first, and may be answered
		return 0, errSilentProxy
	}
	return n, err
}

// tlsHandshake is the first byte of TLS (RFC 8446, section 5.1), which begins
// neither CONNECT nor anything of SOCKS.
const tlsHandshake = 22

// Write writes as the connection does. With TLS the way is open, and the proxy
// has no more to say: the handshake has a bound of its own.
func (c *proxyConn) Write(p []byte) (int, error) {
	if len(p) > 0 && p[0] == tlsHandshake {
		c.wait.finish()
	}
	return c.Conn.Write(p)
}
