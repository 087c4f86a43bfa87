package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
)

// ErrProxyAddress says that the environment names a proxy by what is no address
// of one. Errors name the variable, and do not repeat what it holds: there may be
// a password in it.
var ErrProxyAddress = errors.New("the environment's proxy has no valid address")

// errSilentProxy says that a proxy was asked for a way, and said nothing.
var errSilentProxy = errors.New("the proxy does not answer")

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

// proxyError makes a [ProxyError] of what is one of a SOCKS proxy.
func proxyError(err error) error {
	var op *net.OpError
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
